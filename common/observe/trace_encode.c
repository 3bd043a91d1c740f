#include "common/observe/trace_encode.h"

#include <inttypes.h>

enum { STATUS_ERROR = 2, FLAG_SAMPLED = 1 };

static void append_text_member(const char *name, const char *text, struct buffer *out) {
    buffer_append_format(out, "\"%s\":", name);
    buffer_append_json_text(out, slice_of(text));
}

static void append_attribute(const struct trace_attribute *attribute, bool is_first,
                             struct buffer *out) {
    buffer_append_text(out, is_first ? "{\"key\":\"" : ",{\"key\":\"");
    buffer_append_text(out, attribute->name);
    buffer_append_text(out, "\",\"value\":{");
    if (attribute->text.data == NULL) {
        buffer_append_format(out, "\"intValue\":\"%" PRId64 "\"", attribute->number);
    } else {
        buffer_append_text(out, "\"stringValue\":");
        buffer_append_json_text(out, attribute->text);
    }
    buffer_append_text(out, "}}");
}

static void append_attributes(const struct trace_attribute *attributes, const char *error,
                              struct buffer *out) {
    const struct trace_attribute error_type = trace_text("error.type", error);
    bool is_first = true;

    buffer_append_text(out, "\"attributes\":[");
    for (; attributes->name != NULL; attributes++) {
        if (attributes->name[0] == '\0')
            continue;
        append_attribute(attributes, is_first, out);
        is_first = false;
    }
    if (error != NULL)
        append_attribute(&error_type, is_first, out);
    buffer_append_byte(out, ']');
}

static void append_id(const char *name, const unsigned char *id, size_t count, struct buffer *out) {
    char hex[2 * TRACE_ID_BYTES + 1];

    trace_context_hex(id, count, hex);
    buffer_append_text(out, name);
    buffer_append(out, (struct slice){.data = hex, .size = 2 * count});
    buffer_append_text(out, "\",");
}

void trace_encode_span(const struct trace_span *span, int64_t ended_ns,
                       const struct trace_facts *facts, struct buffer *out) {
    buffer_append_byte(out, '{');
    append_id("\"traceId\":\"", span->context.trace_id, TRACE_ID_BYTES, out);
    append_id("\"spanId\":\"", span->context.span_id, TRACE_SPAN_ID_BYTES, out);
    if (span->has_parent)
        append_id("\"parentSpanId\":\"", span->parent_id, TRACE_SPAN_ID_BYTES, out);
    buffer_append_format(out, "\"flags\":%d,", FLAG_SAMPLED);
    append_text_member("name", facts->name, out);
    buffer_append_format(out,
                         ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRId64
                         "\",\"endTimeUnixNano\":\"%" PRId64 "\",",
                         (int)facts->kind, span->started_ns, ended_ns);
    append_attributes(facts->attributes, facts->error, out);
    if (facts->error != NULL) {
        buffer_append_format(out, ",\"status\":{\"code\":%d", STATUS_ERROR);
        if (facts->message != NULL) {
            buffer_append_byte(out, ',');
            append_text_member("message", facts->message, out);
        }
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, '}');
}

void trace_encode_request(const struct trace_resource *resource, struct slice spans,
                          struct buffer *out) {
    const struct trace_attribute attributes[] = {
        trace_text("service.namespace", "columba"),
        trace_text("service.name", resource->service),
        trace_text("service.version", COLUMBA_VERSION),
        trace_text("service.instance.id", resource->instance),
        {.name = NULL},
    };

    buffer_append_text(out, "{\"resourceSpans\":[{\"resource\":{");
    append_attributes(attributes, NULL, out);
    buffer_append_text(out, "},\"scopeSpans\":[{\"scope\":{\"name\":\"columba\",");
    append_text_member("version", COLUMBA_VERSION, out);
    buffer_append_text(out, "},\"spans\":[");
    buffer_append(out, spans);
    buffer_append_text(out, "]}]}]}");
}
