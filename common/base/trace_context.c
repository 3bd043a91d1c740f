#include "common/base/trace_context.h"

#include <string.h>

enum {
    VERSION_AT = 0,
    TRACE_ID_AT = 3,
    SPAN_ID_AT = 36,
    FLAGS_AT = 53,
    TEXT_BYTES = TRACE_CONTEXT_TEXT_SIZE - 1,
    VERSION_INVALID = 0xFF,
    FLAG_SAMPLED = 1,
    FLAG_RANDOM = 2,
    CHOICE_BYTES = 7, /* what Level 2 calls random, and OpenTelemetry's samplers compare */
    CHOICE_BITS = 53, /* of them, as many as a double tells apart */
};

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_hex(const char *text, size_t count, unsigned char *out) {
    for (size_t i = 0; i < count; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool is_zero(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static bool has_dash(struct slice text, size_t at) {
    return text.data[at] == '-';
}

bool trace_context_parse(struct slice text, struct trace_context *out) {
    struct trace_context context;
    unsigned char version = 0;
    unsigned char flags = 0;

    if (text.size < TEXT_BYTES || !read_hex(text.data + VERSION_AT, 1, &version) ||
        version == VERSION_INVALID)
        return false;
    if (text.size > TEXT_BYTES && (version == 0 || !has_dash(text, TEXT_BYTES)))
        return false;
    if (!has_dash(text, TRACE_ID_AT - 1) || !has_dash(text, SPAN_ID_AT - 1) ||
        !has_dash(text, FLAGS_AT - 1))
        return false;
    if (!read_hex(text.data + TRACE_ID_AT, TRACE_ID_BYTES, context.trace_id) ||
        !read_hex(text.data + SPAN_ID_AT, TRACE_SPAN_ID_BYTES, context.span_id) ||
        !read_hex(text.data + FLAGS_AT, 1, &flags))
        return false;
    if (is_zero(context.trace_id, TRACE_ID_BYTES) || is_zero(context.span_id, TRACE_SPAN_ID_BYTES))
        return false;
    context.is_sampled = (flags & FLAG_SAMPLED) != 0;
    context.is_random = (flags & FLAG_RANDOM) != 0;
    *out = context;
    return true;
}

void trace_context_hex(const unsigned char *bytes, size_t count, char *out) {
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * count] = '\0';
}

void trace_context_format(const struct trace_context *context, char out[TRACE_CONTEXT_TEXT_SIZE]) {
    const unsigned char flags = (unsigned char)((context->is_sampled ? FLAG_SAMPLED : 0) |
                                                (context->is_random ? FLAG_RANDOM : 0));

    memcpy(out, "00-", TRACE_ID_AT);
    trace_context_hex(context->trace_id, TRACE_ID_BYTES, out + TRACE_ID_AT);
    out[SPAN_ID_AT - 1] = '-';
    trace_context_hex(context->span_id, TRACE_SPAN_ID_BYTES, out + SPAN_ID_AT);
    out[FLAGS_AT - 1] = '-';
    trace_context_hex(&flags, 1, out + FLAGS_AT);
}

/* An id of nothing but zeros is none. */
static void take_id(unsigned char *id, const unsigned char *random, size_t count) {
    memcpy(id, random, count);
    if (is_zero(id, count))
        id[count - 1] = 1;
}

void trace_context_mint(const unsigned char random[TRACE_RANDOM_BYTES], struct trace_context *out) {
    *out = (struct trace_context){.is_random = true};
    take_id(out->trace_id, random, TRACE_ID_BYTES);
    take_id(out->span_id, random + TRACE_ID_BYTES, TRACE_SPAN_ID_BYTES);
}

void trace_context_span(const struct trace_context *parent,
                        const unsigned char random[TRACE_SPAN_ID_BYTES],
                        struct trace_context *out) {
    *out = *parent;
    take_id(out->span_id, random, TRACE_SPAN_ID_BYTES);
}

bool trace_context_is_chosen(const struct trace_context *context, double ratio) {
    uint64_t number = 0;

    for (size_t i = TRACE_ID_BYTES - CHOICE_BYTES; i < TRACE_ID_BYTES; i++)
        number = number << 8 | context->trace_id[i];
    number >>= 8 * CHOICE_BYTES - CHOICE_BITS;
    return (double)number < ratio * (double)(UINT64_C(1) << CHOICE_BITS);
}
