#include "dispatcher/sender/sender_addresses.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct place {
    UT_hash_handle hh;
    struct network_address address; /* without what is not told apart */
    size_t socket_count;
};

struct entry {
    UT_hash_handle hh;
    int descriptor;
    struct place *place;
};

struct sender_addresses {
    struct place *places;
    struct entry *entries;
};

struct sender_addresses *sender_addresses_new(void) {
    return memory_new(sizeof(struct sender_addresses));
}

void sender_addresses_free(struct sender_addresses *addresses) {
    free(addresses);
}

static bool is_ipv4(const struct network_address *address) {
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(address->bytes, prefix, sizeof prefix) == 0;
}

static struct network_address place_of(const struct network_address *address) {
    struct network_address place = *address;

    if (!is_ipv4(address))
        memset(place.bytes + 8, 0, 8);
    return place;
}

static struct place *find(const struct sender_addresses *addresses,
                          const struct network_address *at) {
    struct place *place = NULL;

    HASH_FIND(hh, addresses->places, at, sizeof *at, place);
    return place;
}

bool sender_addresses_permit(const struct sender_addresses *addresses,
                             const struct network_address *address) {
    const struct network_address at = place_of(address);
    const struct place *place = find(addresses, &at);

    return place == NULL || place->socket_count < SENDER_ADDRESS_SOCKETS_MAX;
}

void sender_addresses_add(struct sender_addresses *addresses, const struct network_address *address,
                          int descriptor) {
    const struct network_address at = place_of(address);
    struct place *place = find(addresses, &at);
    struct entry *entry = memory_new(sizeof *entry);

    if (place == NULL) {
        place = memory_new(sizeof *place);
        place->address = at;
        HASH_ADD(hh, addresses->places, address, sizeof place->address, place);
    }
    place->socket_count++;
    entry->descriptor = descriptor;
    entry->place = place;
    HASH_ADD_INT(addresses->entries, descriptor, entry);
}

void sender_addresses_remove(struct sender_addresses *addresses, int descriptor) {
    struct entry *entry = NULL;

    HASH_FIND_INT(addresses->entries, &descriptor, entry);
    if (entry == NULL)
        return;
    if (--entry->place->socket_count == 0) {
        HASH_DEL(addresses->places, entry->place);
        free(entry->place);
    }
    HASH_DEL(addresses->entries, entry);
    free(entry);
}
