#include "common/base/address.h"
#include "common/base/memory.h"
#include "common/base/network.h"
#include "common/config/config.h"
#include "common/config/option.h"
#include "common/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *field(const struct option *option, void *target) {
    return (char *)target + option->offset;
}

static const void *content(const struct option *option, const void *target) {
    return (const char *)target + option->offset;
}

static bool need_text(const struct option *option, const struct yaml_node *node,
                      struct error *error) {
    return node->kind == YAML_TEXT || option_refuse(option, node, "is not a single value", error);
}

static bool in_bounds(const struct option *option, int64_t number) {
    return option->maximum == 0 || (number >= option->minimum && number <= option->maximum);
}

/* ---- Texts ---- */

static bool keep_text(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    if (!in_bounds(option, (int64_t)strlen(node->text)))
        return option_refuse(option, node, node->text[0] == '\0' ? "is empty" : "is too long",
                             error);
    *(char **)field(option, target) = memory_copy_text(node->text);
    return true;
}

static void release_text(const struct option *option, void *target) {
    char **text = field(option, target);

    memory_free_secret(*text);
    *text = NULL;
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool equal_text(const struct option *option, const void *a, const void *b) {
    const char *const *text = content(option, a);
    const char *const *other = content(option, b);

    return same_text(*text, *other);
}

static bool read_text(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    return need_text(option, node, error) && keep_text(option, node, target, error);
}

static void expect_text(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "text%s%s", option->example == NULL ? "" : " such as ",
                         option->example == NULL ? "" : option->example);
}

const struct option_type option_text = {read_text, expect_text, equal_text, release_text};

static bool is_name(const struct option *option, const struct yaml_node *node,
                    struct error *error) {
    return need_text(option, node, error) &&
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

const struct option_type option_name = {read_name, expect_name, equal_text, release_text};

static bool read_base_url(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    if (!need_text(option, node, error))
        return false;
    if (!value_is_base_url(node->text))
        return option_refuse(option, node, "is not a base URL", error);
    if (strncmp(node->text, "http:", strlen("http:")) == 0)
        yaml_warn(node, "config_url_is_not_secret",
                  "http shows credentials and content on the way: use https outside of tests");
    size_t size = strlen(node->text);
    while (node->text[size - 1] == '/')
        size--;
    *(char **)field(option, target) =
        memory_copy_slice((struct slice){.data = node->text, .size = size});
    return true;
}

static void expect_base_url(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "https://host, with port and path if need be");
}

const struct option_type option_base_url = {read_base_url, expect_base_url, equal_text,
                                            release_text};

static bool read_proxy(const struct option *option, const struct yaml_node *node, void *target,
                       struct error *error) {
    struct buffer proxy = {0};

    if (!need_text(option, node, error))
        return false;
    bool is_none = strcmp(node->text, "none") == 0;
    bool done = is_none || value_proxy_parse(node->text, &proxy) ||
                option_refuse(option, node, "is not a proxy", error);
    if (done)
        *(char **)field(option, target) = memory_copy_text(buffer_text(&proxy));
    buffer_free_secret(&proxy);
    return done;
}

static void expect_proxy(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_text(out, "http://host:port, with user:password@ before the host if need be, "
                            "or none");
}

const struct option_type option_proxy = {read_proxy, expect_proxy, equal_text, release_text};

/* ---- Addresses ---- */

static bool split_address(const struct option *option, const struct yaml_node *node,
                          char host[ADDRESS_HOST_SIZE], int *port, struct error *error) {
    if (!need_text(option, node, error))
        return false;
    if (!address_split(node->text, host, ADDRESS_HOST_SIZE, port) || !in_bounds(option, *port))
        return option_refuse(option, node, "is not an address", error);
    return true;
}

static bool read_address(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (!split_address(option, node, host, &port, error))
        return false;
    *(char **)field(option, target) = memory_copy_text(node->text);
    return true;
}

static bool read_endpoint(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (!split_address(option, node, host, &port, error))
        return false;
    *(char **)field(option, target) = memory_copy_text(host);
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

    return equal_text(option, a, b) && *port == *other;
}

const struct option_type option_address = {read_address, expect_address, equal_text, release_text};
const struct option_type option_endpoint = {read_endpoint, expect_address, equal_endpoint,
                                            release_text};

/* ---- Numbers ---- */

typedef bool parse_number(const char *text, int64_t *out, struct error *error);
typedef void format_number(int64_t number, char out[VALUE_TEXT_SIZE]);

static bool number_of(const struct option *option, const struct yaml_node *node,
                      parse_number *parse, int64_t *out, struct error *error) {
    struct error why;

    if (!need_text(option, node, error))
        return false;
    if (!parse(node->text, out, &why))
        return option_refuse(option, node, why.text, error);
    return in_bounds(option, *out) || option_refuse(option, node, "is out of bounds", error);
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
    int64_t *number = field(option, target);

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
    const int64_t *number = content(option, a);
    const int64_t *other = content(option, b);

    return *number == *other;
}

const struct option_type option_integer = {read_integer, expect_integer, equal_number, NULL};

static bool read_duration(const struct option *option, const struct yaml_node *node, void *target,
                          struct error *error) {
    return number_of(option, node, value_duration_parse, field(option, target), error);
}

static void expect_duration(const struct option *option, struct buffer *out) {
    expect_bounds(option, "a duration", value_duration_format, out);
}

const struct option_type option_duration = {read_duration, expect_duration, equal_number, NULL};

