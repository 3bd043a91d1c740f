/* The commands of columbactl, one file for each group, and the pure part of each: what is said
 * about what was found. */
#ifndef COLUMBA_CTL_COMMANDS_H
#define COLUMBA_CTL_COMMANDS_H

#include "common/push/identity.h"
#include "common/queue/topics.h"
#include "common/state/inspect.h"
#include "deploy/columbactl/backlog.h"
#include "deploy/columbactl/fleet.h"
#include "deploy/columbactl/invocation.h"
#include "deploy/columbactl/letter.h"
#include "deploy/columbactl/place.h"
#include "deploy/columbactl/tracing.h"

enum { COMMAND_TIMEOUT_MS = 10 * 1000, COMMAND_LANE_LIMIT = 64 };

/* All of them; in command_table.c. */
extern const struct command command_table[];
extern const size_t command_table_count;

command_run topics_command_create;
command_run topics_command_show;
command_run config_command_check;
command_run config_command_import;
command_run lag_command_show;
command_run backlog_command_show;
command_run health_command_ask;
command_run pushkey_command_show;
command_run pushkey_command_forgive;
command_run gate_command_show;
command_run gate_command_close;
command_run gate_command_open;
command_run dead_command_list;
command_run dead_command_show;
command_run dead_command_replay;
command_run dead_command_drop;
command_run skip_command_run;
command_run trace_command_run;
command_run check_command_run;
command_run send_command_run;
command_run top_command_run;
command_run vapid_command_generate;
command_run manual_command_show;
command_run manual_command_complete;

/* The report as a table or as JSON, with what to do about each fault. */
enum command_status topics_command_write(const struct topic_report *report, bool json,
                                         struct buffer *out);

struct lane_lag {
    const char *lane;
    char group[TOPIC_NAME_SIZE];
    char push_topic[TOPIC_NAME_SIZE];
    struct topic_lag *partitions;
    size_t count;
};

enum command_status lag_command_write(const struct lane_lag *lanes, size_t count, bool json,
                                      struct buffer *out);

/* Fine when nothing was left unread. */
enum command_status backlog_command_write(const struct backlog *lanes, size_t count, bool json,
                                          int64_t now_ms, struct buffer *out);

void config_command_write(const char *path, const struct config *config, bool json,
                          struct buffer *out);

struct pushkey_report {
    const char *app_id;
    char pushkey[IDENTITY_PUSHKEY_SIZE]; /* h */
    const struct app *app;               /* NULL: no app serves it */
    const struct inspect_pushkey *known;
    bool forgiven;
};

void pushkey_command_write(const struct pushkey_report *report, bool json, int64_t now_ms,
                           struct buffer *out);

/* What of one lane is closed for the whole fleet. */
struct gate_report {
    const char *lane;
    struct gate_entry *entries;
    size_t count;
    int64_t now_ms;
};

void gate_command_write(const struct gate_report *lanes, size_t count, const struct fleet *fleet,
                        bool json, struct buffer *out);

/* A dead letter in the list of them. */
struct dead_entry {
    char place[PLACE_TEXT_SIZE];
    int64_t written_ms;
    struct letter letter;
};

void dead_command_write(const struct dead_entry *entries, size_t count, bool complete, bool json,
                        int64_t now_ms, struct buffer *out);

/* Whether the record is the one that the group stands at. committed is -1 without a commit. */
bool skip_command_allows(const struct place *place, int64_t committed, int64_t start,
                         struct error *error);

/* Fine when the push was found, and all of it. */
enum command_status trace_command_write(const struct tracing *tracing, const char *wanted,
                                        bool json, int64_t now_ms, struct buffer *out);

#endif
