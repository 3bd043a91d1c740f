#include "common/base/memory.h"
#include "common/config/sygnal_parts.h"
#include "common/config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Addresses ---- */

enum { ADDRESS_TEXT_SIZE = 320 };

static const char *text_or(const struct yaml_node *node, const char *fallback) {
    return node != NULL && node->kind == YAML_TEXT ? node->text : fallback;
}

static void format_address(const char *host, const char *port, char out[ADDRESS_TEXT_SIZE]) {
    bool is_v6 = strchr(host, ':') != NULL;

    snprintf(out, ADDRESS_TEXT_SIZE, "%s%s%s:%s", is_v6 ? "[" : "", host[0] == '\0' ? "[::]" : host,
             is_v6 ? "]" : "", port);
}

static void write_address(const char *key, const char *host, const char *port, size_t line,
                          struct yaml_writer *out) {
    char text[ADDRESS_TEXT_SIZE];

    format_address(host, port, text);
    yaml_writer_text(out, key, text, line);
}

static bool is_every_address(const struct yaml_node *node) {
    return yaml_is_null(node) ||
           (node->kind == YAML_TEXT && (node->text[0] == '\0' || strcmp(node->text, "::") == 0));
}

static bool is_v4(const char *host) {
    return strchr(host, ':') == NULL;
}

/* An address that another one covers is not listened on twice, which would fail. */
static bool is_covered(const char *host, const char *const *chosen, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(chosen[i], host) == 0 || (strcmp(chosen[i], "0.0.0.0") == 0 && is_v4(host)))
            return true;
    return false;
}

/* Those to listen on: [::] stands for all, 0.0.0.0 for all of IPv4. hosts has room for each. */
static size_t choose_addresses(const struct yaml_node *list, const char **hosts) {
    static const char every_v4[] = "0.0.0.0";
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (is_every_address(&list->children[i])) {
            hosts[0] = "::";
            return 1;
        }
        if (strcmp(text_or(&list->children[i], ""), every_v4) == 0 && count == 0)
            hosts[count++] = every_v4;
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *host = text_or(&list->children[i], "");
        if (!is_covered(host, hosts, count))
            hosts[count++] = host;
    }
    return count;
}

static void write_addresses(const char *key, const struct yaml_node *list, const char *port,
                            size_t line, struct yaml_writer *out) {
    const char **hosts = memory_new_array(list->count, sizeof *hosts);
    const size_t count = choose_addresses(list, hosts);
    char text[ADDRESS_TEXT_SIZE];

    if (count == 1) {
        write_address(key, hosts[0], port, line, out);
    } else {
        yaml_writer_open(out, key, line);
        for (size_t i = 0; i < count; i++) {
            format_address(hosts[i], port, text);
            yaml_writer_item(out, text, line);
        }
        yaml_writer_close(out);
    }
    free(hosts);
}

static bool write_listen(const struct sygnal_option *option, const struct yaml_node *root,
                         struct yaml_writer *out, struct error *error) {
    const struct yaml_node *http = yaml_member(root, "http");
    const struct yaml_node *addresses = yaml_member(http, "bind_addresses");
    const struct yaml_node *port_node = yaml_member(http, "port");
    const struct yaml_node *origin = port_node != NULL   ? port_node
                                     : addresses != NULL ? addresses
                                                         : http;
    const char *port = text_or(port_node, "5000");
    const size_t line = origin == NULL ? 1 : origin->line;

    if (addresses == NULL)
        write_address(option->key, "127.0.0.1", port, line, out);
    else if (addresses->kind == YAML_TEXT)
        write_address(option->key, addresses->text, port, line, out);
    else if (addresses->kind == YAML_LIST && addresses->count > 0)
        write_addresses(option->key, addresses, port, line, out);
    else
        return yaml_refuse(addresses, error, "is not a list, expected the addresses to listen on");
    return true;
}

