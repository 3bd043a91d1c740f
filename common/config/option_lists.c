/* The types that are lists. */
#include "common/base/address.h"
#include "common/base/memory.h"
#include "common/base/network.h"
#include "common/config/config.h"
#include "common/config/option_parts.h"
#include "common/config/value.h"

#include <stdlib.h>
#include <string.h>

static bool read_name_list(const struct option *option, const struct yaml_node *node, void *target,
                           struct error *error) {
    struct text_list *list = option_field(option, target);

    if (!option_need_list(option, node, error))
        return false;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = &node->children[i];
        if (!option_need_text(option, item, error))
            return false;
        if (!value_is_name(item->text) || !option_in_bounds(option, (int64_t)strlen(item->text)))
            return option_refuse(option, item, "is not a name", error);
        list->items[list->count++] = memory_copy_text(item->text);
    }
    return true;
}

static void expect_name_list(const struct option *option, struct buffer *out) {
    buffer_append_format(out, "a list of at most %d names, each of ", CONFIG_LIST_MAX);
    option_name.expect(option, out);
}

static void release_name_list(const struct option *option, void *target) {
    struct text_list *list = option_field(option, target);

    while (list->count > 0)
        free(list->items[--list->count]);
}

static bool equal_name_list(const struct option *option, const void *a, const void *b) {
    const struct text_list *list = option_content(option, a);
    const struct text_list *other = option_content(option, b);
    bool equal = list->count == other->count;

    for (size_t i = 0; equal && i < list->count; i++)
        equal = strcmp(list->items[i], other->items[i]) == 0;
    return equal;
}

const struct option_type option_name_list = {read_name_list, expect_name_list, equal_name_list,
                                             release_name_list};

/* One address alone is a list of one. */
static bool read_address_list(const struct option *option, const struct yaml_node *node,
                              void *target, struct error *error) {
    struct text_list *list = option_field(option, target);
    const bool is_list = node->kind == YAML_LIST && node->count > 0;
    const struct yaml_node *items = is_list ? node->children : node;
    char host[ADDRESS_HOST_SIZE];
    int port = 0;

    if (is_list && !option_need_list(option, node, error))
        return false;
    for (size_t i = 0; i < (is_list ? node->count : 1); i++) {
        if (!option_split_address(option, &items[i], host, &port, error))
            return false;
        list->items[list->count++] = memory_copy_text(items[i].text);
    }
    return true;
}

static void expect_address_list(const struct option *option, struct buffer *out) {
    option_address.expect(option, out);
    buffer_append_format(out, ", or a list of at most %d of them", CONFIG_LIST_MAX);
}

const struct option_type option_address_list = {read_address_list, expect_address_list,
                                                equal_name_list, release_name_list};

/* A list that ends with NULL. What was read before a mistake is freed with the app. */
static bool read_text_list(const struct option *option, const struct yaml_node *node, void *target,
                           bool (*is_fit)(const char *text), const char *fault,
                           struct error *error) {
    if (!option_need_list(option, node, error))
        return false;
    char **list = memory_new_array(node->count + 1, sizeof *list);
    *(char ***)option_field(option, target) = list;
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *item = &node->children[i];
        if (!option_need_text(option, item, error))
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
