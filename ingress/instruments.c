#include "ingress/instruments.h"

static const struct metric table[INSTRUMENT_COUNT] = {
    [INSTRUMENT_REQUESTS] = {.name = "columba_ingress_requests_total",
                             .type = METRIC_COUNTER,
                             .help = "Requests answered, by answer.",
                             .labels = {"answer"}},
    [INSTRUMENT_DEVICES] = {.name = "columba_ingress_devices_total",
                            .type = METRIC_COUNTER,
                            .help = "Devices in understood requests, by what was done with them "
                                    "and the kind of their provider.",
                            .labels = {"result", "kind"}},
    [INSTRUMENT_RECORDS] = {.name = "columba_ingress_records_total",
                            .type = METRIC_COUNTER,
                            .help = "Records that the queue has acknowledged.",
                            .labels = {"lane", "app"},
                            .series_limit = 1000},
    [INSTRUMENT_UNKNOWN_APPS] = {.name = "columba_ingress_unknown_app_total",
                                 .type = METRIC_COUNTER,
                                 .help = "Devices of an app_id that no configured app serves: a "
                                         "typo in the configuration, or a stranger.",
                                 .labels = {"app_id"},
                                 .series_limit = 32},
    [INSTRUMENT_ACKNOWLEDGE_SECONDS] =
        {.name = "columba_ingress_acknowledge_seconds",
         .type = METRIC_HISTOGRAM,
         .help = "From the last byte of a request to the acknowledgement of all its records.",
         .buckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20}},
    [INSTRUMENT_BODY_BYTES] = {.name = "columba_ingress_body_bytes_total",
                               .type = METRIC_COUNTER,
                               .help = "Bytes of the bodies of requests to notify."},
    [INSTRUMENT_WAITING_REQUESTS] = {.name = "columba_ingress_waiting_requests",
                                     .type = METRIC_GAUGE,
                                     .help = "Requests that wait for Redis or the queue."},
    [INSTRUMENT_WAITING_BYTES] = {.name = "columba_ingress_waiting_bytes",
                                  .type = METRIC_GAUGE,
                                  .help = "Bytes held by requests that arrive or wait."},
    [INSTRUMENT_CONNECTIONS] = {.name = "columba_ingress_connections",
                                .type = METRIC_GAUGE,
                                .help = "Open connections of callers."},
    [INSTRUMENT_CONNECTIONS_CUT] = {.name = "columba_ingress_connections_cut_total",
                                    .type = METRIC_COUNTER,
                                    .help = "Connections ended by the ingress, by reason.",
                                    .labels = {"reason"}},
    [INSTRUMENT_QUEUE_CONNECTED] = {.name = "columba_ingress_queue_connected_workers",
                                    .type = METRIC_GAUGE,
                                    .help = "Workers whose producer has a broker connected."},
    [INSTRUMENT_REDIS_AVAILABLE] = {.name = "columba_ingress_redis_available_workers",
                                    .type = METRIC_GAUGE,
                                    .help = "Workers that get answers from Redis."},
    [INSTRUMENT_WORKERS] = {.name = "columba_ingress_workers",
                            .type = METRIC_GAUGE,
                            .help = "Workers of this process."},
    [INSTRUMENT_DRAINING] = {.name = "columba_ingress_draining",
                             .type = METRIC_GAUGE,
                             .help = "1 while the process is about to end, else 0."},
    [INSTRUMENT_CONFIG_RELOADS] =
        {.name = "columba_ingress_config_reloads_total",
         .type = METRIC_COUNTER,
         .help = "Times the configuration was read again, by what became of it.",
         .labels = {"result"}},
    [INSTRUMENT_CONFIG_FAILED] =
        {.name = "columba_ingress_config_reload_failed",
         .type = METRIC_GAUGE,
         .help = "1 while the file as it is was refused and an older configuration is in force."},
    [INSTRUMENT_CONFIG_LOADED] =
        {.name = "columba_ingress_config_loaded_timestamp_seconds",
         .type = METRIC_GAUGE,
         .help = "When the configuration in force was read, in seconds since 1970."},
    [INSTRUMENT_SPANS_EXPORTED] = {.name = "columba_ingress_spans_exported_total",
                                   .type = METRIC_COUNTER,
                                   .help =
                                       "Spans that the collector of tracing.endpoint has taken."},
    [INSTRUMENT_SPANS_DROPPED] =
        {.name = "columba_ingress_spans_dropped_total",
         .type = METRIC_COUNTER,
         .help = "Spans that it has not: queue_full, refused by it, or unavailable for too long.",
         .labels = {"reason"}},
    [INSTRUMENT_BUILD_INFO] = {.name = "columba_ingress_build_info",
                               .type = METRIC_GAUGE,
                               .help = "Always 1; the version is in the label.",
                               .labels = {"version"}},
};

const struct metric *instruments_table(void) {
    return table;
}

struct metrics *instruments_new(void) {
    return metrics_new(table, INSTRUMENT_COUNT);
}
