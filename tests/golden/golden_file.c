#include "golden_file.h"

#include "common/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_LIMIT = 80, SHORTENED_RUN_MIN = 24 };

static bool read_text(const char *path, struct buffer *out) {
    char block[4096];
    size_t got = 0;
    FILE *file = fopen(path, "rb");

    if (file == NULL) {
        perror(path);
        return false;
    }
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        buffer_append(out, (struct slice){.data = block, .size = got});
    fclose(file);
    return true;
}

static void expand_runs(const char *text, struct buffer *out) {
    const char *open = NULL;

    while ((open = strstr(text, "<<")) != NULL) {
        const char *star = strstr(open, "*");
        char *end = NULL;
        const unsigned long count = star == NULL ? 0 : strtoul(star + 1, &end, 10);
        buffer_append(out, (struct slice){.data = text, .size = (size_t)(open - text)});
        text = open;
        if (end == NULL || strncmp(end, ">>", 2) != 0)
            break;
        for (unsigned long i = 0; i < count; i++)
            buffer_append(out, (struct slice){.data = open + 2, .size = (size_t)(star - open - 2)});
        text = end + 2;
    }
    buffer_append_text(out, text);
}

static void shorten_runs(struct slice text, struct buffer *out) {
    for (size_t i = 0; i < text.size;) {
        const struct slice rest = {.data = text.data + i, .size = text.size - i};
        const size_t length = slice_utf8_sequence(rest);
        size_t count = 1;
        while ((count + 1) * length <= rest.size &&
               memcmp(rest.data, rest.data + count * length, length) == 0)
            count++;
        if (count >= SHORTENED_RUN_MIN && rest.data[0] != ' ' && rest.data[0] != '\\')
            buffer_append_format(out, "<<%.*s*%zu>>", (int)length, rest.data, count);
        else
            buffer_append(out, (struct slice){.data = rest.data, .size = count * length});
        i += count * length;
    }
}

struct json_object *golden_file_read(const char *path, struct json_object **written) {
    struct buffer text = {0};
    struct buffer expanded = {0};
    struct json_object *tree = NULL;

    *written = NULL;
    if (read_text(path, &text)) {
        expand_runs(buffer_text(&text), &expanded);
        tree = json_parse(buffer_slice(&expanded), DEPTH_LIMIT, NULL);
        *written = json_parse(buffer_slice(&text), DEPTH_LIMIT, NULL);
        if (tree == NULL || *written == NULL)
            fprintf(stderr, "%s: is not JSON\n", path);
    }
    buffer_free(&text);
    buffer_free(&expanded);
    return tree;
}

bool golden_file_write(const char *path, struct json_object *written) {
    const char *pretty =
        json_object_to_json_string_ext(written, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE);
    struct buffer text = {0};
    FILE *file = fopen(path, "wb");
    bool done = file != NULL;

    shorten_runs(slice_of(pretty), &text);
    buffer_append_byte(&text, '\n');
    if (done) {
        done = fwrite(text.data, 1, text.size, file) == text.size;
        done = fclose(file) == 0 && done;
    }
    if (!done)
        perror(path);
    buffer_free(&text);
    return done;
}
