#include "ingress/listener.h"

#include "common/config/config.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_SIZE = 256, SERVICE_SIZE = 8, BACKLOG = 4096 };

static bool resolve(const char *address, struct sockaddr_storage *out, socklen_t *size,
                    struct error *error) {
    char host[HOST_SIZE];
    char service[SERVICE_SIZE];
    int port = 0;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (!config_split_address(address, host, sizeof host, &port))
        return error_set(error, ERROR_CONFIG, "cannot listen on %s: not an address and a port",
                         address);
    snprintf(service, sizeof service, "%d", port);
    int result = getaddrinfo(host[0] == '\0' ? NULL : host, service, &hints, &found);
    if (result != 0)
        return error_set(error, ERROR_SYSTEM, "cannot listen on %s: %s", address,
                         gai_strerror(result));
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool set_option(int socket, int level, int option) {
    int on = 1;

    return setsockopt(socket, level, option, &on, sizeof on) == 0;
}

/* A descriptor, or -1 with errno. */
static int open_bound(const struct sockaddr_storage *address, socklen_t size, bool shared) {
    int descriptor =
        socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    if (descriptor < 0)
        return -1;
    if (!set_option(descriptor, SOL_SOCKET, SO_REUSEADDR) ||
        (shared && !set_option(descriptor, SOL_SOCKET, SO_REUSEPORT)) ||
        bind(descriptor, (const struct sockaddr *)address, size) != 0) {
        int reason = errno;
        close(descriptor);
        errno = reason;
        return -1;
    }
    return descriptor;
}

static void set_port(struct sockaddr_storage *address, int port) {
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons((uint16_t)port);
}

int listener_port(int socket) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;

    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* A shared port lets a second process in without a word; an unshared one does not. */
static bool is_free(const struct sockaddr_storage *address, socklen_t size) {
    int probe = open_bound(address, size, false);

    if (probe >= 0)
        close(probe);
    return probe >= 0;
}

bool listeners_open(const char *address, int *sockets, size_t count, struct error *error) {
    struct sockaddr_storage where = {0};
    socklen_t size = 0;
    size_t opened = 0;

    if (!resolve(address, &where, &size, error))
        return false;
    if (!is_free(&where, size))
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
