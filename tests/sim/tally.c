#include "tests/sim/tally.h"

#include <stdio.h>

#define BIT(outcome) (1u << (outcome))
#define SENT BIT(OUTCOME_DELIVERED)
#define MOVED BIT(OUTCOME_MOVED)
#define RETRIED (SENT | MOVED)

/* What a fault is called, and in which cells of its row a sound dispatcher leaves something. */
static const struct {
    const char *name;
    unsigned needed;
} faults[FAULT_COUNT] = {
    [FAULT_CRASH] = {"dispatcher killed", RETRIED | BIT(TALLY_TWICE)},
    [FAULT_LEAVE] = {"dispatcher stopped", RETRIED},
    [FAULT_ZOMBIE] = {"member expelled while alive", RETRIED | BIT(TALLY_TWICE)},
    [FAULT_CLOCK_JUMP] = {"wall clock steps by an hour", RETRIED},
    [FAULT_ROLLOUT] = {"a new credential is no good", RETRIED},
    [FAULT_RELOAD] = {"another configuration", RETRIED},
    [FAULT_QUEUE_REFUSES] = {"queue takes nothing", RETRIED},
    [FAULT_QUEUE_SLOW] = {"queue acknowledges late", RETRIED},
    [FAULT_ACK_LOST] = {"acknowledgement lost", RETRIED | BIT(OUTCOME_DROPPED)},
    [FAULT_LATE_COMMIT] = {"commit refused", SENT},
    [FAULT_REDIS_AWAY] = {"Redis away", RETRIED},
    [FAULT_REDIS_SLOW] = {"Redis slow", RETRIED},
    [FAULT_REDIS_FLUSHED] = {"Redis flushed", RETRIED},
    [FAULT_UNREADABLE] = {"unreadable record", BIT(OUTCOME_DEAD)},
    [FAULT_REPEATED] = {"homeserver repeats", SENT | BIT(OUTCOME_DROPPED)},
    [FAULT_HOT_PUSHKEY] = {"hot pushkey", RETRIED},
    [FAULT_STRANGER] = {"stranger's invention", MOVED | BIT(OUTCOME_DEAD)},
    [FAULT_RENEWED] = {"pushkey registered anew", SENT},
    [FAULT_STORM] = {"storm of pushes", RETRIED},
    [FAULT_DEAD] = {"pushkey is dead", BIT(OUTCOME_REJECTED)},
    [FAULT_AMBIGUOUS] = {"ambiguous answer", MOVED},
    [FAULT_CONFIGURATION] = {"credential refused", RETRIED},
    [FAULT_STALE_CREDENTIAL] = {"credential stale", SENT},
    [FAULT_TOKEN_ENDPOINT] = {"token endpoint in trouble", RETRIED},
    [FAULT_RATE_LIMIT] = {"429", RETRIED},
    [FAULT_RATE_LIMIT_AFTER] = {"429 with Retry-After", RETRIED},
    [FAULT_SERVER_ERROR] = {"500", RETRIED},
    [FAULT_UNAVAILABLE_AFTER] = {"503 with Retry-After", RETRIED},
    [FAULT_HTML] = {"HTML", RETRIED},
    [FAULT_SLOW] = {"slow answers", RETRIED},
    [FAULT_HANG] = {"no answer", RETRIED},
    [FAULT_ANSWER_LOST] = {"answer lost", RETRIED | BIT(TALLY_TWICE)},
    [FAULT_RESET] = {"connection reset", RETRIED},
    [FAULT_REFUSED] = {"connection refused", RETRIED},
    [FAULT_GOAWAY] = {"request not sent", RETRIED},
};

const char *tally_fault_name(enum fault fault) {
    return faults[fault].name;
}

void tally_push(struct tally *tally, uint64_t met, unsigned outcomes) {
    for (size_t fault = 0; fault < FAULT_COUNT; fault++) {
        if ((met >> fault & 1) == 0)
            continue;
        tally->met[fault]++;
        for (size_t outcome = 0; outcome < TALLY_COLUMNS; outcome++)
            tally->cells[fault][outcome] += outcomes >> outcome & 1;
    }
}

void tally_add(struct tally *sum, const struct tally *tally) {
    for (size_t fault = 0; fault < FAULT_COUNT; fault++) {
        sum->happened[fault] += tally->happened[fault];
        sum->met[fault] += tally->met[fault];
        for (size_t outcome = 0; outcome < TALLY_COLUMNS; outcome++)
            sum->cells[fault][outcome] += tally->cells[fault][outcome];
    }
}

static size_t print_row(const struct tally *tally, size_t fault) {
    size_t empty = tally->met[fault] == 0 ? 1 : 0;

    printf("%-28s %8zu %8zu", faults[fault].name, tally->happened[fault], tally->met[fault]);
    for (size_t outcome = 0; outcome < TALLY_COLUMNS; outcome++) {
        bool is_needed = (faults[fault].needed >> outcome & 1) != 0;
        bool is_empty = tally->cells[fault][outcome] == 0;
        if (is_empty)
            printf(" %9s", is_needed ? "EMPTY" : "-");
        else
            printf(" %9zu", tally->cells[fault][outcome]);
        empty += is_empty && is_needed ? 1 : 0;
    }
    putchar('\n');
    return empty;
}

size_t tally_print(const struct tally *tally) {
    size_t empty = 0;

    printf("%-28s %8s %8s", "fault", "happened", "pushes");
    for (size_t outcome = 0; outcome < OUTCOME_COUNT; outcome++)
        printf(" %9s", outcome_name((enum outcome)outcome));
    printf(" %9s\n", "twice");
    for (size_t fault = 0; fault < FAULT_COUNT; fault++)
        empty += print_row(tally, fault);
    return empty;
}
