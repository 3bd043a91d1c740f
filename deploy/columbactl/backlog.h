/* What waits in the topics of a lane, by app: pushes, by their columba-id. Between the copy of a
 * record and the commit that passes the record, both lie there; that is one push. Pure. */
#ifndef COLUMBA_CTL_BACKLOG_H
#define COLUMBA_CTL_BACKLOG_H

#include "common/queue/topics.h"
#include "deploy/columbactl/id_set.h"
#include "deploy/columbactl/letter.h"

#include <uthash.h>

/* What is of more apps than that counts as "other". */
enum { BACKLOG_TOPIC_LIMIT = CONFIG_LIST_MAX + 1, BACKLOG_APP_LIMIT = 10000 };

struct backlog_app {
    char name[sizeof((struct letter *)0)->app_id]; /* the app of the configuration; see is_served */
    bool is_served;                                /* false: name is the records' app_id */
    int64_t count;
    int64_t counts[BACKLOG_TOPIC_LIMIT]; /* in the order of the topics */
    int64_t oldest_ms;                   /* when the oldest was accepted; 0 when none says so */
    int64_t attempt_least;
    int64_t attempt_most;
    UT_hash_handle hh;
};

struct backlog {
    const char *lane;
    char group[TOPIC_NAME_SIZE];
    char (*topics)[TOPIC_NAME_SIZE]; /* push, then the retries */
    const int64_t *delays_ms;        /* of the retries */
    size_t topic_count;
    struct backlog_app *apps;   /* by hh.next; the one with most first after backlog_sort */
    struct backlog_app *others; /* one of them, beyond the bound; NULL while there is none */
    struct id_set ids;
    int64_t count;
    int64_t settled_count; /* behind the commit, but settled: these do not wait */
    int64_t double_count;  /* another record of a push that is counted */
    int64_t unread_count;  /* not looked at: all that is counted is at least so much */
};

/* Nothing waits yet. The backlog borrows lane and config until backlog_free. */
void backlog_begin(const struct config *config, const char *lane, struct backlog *out);
void backlog_free(struct backlog *backlog);

/* A record that waits in one of the topics. */
void backlog_add(struct backlog *backlog, const struct apps *apps, size_t topic,
                 const struct queue_record *record);

void backlog_sort(struct backlog *backlog);

#endif
