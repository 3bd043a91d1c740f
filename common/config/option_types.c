#include "common/base/address.h"
#include "common/base/memory.h"
#include "common/config/config.h"
#include "common/config/option_parts.h"
#include "common/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Texts ---- */

static bool keep_text(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    if (!option_in_bounds(option, (int64_t)strlen(node->text)))
        return option_refuse(option, node, node->text[0] == '\0' ? "is empty" : "is too long",
                             error);
    *(char **)option_field(option, target) = memory_copy_text(node->text);
    return true;
}

static bool read_text(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    return option_need_text(option, node, error) && keep_text(option, node, target, error);
}

static void expect_text(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "text%s%s", option->example == NULL ? "" : " such as ",
                         option->example == NULL ? "" : option->example);
}

const struct option_type option_text = {read_text, expect_text, option_equal_text,
                                        option_release_text};

static bool is_name(const struct option *option, const struct yaml_node *node,
                    struct error *error) {
    return option_need_text(option, node, error) &&
           (value_is_name(node->text) || option_refuse(option, node, "is not a name", error));
}

static bool read_name(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    return is_name(option, node, error) && keep_text(option, node, target, error);
}

static void expect_name(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "letters, digits, '.', '_', '-', at most %lld",
                         (long long)option->maximum);
}

const struct option_type option_name = {read_name, expect_name, option_equal_text,
                                        option_release_text};

static bool read_base_url(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    if (!option_need_text(option, node, error))
        return false;
    if (!value_is_base_url(node->text))
        return option_refuse(option, node, "is not a base URL", error);
    if (strncmp(node->text, "http:", strlen("http:")) == 0)
        yaml_warn(node, "config_url_is_not_secret",
                  "http shows credentials and content on the way: use https outside of tests");
    size_t size = strlen(node->text);
    while (node->text[size - 1] == '/')
        size--;
    *(char **)option_field(option, target) =
        memory_copy_slice((struct slice){.data = node->text, .size = size});
    return true;
}

static void expect_base_url(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "https://host, with port and path if need be");
}

const struct option_type option_base_url = {read_base_url, expect_base_url, option_equal_text,
                                            option_release_text};

static bool read_proxy(const struct option *option, const struct yaml_node *node, void *target,
                       struct error *error) {
    struct buffer proxy = {0};

    if (!option_need_text(option, node, error))
        return false;
    bool is_none = strcmp(node->text, "none") == 0;
    bool done = is_none || value_proxy_parse(node->text, &proxy) ||
                option_refuse(option, node, "is not a proxy", error);
    if (done)
        *(char **)option_field(option, target) = memory_copy_text(buffer_text(&proxy));
    buffer_free_secret(&proxy);
    return done;
}

static void expect_proxy(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "http://host:port, with user:password@ before the host if need be, "
                            "or none");
}

const struct option_type option_proxy = {read_proxy, expect_proxy, option_equal_text,
                                         option_release_text};

/* ---- Addresses ---- */

static bool read_address(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (!option_split_address(option, node, host, &port, error))
        return false;
    *(char **)option_field(option, target) = memory_copy_text(node->text);
    return true;
}

static bool read_endpoint(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (!option_split_address(option, node, host, &port, error))
        return false;
    *(char **)option_field(option, target) = memory_copy_text(host);
    *(int64_t *)(void *)((char *)target + option->port_offset) = port;
    return true;
}

static void expect_address(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "host:port or \"[IPv6 address]:port\"");
}

static bool equal_endpoint(const struct option *option, const void *a, const void *b) {
    const int64_t *port = (const void *)((const char *)a + option->port_offset);
    const int64_t *other = (const void *)((const char *)b + option->port_offset);

    return option_equal_text(option, a, b) && *port == *other;
}

const struct option_type option_address = {read_address, expect_address, option_equal_text,
                                           option_release_text};
const struct option_type option_endpoint = {read_endpoint, expect_address, equal_endpoint,
                                            option_release_text};

/* ---- Numbers ---- */

typedef bool parse_number(const char *text, int64_t *out, struct error *error);
typedef void format_number(int64_t number, char out[VALUE_TEXT_SIZE]);

static bool number_of(const struct option *option, const struct yaml_node *node,
                      parse_number *parse, int64_t *out, struct error *error) {
    struct error why;

    if (!option_need_text(option, node, error))
        return false;
    if (!parse(node->text, out, &why))
        return option_refuse(option, node, why.text, error);
    return option_in_bounds(option, *out) || option_refuse(option, node, "is out of bounds", error);
}

