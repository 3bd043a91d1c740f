#include "common/push/route.h"

#include "common/base/memory.h"
#include "common/base/network.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct route plain_route;

static bool text_equal(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static size_t list_count(char *const *list) {
    size_t count = 0;

    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

static bool list_equal(char *const *a, char *const *b) {
    size_t count = list_count(a);

    if (count != list_count(b))
        return false;
    for (size_t i = 0; i < count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

bool route_equal(const struct route *a, const struct route *b) {
    a = a == NULL ? &plain_route : a;
    b = b == NULL ? &plain_route : b;
    return a == b || (a->is_guarded == b->is_guarded && text_equal(a->ca_file, b->ca_file) &&
                      text_equal(a->proxy, b->proxy) &&
                      text_equal(a->certificate_file, b->certificate_file) &&
                      text_equal(a->certificate_password, b->certificate_password) &&
                      list_equal(a->allowed_networks, b->allowed_networks) &&
                      memcmp(a->identity, b->identity, sizeof a->identity) == 0);
}

bool route_permits(const struct route *route, const struct network_address *address) {
    return !route->is_guarded || network_is_public(address) ||
           network_list_contains(route->allowed_networks, address);
}

static bool ends_with(const char *text, const char *end) {
    size_t size = strlen(text);
    size_t end_size = strlen(end);

    return size >= end_size && strcasecmp(text + size - end_size, end) == 0;
}

bool route_has_pkcs12(const struct route *route) {
    const char *path = route->certificate_file;

    return path != NULL && (ends_with(path, ".p12") || ends_with(path, ".pfx"));
}

static char *copy_text(const char *text) {
    return text == NULL ? NULL : memory_copy_text(text);
}

static char **copy_list(char *const *list) {
    if (list == NULL)
        return NULL;
    size_t count = list_count(list);
    char **copy = memory_new_array(count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = memory_copy_text(list[i]);
    return copy;
}

struct route route_copy(const struct route *route) {
    if (route == NULL)
        route = &plain_route;
    struct route copy = {.ca_file = copy_text(route->ca_file),
                         .proxy = copy_text(route->proxy),
                         .certificate_file = copy_text(route->certificate_file),
                         .certificate_password = copy_text(route->certificate_password),
                         .is_guarded = route->is_guarded,
                         .allowed_networks = copy_list(route->allowed_networks)};

    memcpy(copy.identity, route->identity, sizeof copy.identity);
    return copy;
}

void route_release(struct route *route) {
    free(route->ca_file);
    memory_free_secret(route->proxy);
    free(route->certificate_file);
    memory_free_secret(route->certificate_password);
    for (size_t i = list_count(route->allowed_networks); i > 0; i--)
        free(route->allowed_networks[i - 1]);
    free(route->allowed_networks);
    *route = (struct route){0};
}
