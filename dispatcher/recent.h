/* What happened lately in a lane, for people: how often each outcome, how quickly hosts answer, and
 * the last failures. Bounded, whatever happens. */
#ifndef COLUMBA_DISPATCHER_RECENT_H
#define COLUMBA_DISPATCHER_RECENT_H

#include "common/base/buffer.h"
#include "common/push/outcome.h"

#include <stdint.h>

enum { RECENT_HOSTS_MAX = 64, RECENT_FAILURES_MAX = 32, RECENT_TEXT_SIZE = 64 };

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *recent);

/* Borrowed for the call; texts may be NULL, and are cut to RECENT_TEXT_SIZE. */
struct recent_ending {
    int64_t at_ms; /* wall */
    enum outcome outcome;
    const char *reason;
    const char *app;
    const char *id;
    const char *pushkey; /* h */
    int64_t attempt;
    int code;
};

/* Each is counted; all but the delivered and the dropped are failures. */
void recent_settled(struct recent *recent, const struct recent_ending *ending);

/* A request goes to the host of that URL. Returns the host's place, to be given to recent_answered
 * once; -1 when all places are taken by hosts that owe answers. */
int recent_sent(struct recent *recent, const char *url);
void recent_answered(struct recent *recent, int host, int64_t took_ms, bool failed);

/* JSON: {"delivered":n,…}; an array of hosts, an array of failures. */
void recent_write_outcomes(const struct recent *recent, struct buffer *out);
void recent_write_hosts(const struct recent *recent, struct buffer *out);
void recent_write_failures(const struct recent *recent, struct buffer *out);

#endif
