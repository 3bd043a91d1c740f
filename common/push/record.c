#include "common/push/record.h"

#include "common/base/memory.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char version_header[] = "columba-version";
static const char id_header[] = "columba-id";
static const char accepted_header[] = "columba-accepted";
static const char attempt_header[] = "columba-attempt";
static const char reason_header[] = "columba-reason";
static const char trace_header[] = "traceparent";

/* The last millisecond of the year 9999: what adds to a time never overflows. */
static const int64_t time_max_ms = INT64_C(253402300799999);

void record_key_write(struct slice app_id, struct slice pushkey, struct buffer *out) {
    buffer_append(out, app_id);
    buffer_append_byte(out, '\0');
    buffer_append(out, pushkey);
}

static bool is_lower_hex(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* Whether the text has the form of the pattern, in which x stands for a lower-case hex digit. */
static bool has_form(struct slice text, const char *pattern) {
    if (text.size != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (pattern[i] == 'x' ? !is_lower_hex(text.data[i]) : text.data[i] != pattern[i])
            return false;
    return true;
}

static bool is_id(struct slice text) {
    return has_form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool is_printable(struct slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

static int64_t read_number(const struct header *headers, size_t count, const char *name,
                           int64_t least, int64_t most) {
    long long number = 0;

    if (!slice_to_int64(header_find(headers, count, name), &number) || number < least ||
        number > most)
        return least;
    return number;
}

static void read_text(const struct header *headers, size_t count, const char *name,
                      bool (*is_valid)(struct slice text), char *out, size_t out_size) {
    struct slice text = header_find(headers, count, name);
    bool taken = text.size > 0 && text.size < out_size && is_valid(text);

    if (taken)
        memcpy(out, text.data, text.size);
    out[taken ? text.size : 0] = '\0';
}

void record_meta_read(const struct header *headers, size_t count, struct record_meta *out) {
    out->version = read_number(headers, count, version_header, 1, INT32_MAX);
    out->accepted_ms = read_number(headers, count, accepted_header, 0, time_max_ms);
    out->attempt = read_number(headers, count, attempt_header, 0, INT32_MAX);
    read_text(headers, count, id_header, is_id, out->id, sizeof out->id);
    out->is_traced = trace_context_parse(header_find(headers, count, trace_header), &out->trace);
    read_text(headers, count, reason_header, is_printable, out->reason, sizeof out->reason);
}

static struct slice format_number(int64_t number, char out[24]) {
    snprintf(out, 24, "%" PRId64, number);
    return slice_of(out);
}

size_t record_meta_write(const struct record_meta *meta, struct record_scratch *scratch,
                         struct header headers[RECORD_HEADERS_MAX]) {
    if (meta->is_traced)
        trace_context_format(&meta->trace, scratch->traceparent);
    const struct {
        const char *name;
        struct slice value;
        bool is_said;
    } rows[] = {
        {version_header, format_number(meta->version, scratch->numbers[0]), true},
        {id_header, slice_of(meta->id), meta->id[0] != '\0'},
        {accepted_header, format_number(meta->accepted_ms, scratch->numbers[1]),
         meta->accepted_ms > 0},
        {attempt_header, format_number(meta->attempt, scratch->numbers[2]), meta->attempt > 0},
        {reason_header, slice_of(meta->reason), meta->reason[0] != '\0'},
        {trace_header,
         {.data = scratch->traceparent, .size = TRACE_CONTEXT_TEXT_SIZE - 1},
         meta->is_traced},
    };
    size_t count = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].is_said)
            headers[count++] = (struct header){.name = rows[i].name, .value = rows[i].value};
    return count;
}

static bool is_ours(const char *name) {
    static const char *const names[] = {version_header, id_header,     accepted_header,
                                        attempt_header, reason_header, trace_header};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

struct header *record_copy_headers(const struct record_meta *meta, struct record_scratch *scratch,
                                   const struct header *headers, size_t count, size_t *out_count) {
    struct header *all = memory_new_array(RECORD_HEADERS_MAX + count, sizeof *all);
    size_t said = record_meta_write(meta, scratch, all);

    for (size_t i = 0; i < count; i++)
        if (!is_ours(headers[i].name))
            all[said++] = headers[i];
    *out_count = said;
    return all;
}

void record_id_format(const unsigned char random[16], char out[RECORD_ID_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (int i = 0; i < 16; i++) {
        unsigned char byte = random[i];
        if (i == 6)
            byte = (unsigned char)(0x40 | (byte & 0x0F));
        if (i == 8)
            byte = (unsigned char)(0x80 | (byte & 0x3F));
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = digits[byte >> 4];
        out[at++] = digits[byte & 15];
    }
    out[at] = '\0';
}
