/* Gathers the stories of a push from the topics and from Redis; blocks. */
#ifndef COLUMBA_CTL_TRACING_H
#define COLUMBA_CTL_TRACING_H

#include "common/queue/browse.h"
#include "deploy/columbactl/session.h"
#include "deploy/columbactl/trace.h"

struct tracing {
    struct trace_record *records; /* of one pushkey beside each other, oldest first */
    size_t count;
    struct trace_story *stories;
    size_t story_count;
    struct gate_entry *gates;
    size_t gate_count;
    bool is_complete; /* false: time ran out before all topics were read */
};

struct tracing_question {
    const char *wanted;              /* an event_id, or a columba-id */
    const char *lane;                /* NULL: all lanes */
    int64_t since_ms;                /* 0: all that is kept */
    const struct browse_range *from; /* ends of logs to read on from; NULL: since_ms counts */
    size_t from_count;
    int64_t timeout_ms;
};

/* The ends of the logs of a lane, for a later question. *out is released with free(). */
bool tracing_ends(const struct session *session, const char *lane, struct browse_range **out,
                  size_t *count, struct error *error);

/* Redis may be away (session->redis is NULL): the stories say so. out is released in any case. */
bool tracing_gather(const struct session *session, const struct tracing_question *question,
                    struct tracing *out, struct error *error);
void tracing_free(struct tracing *tracing);

#endif
