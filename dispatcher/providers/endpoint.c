#include "dispatcher/providers/endpoint.h"

#include "common/base/network.h"
#include "common/push/app.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { URL_BYTES_MAX = 4096, HOST_SIZE = 256, PORT_BYTES_MAX = 5, AUTHORITY_SIZE = HOST_SIZE + 8 };

static bool starts_with_scheme(struct slice url, const char *scheme) {
    return url.size >= strlen(scheme) && strncasecmp(url.data, scheme, strlen(scheme)) == 0;
}

/* Blanks, control bytes and backslashes are read differently by different parsers. Letters beyond
 * ASCII are somebody's domain. */
static bool is_plain(struct slice url) {
    for (size_t i = 0; i < url.size; i++) {
        const unsigned char byte = (unsigned char)url.data[i];
        if (byte <= ' ' || byte == 0x7F || byte == '\\')
            return false;
    }
    return url.size <= URL_BYTES_MAX;
}

/* No percent sign: it could hide any other host. */
static bool is_name(struct slice host) {
    for (size_t i = 0; i < host.size; i++) {
        const unsigned char byte = (unsigned char)host.data[i];
        if (byte < 0x80 && !isalnum(byte) && strchr("-._", byte) == NULL)
            return false;
    }
    return host.size > 0 && host.data[0] != '.';
}

static bool is_port(struct slice port) {
    long long number = 0;

    if (port.size == 0)
        return true;
    return port.size <= PORT_BYTES_MAX && isdigit((unsigned char)port.data[0]) &&
           slice_to_int64(port, &number) && number >= 1 && number <= 65535;
}

static struct slice authority_of(struct slice rest) {
    size_t size = 0;

    while (size < rest.size && strchr("/?#", rest.data[size]) == NULL)
        size++;
    return (struct slice){.data = rest.data, .size = size};
}

/* host, host:port, [address], [address]:port */
static bool split(struct slice authority, struct endpoint *out) {
    const char *const end = authority.data + authority.size;
    const char *host_end = NULL;

    out->is_bracketed = authority.size > 0 && authority.data[0] == '[';
    host_end = authority.size == 0
                   ? NULL
                   : memchr(authority.data, out->is_bracketed ? ']' : ':', authority.size);
    if (out->is_bracketed && host_end == NULL)
        return false;
    if (host_end == NULL)
        host_end = end;
    const char *host = authority.data + (out->is_bracketed ? 1 : 0);
    const char *rest = host_end + (out->is_bracketed ? 1 : 0);
    out->host = (struct slice){.data = host, .size = (size_t)(host_end - host)};
    if (rest == end)
        return true;
    out->port = (struct slice){.data = rest + 1, .size = (size_t)(end - rest) - 1};
    return *rest == ':' && is_port(out->port);
}

static bool is_allowed_address(struct slice host, char *const *allowed_networks) {
    struct network_address address;

    if (network_is_local_name(host))
        host = slice_of("127.0.0.1");
    return !network_address_parse(host, &address) || network_is_public(&address) ||
           network_list_contains(allowed_networks, &address);
}

static void copy_lower(struct slice text, char *out, size_t size) {
    const size_t length = text.size < size ? text.size : size - 1;

    for (size_t i = 0; i < length; i++)
        out[i] = (char)tolower((unsigned char)text.data[i]);
    out[length] = '\0';
}

static bool is_allowed_host(const struct endpoint *endpoint, char *const *allowed_hosts) {
    char host[HOST_SIZE];
    char authority[AUTHORITY_SIZE];
    char glob[AUTHORITY_SIZE];

    if (allowed_hosts == NULL)
        return true;
    copy_lower(endpoint->host, host, sizeof host);
    snprintf(authority, sizeof authority, "%s:%.*s", host, (int)endpoint->port.size,
             endpoint->port.size == 0 ? "" : endpoint->port.data);
    for (; *allowed_hosts != NULL; allowed_hosts++) {
        copy_lower(slice_of(*allowed_hosts), glob, sizeof glob);
        if (app_pattern_matches(glob, slice_of(host)) ||
            (endpoint->port.size > 0 && app_pattern_matches(glob, slice_of(authority))))
            return true;
    }
    return false;
}

const char *endpoint_check(struct slice url, const struct endpoint_rules *rules,
                           struct endpoint *out) {
    struct network_address address;

    *out = (struct endpoint){.is_https = starts_with_scheme(url, "https://")};
    if (url.size == 0)
        return "endpoint_missing";
    if (!out->is_https && !(rules->allow_http && starts_with_scheme(url, "http://")))
        return "endpoint_not_https";
    if (!is_plain(url))
        return "endpoint_malformed";
    const size_t scheme_size = strlen(out->is_https ? "https://" : "http://");
    const struct slice authority = authority_of(
        (struct slice){.data = url.data + scheme_size, .size = url.size - scheme_size});
    if (authority.size > 0 && memchr(authority.data, '@', authority.size) != NULL)
        return "endpoint_with_credentials";
    if (!split(authority, out) || out->host.size >= HOST_SIZE ||
        !(out->is_bracketed ? network_address_parse(out->host, &address) : is_name(out->host)))
        return "endpoint_malformed";
    if (!is_allowed_address(out->host, rules->allowed_networks))
        return "endpoint_not_public";
    return is_allowed_host(out, rules->allowed_hosts) ? NULL : "endpoint_not_allowed";
}

bool endpoint_is_of(const struct endpoint *endpoint, const char *domain) {
    const struct slice host = endpoint->host;
    const size_t size = strlen(domain);

    if (host.size < size || strncasecmp(host.data + host.size - size, domain, size) != 0)
        return false;
    return host.size == size || host.data[host.size - size - 1] == '.';
}

struct slice endpoint_origin(const struct endpoint *endpoint, struct arena *arena) {
    const char *const scheme = endpoint->is_https ? "https" : "http";
    const bool has_port =
        endpoint->port.size > 0 && !slice_is(endpoint->port, endpoint->is_https ? "443" : "80");
    char host[HOST_SIZE];

    copy_lower(endpoint->host, host, sizeof host);
    return arena_format(arena, "%s://%s%s%s%s%.*s", scheme, endpoint->is_bracketed ? "[" : "", host,
                        endpoint->is_bracketed ? "]" : "", has_port ? ":" : "",
                        has_port ? (int)endpoint->port.size : 0,
                        has_port ? endpoint->port.data : "");
}
