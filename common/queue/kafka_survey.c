#include "common/queue/kafka_survey.h"

#include "common/queue/kafka_offsets.h"

enum { INTERVAL_MS = 3000, TIMEOUT_MS = 2000 };

static void surveyed(void *context, const struct kafka_offsets *offsets,
                     const struct error *error) {
    struct kafka_survey *survey = context;

    if (error == NULL && survey->generation == survey->assignment->generation)
        kafka_assignment_survey(survey->assignment, offsets);
    kafka_survey_release(survey);
}

void kafka_survey_tick(struct kafka_survey *survey) {
    int64_t now_ms = loop_monotonic_ms(survey->loop);
    struct error error;

    if (survey->lookup != NULL || now_ms < survey->due_ms ||
        kafka_assignment_count(survey->assignment) == 0)
        return;
    survey->due_ms = now_ms + INTERVAL_MS;
    survey->generation = survey->assignment->generation;
    survey->lookup = kafka_lookup_start(survey->loop, survey->client, survey->assignment->list,
                                        TIMEOUT_MS, surveyed, survey, &error);
}

void kafka_survey_release(struct kafka_survey *survey) {
    kafka_lookup_free(survey->lookup);
    survey->lookup = NULL;
}
