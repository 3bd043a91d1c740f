#include "dispatcher/sender/sender_route.h"

#include "common/base/network.h"

#include <sys/socket.h>
#include <unistd.h>

/* What a mended file is seen after; libcurl's own default is a day. */
enum { CA_KEPT_SECONDS = 60 };

/* An idle connection is kept for as long as Apple asks; one that died meanwhile is found out before
 * it is used. */
enum { IDLE_KEPT_SECONDS = 60 * 60 };

/* A name in another alphabet may turn into anything, digits too, once libcurl has translated it. */
static bool is_ascii(const char *host) {
    while (*host != '\0' && (*host & 0x80) == 0)
        host++;
    return *host == '\0';
}

bool sender_route_permits_url(const struct route *route, const char *url) {
    struct network_address address;
    CURLU *parts = curl_url();
    char *host = NULL;
    bool permits = false;

    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        permits =
            is_ascii(host) && !network_is_local_name(slice_of(host)) &&
            (!network_address_parse(slice_of(host), &address) || route_permits(route, &address));
    curl_free(host);
    curl_url_cleanup(parts);
    return permits;
}

void sender_route_begin(struct sender_route *by, const char *url) {
    by->is_forbidden = by->route->is_guarded && by->route->proxy != NULL &&
                       !sender_route_permits_url(by->route, url);
    by->is_busy = false;
}

static int new_socket(const struct curl_sockaddr *where) {
    return socket(where->family, where->socktype | SOCK_CLOEXEC, where->protocol);
}

/* Sees the very address that the connection would go to, however the name led there. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *where) {
    struct sender_route *by = context;
    struct network_address address;

    (void)purpose;
    if (by->route->proxy != NULL)
        return by->is_forbidden ? CURL_SOCKET_BAD : new_socket(where);
    if (!network_address_of(&where->addr, &address) || !route_permits(by->route, &address)) {
        by->is_forbidden = true;
        return CURL_SOCKET_BAD;
    }
    if (!sender_addresses_permit(by->addresses, &address)) {
        by->is_busy = true;
        return CURL_SOCKET_BAD;
    }
    int descriptor = new_socket(where);
    if (descriptor >= 0)
        sender_addresses_add(by->addresses, &address, descriptor);
    return descriptor;
}

static int close_socket(void *context, curl_socket_t descriptor) {
    sender_addresses_remove(context, descriptor);
    return close(descriptor);
}

/* What is not set here, libcurl takes from the environment. */
static void set_proxy(CURL *easy, const char *proxy) {
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy == NULL ? "" : proxy);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROXYAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_certificate(CURL *easy, const struct route *route) {
    const char *path = route->certificate_file;
    const char *password = route->certificate_password;

    curl_easy_setopt(easy, CURLOPT_SSLCERT, path);
    curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, route_has_pkcs12(route) ? "P12" : "PEM");
    /* Without one, OpenSSL would ask the terminal. */
    curl_easy_setopt(easy, CURLOPT_KEYPASSWD, password == NULL ? "" : password);
}

void sender_route_set(struct sender_route *by, CURL *easy) {
    const struct route *route = by->route;

    set_proxy(easy, route->proxy);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_KEPT_SECONDS);
    if (route->ca_file != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, route->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    if (route->certificate_file != NULL)
        set_certificate(easy, route);
    if (route->is_guarded) {
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, by);
        /* The connection outlives the handle that opened it, and calls this at its end. */
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
        curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, by->addresses);
    } else {
        curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)IDLE_KEPT_SECONDS);
    }
}
