/* What is right and what is wrong, one line each with what to do. Pure. */
#ifndef COLUMBA_CTL_CHECK_H
#define COLUMBA_CTL_CHECK_H

#include "common/queue/topics.h"
#include "common/state/inspect.h"
#include "deploy/columbactl/fleet.h"
#include "deploy/columbactl/rehearsal.h"

enum check_verdict {
    CHECK_OK,
    CHECK_NOTE, /* it works, and there is something to know */
    CHECK_WRONG,
};

struct check_line {
    enum check_verdict verdict;
    const char *about; /* static: "topics" */
    char text[400];
};

struct check {
    struct check_line *lines;
    size_t count;
};

void check_add(struct check *check, enum check_verdict verdict, const char *about,
               const char *format, ...) __attribute__((format(printf, 4, 5)));
void check_free(struct check *check);
bool check_is_sound(const struct check *check);

void check_topics(struct check *check, const struct topic_report *report);
void check_redis(struct check *check, const struct inspect_server *server);
/* Who is there, how far each lane is behind, and which gates are not open. */
void check_fleet(struct check *check, const struct fleet *fleet, const char *const *lanes,
                 size_t lane_count);
void check_app(struct check *check, const struct rehearsal_app *app);

void check_write(const struct check *check, bool json, struct buffer *out);

#endif
