/* The types that the section tracing alone has. */
#include "common/base/memory.h"
#include "common/config/option_parts.h"
#include "common/config/value.h"

#include <string.h>

/* ---- Where spans go ---- */

static bool read_endpoint_url(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    if (!option_need_text(option, node, error))
        return false;
    if (!value_is_base_url(node->text))
        return option_refuse(option, node, "is not a URL", error);
    if (strchr(strstr(node->text, "://") + 3, '/') == NULL)
        return option_refuse(option, node, "has no path", error);
    *(char **)option_field(option, target) = memory_copy_text(node->text);
    return true;
}

static void expect_endpoint_url(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "a URL with its path such as %s", option->example);
}

const struct option_type option_endpoint_url = {read_endpoint_url, expect_endpoint_url,
                                                option_equal_text, option_release_text};

/* ---- What a header holds ---- */

static bool read_header_value(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    if (!option_need_text(option, node, error))
        return false;
    size_t size = strlen(node->text);
    if (size == 0 || (int64_t)size > option->maximum)
        return option_refuse(option, node, size == 0 ? "is empty" : "is too long", error);
    for (const char *at = node->text; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            return option_refuse(option, node, "cannot stand in a header", error);
    *(char **)option_field(option, target) = memory_copy_text(node->text);
    return true;
}

static void expect_header_value(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "printable ASCII such as %s", option->example);
}

const struct option_type option_header_value = {read_header_value, expect_header_value,
                                                option_equal_text, option_release_text};

/* ---- How many of all ---- */

static bool read_ratio(const struct option *option, const struct yaml_node *node, void *target,
                       struct error *error) {
    return option_need_text(option, node, error) &&
           (value_ratio_parse(node->text, option_field(option, target)) ||
            option_refuse(option, node, "is not a ratio", error));
}

static void expect_ratio(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "a decimal number from 0 to 1");
}

static bool equal_ratio(const struct option *option, const void *a, const void *b) {
    return memcmp(option_content(option, a), option_content(option, b), sizeof(double)) == 0;
}

const struct option_type option_ratio = {read_ratio, expect_ratio, equal_ratio, NULL};
