/* The types that the section tracing alone has. */
#include "common/base/memory.h"
#include "common/config/option.h"
#include "common/config/value.h"

#include <string.h>

static char **text_field(const struct option *option, void *target) {
    return (char **)(void *)((char *)target + option->offset);
}

static const char *text_content(const struct option *option, const void *target) {
    return *(const char *const *)(const void *)((const char *)target + option->offset);
}

static bool equal_text(const struct option *option, const void *a, const void *b) {
    const char *text = text_content(option, a);
    const char *other = text_content(option, b);

    return text == other || (text != NULL && other != NULL && strcmp(text, other) == 0);
}

static void release_text(const struct option *option, void *target) {
    memory_free_secret(*text_field(option, target));
    *text_field(option, target) = NULL;
}

static bool is_text(const struct option *option, const struct yaml_node *node,
                    struct error *error) {
    return node->kind == YAML_TEXT || option_refuse(option, node, "is not a single value", error);
}

/* ---- Where spans go ---- */

static bool read_endpoint_url(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    if (!is_text(option, node, error))
        return false;
    if (!value_is_base_url(node->text))
        return option_refuse(option, node, "is not a URL", error);
    if (strchr(strstr(node->text, "://") + 3, '/') == NULL)
        return option_refuse(option, node, "has no path", error);
    *text_field(option, target) = memory_copy_text(node->text);
    return true;
}

static void expect_endpoint_url(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "a URL with its path such as %s", option->example);
}

const struct option_type option_endpoint_url = {read_endpoint_url, expect_endpoint_url, equal_text,
                                                release_text};

/* ---- What a header holds ---- */

static bool read_header_value(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    if (!is_text(option, node, error))
        return false;
    size_t size = strlen(node->text);
    if (size == 0 || (int64_t)size > option->maximum)
        return option_refuse(option, node, size == 0 ? "is empty" : "is too long", error);
    for (const char *at = node->text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            return option_refuse(option, node, "cannot stand in a header", error);
    *text_field(option, target) = memory_copy_text(node->text);
    return true;
}

static void expect_header_value(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "printable ASCII such as %s", option->example);
}

const struct option_type option_header_value = {read_header_value, expect_header_value, equal_text,
                                                release_text};

/* ---- How many of all ---- */

static double *ratio_field(const struct option *option, void *target) {
    return (double *)(void *)((char *)target + option->offset);
}

static bool read_ratio(const struct option *option, const struct yaml_node *node, void *target,
                       struct error *error) {
    return is_text(option, node, error) &&
           (value_ratio_parse(node->text, ratio_field(option, target)) ||
            option_refuse(option, node, "is not a ratio", error));
}

static void expect_ratio(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "a decimal number from 0 to 1");
}

static bool equal_ratio(const struct option *option, const void *a, const void *b) {
    return memcmp((const char *)a + option->offset, (const char *)b + option->offset,
                  sizeof(double)) == 0;
}

const struct option_type option_ratio = {read_ratio, expect_ratio, equal_ratio, NULL};
