/* How topics are made and what is wrong with one that is not so: one table, and nothing here talks
 * to brokers. Internal to this folder. */
#ifndef COLUMBA_QUEUE_TOPIC_RULES_H
#define COLUMBA_QUEUE_TOPIC_RULES_H

#include "common/queue/topics.h"

enum { TOPIC_VALUE_SIZE = 24 };

/* All topics of the lanes by name: of each lane push, the retries, dead. Release with
 * topic_report_free. */
void topic_rules_list(const struct config *config, const char *const *lanes, size_t lane_count,
                      struct topic_report *out);

/* NULL when the report has no topic of that name. */
struct topic_state *topic_rules_find(const struct topic_report *report, const char *name);

/* A topic that is there: when it is the retry topic of a delay that a lane had before, it joins the
 * report, with its fault. After the others were judged. */
void topic_rules_note_left(const struct config *config, const char *const *lanes, size_t lane_count,
                           const char *name, struct topic_report *report);

/* How many partitions the topics of the lane have, or should: the most that any has, since
 * partitions can only be added. 0 when none exists. */
int32_t topic_rules_partitions(const struct topic_report *report, const char *lane);

/* The settings a topic is made with, in the order they are to be judged in: the name of one, and
 * its value, which may be in number. */
size_t topic_rules_count(void);
const char *topic_rules_name(size_t at);
const char *topic_rules_setting(size_t at, const struct config *config, enum topic_role role,
                                char number[TOPIC_VALUE_SIZE], const char **value);

/* Notes what a topic is set to, and its fault. Settings without a rule are left alone. */
void topic_rules_judge_setting(const struct config *config, const char *name, const char *value,
                               struct topic_state *state);

/* Existence, partitions, replication, as noted in the report. */
void topic_rules_judge_shape(const struct config *config, const struct topic_report *report,
                             struct topic_state *state);

/* Only the first fault of a topic is told. */
void topic_rules_fault(struct topic_state *state, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* After everything was judged: fills in and returns whether all are sound. */
bool topic_rules_conclude(struct topic_report *report);

#endif
