/* What a request is answered with: a kind from one table, and a body. Pure. */
#ifndef COLUMBA_INGRESS_ANSWER_H
#define COLUMBA_INGRESS_ANSWER_H

#include "common/base/buffer.h"
#include "common/base/log.h"
#include "common/push/notification.h"

enum answer_kind {
    ANSWER_ACCEPTED, /* 200 with `rejected`: everything else is on the in-sync replicas */
    ANSWER_DISCOVERY,
    ANSWER_HEALTH,
    ANSWER_NOT_JSON,
    ANSWER_BAD_JSON,
    ANSWER_MISSING_PARAM,
    ANSWER_TOO_LARGE,
    ANSWER_NOT_FOUND,
    ANSWER_WRONG_METHOD,
    ANSWER_BUSY,        /* too much waits for the queue already */
    ANSWER_UNAVAILABLE, /* the queue did not acknowledge */
    ANSWER_KIND_COUNT
};

enum { ANSWER_REASON_SIZE = 160, ANSWER_RETRY_AFTER_SECONDS = 5 };

struct answer {
    enum answer_kind kind;
    struct buffer body;              /* JSON; released with buffer_free */
    char reason[ANSWER_REASON_SIZE]; /* for the operator's log; "" when there is nothing to say */
};

/* What all answers of a kind share. */
struct answer_form {
    const char *name; /* in metrics and logs */
    unsigned status;
    const char *errcode;  /* of the Matrix specification; NULL when it is no error */
    const char *sentence; /* for the caller, when there is nothing more precise */
    enum log_level level;
};

const struct answer_form *answer_form(enum answer_kind kind);

/* The kind that is due for a body that cannot be understood; fault is not NOTIFICATION_OK. */
enum answer_kind answer_of_fault(enum notification_fault fault);

/* Fills the kind, a standard error body and the reason. sentence NULL is the form's own; reason
 * NULL is the sentence. */
void answer_error(struct answer *answer, enum answer_kind kind, const char *sentence,
                  const char *reason);

/* Fills a 200. The pushkeys are sorted in place and each is named once. */
void answer_accepted(struct answer *answer, struct slice *rejected, size_t count);

/* Fills what a UnifiedPush client expects of a Matrix gateway. */
void answer_discovery(struct answer *answer);

/* Fills a 200 that says no more than that somebody answers. */
void answer_health(struct answer *answer);

#endif
