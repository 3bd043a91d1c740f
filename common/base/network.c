#include "common/base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
    ADDRESS_BYTES = 16,
    IPV4_BYTES = 4,
    IPV4_OFFSET = ADDRESS_BYTES - IPV4_BYTES,
    ADDRESS_BITS = 128,
    IPV4_BITS = 32,
};

static const unsigned char mapped_prefix[IPV4_OFFSET] = {[10] = 0xFF, [11] = 0xFF};
static const unsigned char nat64_prefix[IPV4_OFFSET] = {[1] = 0x64, [2] = 0xFF, [3] = 0x9B};

static const char *const global_unicast = "2000::/3";

/* What is not public, of IPv4 and of global unicast: all else is known by not being either. */
static const char *const special[] = {
    "0.0.0.0/8",        /* this network */
    "10.0.0.0/8",       /* private */
    "100.64.0.0/10",    /* shared by carriers; Alibaba's metadata */
    "127.0.0.0/8",      /* loopback */
    "168.63.129.16/32", /* Azure's platform, though of a public block */
    "169.254.0.0/16",   /* link-local; most clouds' metadata */
    "172.16.0.0/12",    /* private */
    "192.0.0.0/24",     /* protocol assignments; Oracle's metadata */
    "192.0.2.0/24",     /* documentation */
    "192.88.99.0/24",   /* relays of 6to4 */
    "192.168.0.0/16",   /* private */
    "198.18.0.0/15",    /* benchmarks */
    "198.51.100.0/24",  /* documentation */
    "203.0.113.0/24",   /* documentation */
    "224.0.0.0/4",      /* multicast */
    "240.0.0.0/4",      /* reserved; broadcast */
    "2001::/23",        /* protocol assignments; Teredo */
    "2001:db8::/32",    /* documentation */
    "2002::/16",        /* 6to4 */
    "3fff::/20",        /* documentation */
};

static void set_ipv4(const void *bytes, struct network_address *out) {
    memcpy(out->bytes, mapped_prefix, IPV4_OFFSET);
    memcpy(out->bytes + IPV4_OFFSET, bytes, IPV4_BYTES);
}

static bool is_ipv4(const struct network_address *address) {
    return memcmp(address->bytes, mapped_prefix, IPV4_OFFSET) == 0;
}

/* Without what a URL puts around an IPv6 address: brackets, and a zone behind it. */
static struct slice bare_ipv6(struct slice text) {
    if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        text = (struct slice){.data = text.data + 1, .size = text.size - 2};
    const char *zone = text.size == 0 ? NULL : memchr(text.data, '%', text.size);
    if (zone != NULL)
        text.size = (size_t)(zone - text.data);
    return text;
}

/* inet_aton takes anything behind a blank. */
static bool is_of(struct slice text, const char *alphabet) {
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || strchr(alphabet, text.data[i]) == NULL)
            return false;
    return true;
}

static bool parse_bare(struct slice text, bool is_loose, struct network_address *out) {
    char copy[64];
    struct in_addr ipv4;

    if (text.size == 0 || text.size >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strlen(copy) == text.size && inet_pton(AF_INET6, copy, out->bytes) == 1)
        return true;
    const bool is_found = is_loose
                              ? is_of(text, "0123456789abcdefABCDEFxX.") && inet_aton(copy, &ipv4)
                              : strlen(copy) == text.size && inet_pton(AF_INET, copy, &ipv4) == 1;
    if (is_found)
        set_ipv4(&ipv4, out);
    return is_found;
}

bool network_address_parse(struct slice text, struct network_address *out) {
    struct slice bare = bare_ipv6(text);

    /* A name may end with the root's dot, and so may an address that stands for one. */
    if (bare.size > 1 && bare.data[bare.size - 1] == '.')
        bare.size--;
    return parse_bare(bare, true, out);
}

bool network_is_local_name(struct slice host) {
    static const char domain[] = "localhost";
    const size_t size = sizeof domain - 1;

    if (host.size > 0 && host.data[host.size - 1] == '.')
        host.size--;
    if (host.size < size)
        return false;
    const struct slice end = {.data = host.data + host.size - size, .size = size};
    return slice_is_ignoring_case(end, domain) && (host.size == size || end.data[-1] == '.');
}

bool network_address_of(const struct sockaddr *address, struct network_address *out) {
    if (address->sa_family == AF_INET)
        set_ipv4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, out);
    else if (address->sa_family == AF_INET6)
        memcpy(out->bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
               ADDRESS_BYTES);
    else
        return false;
    return true;
}

bool network_is_public(const struct network_address *address) {
    struct network_address ipv4;
    struct network network;
    const struct network_address *meant = address;

    if (memcmp(address->bytes, nat64_prefix, IPV4_OFFSET) == 0) {
        set_ipv4(address->bytes + IPV4_OFFSET, &ipv4);
        meant = &ipv4;
    }
    if (!is_ipv4(meant) && !(network_cidr_parse(slice_of(global_unicast), &network) &&
                             network_contains(&network, meant)))
        return false;
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (!network_cidr_parse(slice_of(special[i]), &network) ||
            network_contains(&network, meant))
            return false;
    return true;
}

bool network_cidr_parse(struct slice text, struct network *out) {
    const char *slash = text.size == 0 ? NULL : memchr(text.data, '/', text.size);
    struct slice address = text;
    long long bits = 0;

    if (slash != NULL)
        address.size = (size_t)(slash - text.data);
    if (!parse_bare(address, false, &out->address))
        return false;
    const bool is_dotted = memchr(address.data, ':', address.size) == NULL;
    const unsigned most = is_dotted ? IPV4_BITS : ADDRESS_BITS;
    if (slash == NULL)
        bits = most;
    else if (!slice_to_int64(
                 (struct slice){.data = slash + 1, .size = text.size - address.size - 1}, &bits) ||
             bits < 0 || bits > most)
        return false;
    out->prefix_bits = (unsigned)bits + (is_dotted ? ADDRESS_BITS - IPV4_BITS : 0);
    return true;
}

bool network_contains(const struct network *network, const struct network_address *address) {
    const unsigned whole = network->prefix_bits / 8;
    const unsigned rest = network->prefix_bits % 8;
    const unsigned mask = 0xFFU << (8 - rest) & 0xFFU;

    return memcmp(network->address.bytes, address->bytes, whole) == 0 &&
           (rest == 0 || ((network->address.bytes[whole] ^ address->bytes[whole]) & mask) == 0);
}

bool network_list_contains(char *const *networks, const struct network_address *address) {
    struct network network;

    for (; networks != NULL && *networks != NULL; networks++)
        if (network_cidr_parse(slice_of(*networks), &network) &&
            network_contains(&network, address))
            return true;
    return false;
}