static void expect_bounds(const struct option *option, const char *what, format_number *format,
                          struct buffer *out) {
    char minimum[VALUE_TEXT_SIZE];
    char maximum[VALUE_TEXT_SIZE];

    format(option->minimum, minimum);
    format(option->maximum, maximum);
    buffer_append_format(out, "%s from %s to %s", what, minimum, maximum);
}

static bool read_integer(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    int64_t *number = option_field(option, target);

    if (option->zero_word != NULL && node->kind == YAML_TEXT &&
        strcmp(node->text, option->zero_word) == 0) {
        *number = 0;
        return true;
    }
    return number_of(option, node, value_integer_parse, number, error);
}

static void format_integer(int64_t number, char out[VALUE_TEXT_SIZE]) {
    snprintf(out, VALUE_TEXT_SIZE, "%lld", (long long)number);
}

static void expect_integer(const struct option *option, struct buffer *out) {
    if (option->zero_word != NULL)
        buffer_append_format(out, "%s or ", option->zero_word);
    expect_bounds(option, "a number", format_integer, out);
}

static bool equal_number(const struct option *option, const void *a, const void *b) {
    const int64_t *number = option_content(option, a);
    const int64_t *other = option_content(option, b);

    return *number == *other;
}

const struct option_type option_integer = {read_integer, expect_integer, equal_number, NULL};

static bool read_duration(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    return number_of(option, node, value_duration_parse, option_field(option, target), error);
}

static void expect_duration(const struct option *option, struct buffer *out) {
    expect_bounds(option, "a duration", value_duration_format, out);
}

const struct option_type option_duration = {read_duration, expect_duration, equal_number, NULL};

static bool read_size(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    return number_of(option, node, value_size_parse, option_field(option, target), error);
}

static void expect_size(const struct option *option, struct buffer *out) {
    expect_bounds(option, "a size", value_size_format, out);
}

const struct option_type option_size = {read_size, expect_size, equal_number, NULL};

static bool read_duration_list(const struct option *option, const struct yaml_node *node,
                               void *target, struct error *error) {
    struct duration_list *list = option_field(option, target);

    if (!option_need_list(option, node, error))
        return false;
    if (node->count == 0)
        return option_refuse(option, node, "is empty", error);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = &node->children[i];
        int64_t ms = 0;
        if (!number_of(option, item, value_duration_parse, &ms, error))
            return false;
        if (i > 0 && ms <= list->items_ms[i - 1])
            return option_refuse(option, item, "is not longer than the one before it", error);
        list->items_ms[list->count++] = ms;
    }
    return true;
}

static void expect_duration_list(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "an ascending list of 1 to %d durations, each ", CONFIG_LIST_MAX);
    expect_bounds(option, "a duration", value_duration_format, out);
}

static bool equal_duration_list(const struct option *option, const void *a, const void *b) {
    const struct duration_list *list = option_content(option, a);
    const struct duration_list *other = option_content(option, b);

    return list->count == other->count &&
           memcmp(list->items_ms, other->items_ms, list->count * sizeof list->items_ms[0]) == 0;
}

const struct option_type option_duration_list = {read_duration_list, expect_duration_list,
                                                 equal_duration_list, NULL};

/* ---- Booleans and choices ---- */

static bool read_boolean(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    struct error why;

    if (!option_need_text(option, node, error))
        return false;
    return value_boolean_parse(node->text, option_field(option, target), &why) ||
           option_refuse(option, node, why.text, error);
}

static void expect_boolean(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "true or false");
}

const struct option_type option_boolean = {read_boolean, expect_boolean, NULL, NULL};

static bool read_choice(const struct option *option, const struct yaml_node *node, void *target,
                        struct error *error) {
    /* The type that every enum without negative values has. */
    unsigned *chosen = option_field(option, target);

    if (!option_need_text(option, node, error))
        return false;
    for (unsigned i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], node->text) == 0) {
            *chosen = i;
            return true;
        }
    }
    return option_refuse(option, node, "is none of the choices", error);
}

static void expect_choice(const struct option *option, struct buffer *out) {
    for (size_t i = 0; option->choices[i] != NULL; i++)
        buffer_append_format(out, "%s%s", i == 0 ? "one of " : ", ", option->choices[i]);
}

static bool equal_choice(const struct option *option, const void *a, const void *b) {
    const unsigned *chosen = option_content(option, a);
    const unsigned *other = option_content(option, b);

    return *chosen == *other;
}

const struct option_type option_choice = {read_choice, expect_choice, equal_choice, NULL};
