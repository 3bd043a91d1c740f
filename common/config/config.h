/* The configuration: one YAML file that both programs and columbactl read, as typed, checked,
 * immutable data. The tables of options.h say what exists; everything else comes out of them. */
#ifndef COLUMBA_CONFIG_CONFIG_H
#define COLUMBA_CONFIG_CONFIG_H

#include "common/base/error.h"
#include "common/base/log.h"
#include "common/config/sources.h"
#include "common/push/app.h"

#include <stdint.h>

enum { CONFIG_LIST_MAX = 32 };

struct text_list {
    char *items[CONFIG_LIST_MAX];
    size_t count;
};

struct duration_list {
    int64_t items_ms[CONFIG_LIST_MAX];
    size_t count;
};

/* A map of texts, in the order of the file. */
struct property {
    char *name;
    char *value;
};
struct property_list {
    struct property *items;
    size_t count;
};

struct queue_config {
    char *brokers; /* host:port, comma-separated */
    char *prefix;  /* of topics and consumer groups; "columba." */
    int64_t replication;
    int64_t partitions;
    int64_t ack_timeout_ms;
    struct property_list properties; /* passed through to librdkafka */
};

struct redis_config {
    char *host;
    int64_t port;
    char *username; /* NULL when none */
    char *password; /* NULL when none; a secret */
    int64_t database;
    int64_t timeout_ms;
};

struct retry_config {
    struct duration_list delays;
    int64_t max_age_ms;
};

enum unknown_app { UNKNOWN_APP_DROP, UNKNOWN_APP_REJECT };

struct ingress_config {
    struct text_list listen; /* each address:port, [v6]:port; one at least */
    char *admin_listen;
    int64_t workers; /* for each address; 0: as many as cores */
    int64_t body_limit_bytes;
    int64_t device_limit;
    int64_t copies_limit_bytes;
    int64_t waiting_requests;
    int64_t waiting_bytes;
    int64_t connection_limit;
    int64_t idle_timeout_ms;
    int64_t read_timeout_ms;
    int64_t drain_delay_ms;
    enum unknown_app unknown_app;
};

struct dispatcher_config {
    char *admin_listen;
    struct text_list lanes; /* empty: every lane that an app names */
    int64_t in_flight;
    int64_t in_flight_bytes;
    int64_t connections; /* to one provider host */
    int64_t request_timeout_ms;
    int64_t commit_interval_ms;
    int64_t drain_timeout_ms;
    char *proxy; /* a secret; it is in the routes of the apps already */
};

/* OpenTelemetry: where the spans of sampled pushes go. */
struct tracing_config {
    char *endpoint;      /* NULL: nowhere, tracing is off */
    char *authorization; /* NULL when none; a secret */
    double sample;       /* of the notify requests that bring no decision along */
};

struct config {
    struct queue_config queue;
    struct redis_config redis;
    struct retry_config retry;
    struct ingress_config ingress;
    struct dispatcher_config dispatcher;
    struct tracing_config tracing;
    enum log_level log_level;
    struct apps apps;
    struct traffic *traffic;    /* of the apps; noted by any thread */
    struct sources sources;     /* the files that it was read from */
    _Atomic int64_t references; /* see config_hold */
};

/* Reads, substitutes ${NAME} from the environment, checks. NULL with an error of one line that
 * names file, line, key and what was expected. Warnings go to the log. The caller holds one
 * reference. Secrets and *_file of the redis and queue sections are read here; files that only
 * the dispatcher needs (app credentials) are named here and opened by their user. */
struct config *config_load(const char *path, struct error *error);

/* The same for programs that send nothing: the files of secrets that only sending takes stay
 * closed, and what they hold is NULL. */
struct config *config_load_without_keys(const char *path, struct error *error);

/* Either of them for who will look again: on failure *seen has the files that were looked at, so
 * that it is known when one of them is another. */
struct config *config_load_watched(const char *path, bool without_keys, struct sources *seen,
                                   struct error *error);

/* The same from memory; name stands for the file in errors. */
struct config *config_parse(const char *name, struct slice yaml, struct error *error);

/* Appends a file of Sygnal's as a file of Columba's, that reads as the same configuration. What is
 * not taken over is in its comments. False when it is not one of Sygnal's, or not sound. */
struct buffer;
bool config_import(const char *path, struct buffer *out, struct error *error);

/* A counted snapshot: whoever keeps it beyond a call holds it. From any thread. */
const struct config *config_hold(const struct config *config);
void config_release(const struct config *config);

/* An app of this configuration has a push now. */
void config_note_traffic(const struct config *config, const struct app *app, int64_t now_ms);

/* The tables as text: for --help-config, and for the generated page of the reference. */
void config_write_help(struct buffer *out);
void config_write_reference(struct buffer *out);

#endif
