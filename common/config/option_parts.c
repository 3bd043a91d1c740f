#include "common/config/option_parts.h"

#include "common/base/memory.h"
#include "common/config/config.h"

#include <string.h>

bool option_need_text(const struct option *option, const struct yaml_node *node,
                      struct error *error) {
    return node->kind == YAML_TEXT || option_refuse(option, node, "is not a single value", error);
}

bool option_need_list(const struct option *option, const struct yaml_node *node,
                      struct error *error) {
    if (node->kind != YAML_LIST)
        return option_refuse(option, node, "is not a list", error);
    if (node->count > CONFIG_LIST_MAX)
        return option_refuse(option, node, "has too many members", error);
    return true;
}

bool option_in_bounds(const struct option *option, int64_t number) {
    return option->maximum == 0 || (number >= option->minimum && number <= option->maximum);
}

bool option_split_address(const struct option *option, const struct yaml_node *node,
                          char host[ADDRESS_HOST_SIZE], int *port, struct error *error) {
    if (!option_need_text(option, node, error))
        return false;
    if (!address_split(node->text, host, ADDRESS_HOST_SIZE, port) ||
        !option_in_bounds(option, *port))
        return option_refuse(option, node, "is not an address", error);
    return true;
}

bool option_equal_text(const struct option *option, const void *a, const void *b) {
    const char *text = *(const char *const *)option_content(option, a);
    const char *other = *(const char *const *)option_content(option, b);

    return text == other || (text != NULL && other != NULL && strcmp(text, other) == 0);
}

void option_release_text(const struct option *option, void *target) {
    char **text = option_field(option, target);

    memory_free_secret(*text);
    *text = NULL;
}
