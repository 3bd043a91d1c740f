#include "common/base/listener.h"

#include "common/base/address.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SERVICE_SIZE = 8, BACKLOG = 4096 };

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool resolve(const char *address, union endpoint *out, socklen_t *size,
                    struct error *error) {
    char host[ADDRESS_HOST_SIZE];
    char service[SERVICE_SIZE];
    int port = 0;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (!address_split(address, host, sizeof host, &port))
        return error_set(error, ERROR_CONFIG, "cannot listen on %s: not an address and a port",
                         address);
    snprintf(service, sizeof service, "%d", port);
    int result = getaddrinfo(host[0] == '\0' ? NULL : host, service, &hints, &found);
    if (result != 0)
        return error_set(error, ERROR_SYSTEM, "cannot listen on %s: %s", address,
                         gai_strerror(result));
    *size = found->ai_addrlen <= sizeof *out ? found->ai_addrlen : sizeof *out;
    memcpy(out, found->ai_addr, *size);
    freeaddrinfo(found);
    return true;
}

static bool set_option(int socket, int level, int option, int value) {
    return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/* A descriptor, or -1 with errno. */
static int open_bound(const union endpoint *where, socklen_t size, bool shared) {
    int family = where->any.sa_family;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (descriptor < 0)
        return -1;
    if (!set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (shared && !set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) ||
        (family == AF_INET6 && !set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0)) ||
        bind(descriptor, &where->any, size) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

int listener_port(int socket) {
    union endpoint where = {.v6 = {0}};
    socklen_t size = sizeof where;

    if (getsockname(socket, &where.any, &size) != 0)
        return 0;
    return ntohs(where.any.sa_family == AF_INET6 ? where.v6.sin6_port : where.v4.sin_port);
}

static void set_port(union endpoint *where, int port) {
    if (where->any.sa_family == AF_INET6)
        where->v6.sin6_port = htons((uint16_t)port);
    else
        where->v4.sin_port = htons((uint16_t)port);
}

/* A shared port lets a second process in without a word; an unshared one does not. */
static bool is_free(const union endpoint *where, socklen_t size) {
    int probe = open_bound(where, size, false);

    if (probe >= 0)
        close(probe);
    return probe >= 0;
}

/* [::] means every address: on a system without IPv6, those of IPv4. Keeps errno when it does not
 * apply. */
static bool fall_back(union endpoint *where, socklen_t *size) {
    if (errno != EAFNOSUPPORT || where->any.sa_family != AF_INET6 ||
        !IN6_IS_ADDR_UNSPECIFIED(&where->v6.sin6_addr))
        return false;
    where->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = where->v6.sin6_port};
    *size = sizeof where->v4;
    return true;
}

bool listeners_open(const char *address, int *sockets, size_t count, struct error *error) {
    union endpoint where = {.v6 = {0}};
    socklen_t size = 0;
    size_t opened = 0;

    if (!resolve(address, &where, &size, error))
        return false;
    if (!is_free(&where, size) && !(fall_back(&where, &size) && is_free(&where, size)))
        goto failed;
    for (; opened < count; opened++) {
        sockets[opened] = open_bound(&where, size, true);
        if (sockets[opened] < 0)
            goto failed;
        if (listen(sockets[opened], BACKLOG) != 0) {
            opened++;
            goto failed;
        }
        set_port(&where, listener_port(sockets[opened]));
    }
    return true;

failed:
    error_set(error, ERROR_SYSTEM, "cannot listen on %s: %s", address, strerror(errno));
    while (opened > 0)
        close(sockets[--opened]);
    return false;
}

void listener_turn_away(int socket) {
    enum { FLAGS_OFFSET = 13, FLAG_SYN = 0x02 }; /* RFC 9293 section 3.1 */
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FLAG_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
    };
    struct sock_fprog filter = {.len = sizeof steps / sizeof steps[0], .filter = steps};

    /* A system without filters only loses the last callers to a reset, as everybody does. */
    (void)setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
}
