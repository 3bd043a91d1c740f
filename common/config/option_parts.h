/* What the types of options are made of. For those who define types alone. */
#ifndef COLUMBA_CONFIG_OPTION_PARTS_H
#define COLUMBA_CONFIG_OPTION_PARTS_H

#include "common/base/address.h"
#include "common/config/option.h"

/* Where the row's value is. */
static inline void *option_field(const struct option *option, void *target) {
    return (char *)target + option->offset;
}

static inline const void *option_content(const struct option *option, const void *target) {
    return (const char *)target + option->offset;
}

/* Refuse what is no single value; what is no list, or has more than CONFIG_LIST_MAX members. */
bool option_need_text(const struct option *option, const struct yaml_node *node,
                      struct error *error);
bool option_need_list(const struct option *option, const struct yaml_node *node,
                      struct error *error);

/* Whether the number, or the length, is one that the row allows. */
bool option_in_bounds(const struct option *option, int64_t number);

/* Refuses what is no host:port, or has a port that the row does not allow. */
bool option_split_address(const struct option *option, const struct yaml_node *node,
                          char host[ADDRESS_HOST_SIZE], int *port, struct error *error);

/* is_equal and release of a char *, which may be NULL and is wiped. */
bool option_equal_text(const struct option *option, const void *a, const void *b);
void option_release_text(const struct option *option, void *target);

#endif