static bool read_size(const struct option *option, const struct yaml_node *node, void *target,
                      struct error *error) {
    return number_of(option, node, value_size_parse, field(option, target), error);
}

static void expect_size(const struct option *option, struct buffer *out) {
    expect_bounds(option, "a size", value_size_format, out);
}

const struct option_type option_size = {read_size, expect_size, equal_number, NULL};

/* ---- Booleans and choices ---- */

static bool read_boolean(const struct option *option, const struct yaml_node *node, void *target,
                         struct error *error) {
    struct error why;

    if (!need_text(option, node, error))
        return false;
    return value_boolean_parse(node->text, field(option, target), &why) ||
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
    unsigned *chosen = field(option, target);

    if (!need_text(option, node, error))
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
    const unsigned *chosen = content(option, a);
    const unsigned *other = content(option, b);

    return *chosen == *other;
}

const struct option_type option_choice = {read_choice, expect_choice, equal_choice, NULL};

/* ---- Lists ---- */

static bool need_list(const struct option *option, const struct yaml_node *node,
                      struct error *error) {
    if (node->kind != YAML_LIST)
        return option_refuse(option, node, "is not a list", error);
    if (node->count > CONFIG_LIST_MAX)
        return option_refuse(option, node, "has too many members", error);
    return true;
}

static bool read_name_list(const struct option *option, const struct yaml_node *node, void *target,
                           struct error *error) {
    struct text_list *list = field(option, target);

    if (!need_list(option, node, error))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = &node->children[i];
        if (!is_name(option, item, error))
            return false;
        if (!in_bounds(option, (int64_t)strlen(item->text)))
            return option_refuse(option, item, "is not a name", error);
        list->items[list->count++] = memory_copy_text(item->text);
    }
    return true;
}

static void expect_name_list(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "a list of at most %d names, each of ", CONFIG_LIST_MAX);
    expect_name(option, out);
}

static void release_name_list(const struct option *option, void *target) {
    struct text_list *list = field(option, target);

    while (list->count > 0)
        free(list->items[--list->count]);
}

static bool equal_name_list(const struct option *option, const void *a, const void *b) {
    const struct text_list *list = content(option, a);
    const struct text_list *other = content(option, b);
    bool equal = list->count == other->count;

    for (size_t i = 0; equal && i < list->count; i++)
        equal = same_text(list->items[i], other->items[i]);
    return equal;
}

const struct option_type option_name_list = {read_name_list, expect_name_list, equal_name_list,
                                             release_name_list};

/* One address alone is a list of one. */
static bool read_address_list(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    struct text_list *list = field(option, target);
    const bool is_list = node->kind == YAML_LIST && node->count > 0;
    const struct yaml_node *items = is_list ? node->children : node;
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (is_list && !need_list(option, node, error))
        return false;
    for (size_t i = 0; i < (is_list ? node->count : 1); i++) {
        if (!split_address(option, &items[i], host, &port, error))
            return false;
        list->items[list->count++] = memory_copy_text(items[i].text);
    }
    return true;
}

static void expect_address_list(const struct option *option, struct buffer *out) {
    expect_address(option, out);
    buffer_append_format(out, ", or a list of at most %d of them", CONFIG_LIST_MAX);
}

const struct option_type option_address_list = {read_address_list, expect_address_list,
                                                equal_name_list, release_name_list};

/* A list that ends with NULL. What was read before a mistake is freed with the app. */
static bool read_text_list(const struct option *option, const struct yaml_node *node, void *target,
                           bool (*is_fit)(const char *text), const char *fault,
                           struct error *error) {
    if (!need_list(option, node, error))
        return false;
    char **list = memory_new_array(node->count + 1, sizeof *list);
    *(char ***)field(option, target) = list;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = &node->children[i];
        if (!need_text(option, item, error))
            return false;
        if (!is_fit(item->text))
            return option_refuse(option, item, fault, error);
        list[i] = memory_copy_text(item->text);
    }
    return true;
}

static bool is_network(const char *text) {
    struct network network;

    return network_cidr_parse(slice_of(text), &network);
}

static bool read_network_list(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    return read_text_list(option, node, target, is_network, "is not a network", error);
}

static void expect_network_list(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_format(out, "a list of at most %d networks such as 10.0.0.0/8 or fd00::/8",
                         CONFIG_LIST_MAX);
}

const struct option_type option_network_list = {read_network_list, expect_network_list, NULL, NULL};

static bool is_host_glob(const char *text) {
    return text[0] != '\0' && strlen(text) < ADDRESS_HOST_SIZE && strchr(text, '/') == NULL;
}

static bool read_host_list(const struct option *option, const struct yaml_node *node, void *target,
                           struct error *error) {
    return read_text_list(option, node, target, is_host_glob, "is not a host", error);
}

static void expect_host_list(const struct option *option, struct buffer *out) {
    (void)option;
    buffer_append_format(out, "a list of at most %d hosts, or globs with * and ?", CONFIG_LIST_MAX);
}

const struct option_type option_host_list = {read_host_list, expect_host_list, NULL, NULL};

static bool read_duration_list(const struct option *option, const struct yaml_node *node,
                               void *target, struct error *error) {
    struct duration_list *list = field(option, target);

    if (!need_list(option, node, error))
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
    const struct duration_list *list = content(option, a);
    const struct duration_list *other = content(option, b);

    return list->count == other->count &&
           memcmp(list->items_ms, other->items_ms, list->count * sizeof list->items_ms[0]) == 0;
}

const struct option_type option_duration_list = {read_duration_list, expect_duration_list,
                                                 equal_duration_list, NULL};