/* Sygnal is one process with one port for metrics; here are two processes, often on one host. */
static bool write_admin_listen(const struct sygnal_option *option, const struct yaml_node *root,
                               struct yaml_writer *out, struct error *error) {
    const struct yaml_node *prometheus = yaml_member(yaml_member(root, "metrics"), "prometheus");
    const struct yaml_node *address = yaml_member(prometheus, "address");
    const char *port = text_or(yaml_member(prometheus, "port"), "8000");
    char next[VALUE_TEXT_SIZE];
    int64_t number = 0;

    (void)error;
    if (!sygnal_is_true(yaml_member(prometheus, "enabled")))
        return true;
    if (strcmp(option->section, "dispatcher") == 0 && value_integer_parse(port, &number, NULL)) {
        snprintf(next, sizeof next, "%lld", (long long)(number < 65535 ? number + 1 : number - 1));
        port = next;
    }
    write_address(option->key, text_or(address, "127.0.0.1"), port, prometheus->line, out);
    return true;
}

/* ---- The rest ---- */

static bool write_value(const struct sygnal_option *option, const struct yaml_node *root,
                        struct yaml_writer *out, struct error *error) {
    (void)root;
    (void)error;
    yaml_writer_raw(out, option->key, option->value, 1);
    return true;
}

/* Sygnal's own logger, else the one above all. */
static bool write_level(const struct sygnal_option *option, const struct yaml_node *root,
                        struct yaml_writer *out, struct error *error) {
    static const struct {
        const char *name, *level;
    } levels[] = {{"NOTSET", "debug"}, {"DEBUG", "debug"},     {"INFO", "info"},
                  {"WARN", "warning"}, {"WARNING", "warning"}, {"ERROR", "error"},
                  {"FATAL", "error"},  {"CRITICAL", "error"},  {"0", "debug"},
                  {"10", "debug"},     {"20", "info"},         {"30", "warning"},
                  {"40", "error"},     {"50", "error"}};
    const struct yaml_node *setup = yaml_member(yaml_member(root, "log"), "setup");
    const struct yaml_node *level =
        yaml_member(yaml_member(yaml_member(setup, "loggers"), "sygnal"), "level");

    (void)error;
    if (level == NULL)
        level = yaml_member(yaml_member(setup, "root"), "level");
    if (level == NULL)
        return true;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i].name, text_or(level, "")) == 0) {
            yaml_writer_raw(out, option->key, levels[i].level, level->line);
            return true;
        }
    sygnal_note(out, level, "is no level that Columba knows: set log.level");
    return true;
}

static bool write_proxy(const struct sygnal_option *option, const struct yaml_node *root,
                        struct yaml_writer *out, struct error *error) {
    const struct yaml_node *proxy = yaml_member(root, "proxy");

    if (proxy == NULL)
        return write_value(option, root, out, error);
    yaml_writer_node(out, option->key, proxy, YAML_WORDS_LITERAL);
    return true;
}

/* In the order of Columba's sections. Where the queue and Redis are, no file of Sygnal's says: the
 * environment does, as far as a small set-up needs. */
const struct sygnal_option sygnal_options[] = {
    {"queue", "brokers", write_value, "${COLUMBA_QUEUE_BROKERS:-127.0.0.1:9092}"},
    {"queue", "replication", write_value, "${COLUMBA_QUEUE_REPLICATION:-3}"},
    {"redis", "address", write_value, "${COLUMBA_REDIS_ADDRESS:-127.0.0.1:6379}"},
    {"redis", "password", write_value, "${COLUMBA_REDIS_PASSWORD:-}"},
    {"log", "level", write_level, NULL},
    {"ingress", "listen", write_listen, NULL},
    {"ingress", "admin_listen", write_admin_listen, NULL},
    {"dispatcher", "admin_listen", write_admin_listen, NULL},
    {"dispatcher", "proxy", write_proxy, "${HTTPS_PROXY:-none}"},
};
const size_t sygnal_option_count = sizeof sygnal_options / sizeof sygnal_options[0];
