#include "dispatcher/gate.h"

#include <stdio.h>
#include <string.h>

enum {
    BACKOFF_FIRST_MS = 500,
    BACKOFF_MAX_MS = 60 * 1000,
    BACKOFF_LEVELS = 8,
    SETTLED_MS = 10 * 1000,      /* open for so long, it starts again with the shortest back-off */
    HALVE_EVERY_MS = 1000,       /* what failed together is one trouble */
    SAME_PUSHKEY_MS = 60 * 1000, /* after which it counts as evidence once more */
    HISTORY = 16,
    HISTORY_TROUBLED = 8,
    FLOWING_MS = 1000,
    WINDOW_MAX = 1 << 20,
};

void gate_init(struct gate *gate, int64_t now_ms) {
    *gate =
        (struct gate){.window = WINDOW_MAX, .born_ms = now_ms, .opened_ms = now_ms - SETTLED_MS};
}

const char *gate_state_name(enum gate_state state) {
    static const char *const names[GATE_STATE_COUNT] = {"open", "closed", "latched", "probing"};

    return names[state];
}

bool gate_is_shut(const struct gate *gate) {
    return gate->state != GATE_OPEN;
}

int64_t gate_shut_for_ms(const struct gate *gate, int64_t now_ms) {
    return gate_is_shut(gate) ? now_ms - gate->shut_ms : 0;
}

int64_t gate_stalled_ms(const struct gate *gate, int64_t now_ms) {
    int64_t since_ms = gate->busy_ms > gate->progressed_ms ? gate->busy_ms : gate->progressed_ms;

    return gate->in_flight == 0 ? 0 : now_ms - since_ms;
}

bool gate_is_flowing(const struct gate *gate, int64_t now_ms) {
    return gate->state == GATE_OPEN && gate->has_succeeded &&
           now_ms - gate->succeeded_ms < FLOWING_MS && gate->latency_ms < FLOWING_MS;
}

bool gate_may_pass(const struct gate *gate, int64_t now_ms) {
    if (gate->state == GATE_PROBING)
        return false;
    return gate_is_shut(gate) ? now_ms >= gate->probe_ms : gate->in_flight < gate->window;
}

uint64_t gate_pass(struct gate *gate, int64_t now_ms) {
    if (gate->in_flight++ == 0)
        gate->busy_ms = now_ms;
    if (!gate_is_shut(gate))
        return 0;
    gate->shut = gate->state;
    gate->state = GATE_PROBING;
    return ++gate->probe;
}

bool gate_spend(struct gate *gate) {
    if (gate->earned == 0)
        return false;
    gate->earned--;
    return true;
}

/* ---- Evidence ---- */

static void forget_evidence(struct gate *gate) {
    gate->suspect_count = 0;
    gate->misconfigured_count = 0;
}

static bool is_alike(const struct gate_suspect *suspect, const struct gate_report *report) {
    return suspect->pushkey == report->pushkey ||
           (report->connection != 0 && suspect->connection == report->connection);
}

/* One pushkey's trouble, however often it is met, is no more than one pushkey's trouble: unless
 * there is no other, and it goes on. So is what one connection carried when it broke. */
static bool is_evidence(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    for (size_t i = 0; i < gate->suspect_count && i < GATE_EVIDENCE; i++) {
        struct gate_suspect *suspect = &gate->suspects[i];
        if (!is_alike(suspect, report))
            continue;
        if (now_ms - suspect->at_ms < SAME_PUSHKEY_MS)
            return false;
        suspect->at_ms = now_ms;
        gate->suspect_count++;
        return true;
    }
    gate->suspects[gate->suspect_count % GATE_EVIDENCE] = (struct gate_suspect){
        .pushkey = report->pushkey, .connection = report->connection, .at_ms = now_ms};
    gate->suspect_count++;
    return true;
}

static void remember(struct gate *gate, bool trouble) {
    gate->history = (gate->history << 1 | (trouble ? 1 : 0)) & ((1U << HISTORY) - 1);
    if (gate->history_count < HISTORY)
        gate->history_count++;
}

static bool is_mostly_trouble(const struct gate *gate) {
    int troubled = 0;

    for (uint32_t bits = gate->history; bits != 0; bits &= bits - 1)
        troubled++;
    return gate->history_count == HISTORY && troubled >= HISTORY_TROUBLED;
}

/* ---- Turns ---- */

static void shut(struct gate *gate, enum gate_state state, bool is_said, enum gate_cause cause,
                 const char *reason, int64_t now_ms) {
    if (!gate_is_shut(gate))
        gate->shut_ms = now_ms;
    gate->state = state;
    gate->is_said = is_said;
    gate->cause = cause;
    gate->history = 0;
    gate->history_count = 0;
    snprintf(gate->reason, sizeof gate->reason, "%s", reason == NULL ? "" : reason);
}

/* Exponential with full jitter. */
static int64_t backoff_ms(const struct gate *gate, uint32_t random) {
    int64_t most_ms = (int64_t)BACKOFF_FIRST_MS << gate->level;

    if (most_ms > BACKOFF_MAX_MS)
        most_ms = BACKOFF_MAX_MS;
    return 1 + (int64_t)(random % (uint64_t)most_ms);
}

static void close(struct gate *gate, const struct gate_report *report, bool is_said,
                  int64_t now_ms) {
    bool begins_anew = gate->state == GATE_OPEN && now_ms - gate->opened_ms >= SETTLED_MS;
    int64_t pause_ms = report->retry_after_ms;

    if (begins_anew)
        gate->level = 0;
    else if (gate->level < BACKOFF_LEVELS)
        gate->level++;
    if (!is_said || pause_ms <= 0)
        pause_ms = backoff_ms(gate, report->random);
    if (pause_ms > GATE_CLOSED_MAX_MS)
        pause_ms = GATE_CLOSED_MAX_MS;
    shut(gate, GATE_CLOSED, is_said, report->cause, report->reason, now_ms);
    gate->probe_ms = now_ms + pause_ms;
}

static void latch(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    shut(gate, GATE_LATCHED, true, report->cause, report->reason, now_ms);
    gate->probe_ms = now_ms + GATE_PROBE_EVERY_MS;
}

static void open(struct gate *gate, int64_t now_ms) {
    gate->state = GATE_OPEN;
    gate->cause = GATE_CAUSE_NONE;
    gate->reason[0] = '\0';
    gate->opened_ms = now_ms;
    gate->window = 1;
    forget_evidence(gate);
}

static void halve(struct gate *gate, int64_t now_ms) {
    if (now_ms - gate->halved_ms < HALVE_EVERY_MS)
        return;
    gate->halved_ms = now_ms;
    gate->window = (gate->window < gate->in_flight ? gate->window : gate->in_flight) / 2;
    if (gate->window == 0)
        gate->window = 1;
}

static void grow(struct gate *gate) {
    if (gate->window < WINDOW_MAX)
        gate->window++;
}

/* ---- News ---- */

static void learn_success(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    if (gate->state == GATE_PROBING)
        open(gate, now_ms);
    forget_evidence(gate);
    remember(gate, false);
    gate->latency_ms =
        gate->has_succeeded ? (gate->latency_ms * 7 + report->took_ms) / 8 : report->took_ms;
    if (!gate->has_succeeded)
        gate->first_succeeded_ms = now_ms;
    gate->has_succeeded = true;
    gate->progressed_ms = now_ms;
    gate->succeeded_ms = now_ms;
    if (!report->earns_nothing && gate->earned < GATE_EARNED_MAX)
        gate->earned++;
    grow(gate);
}

/* The other side listens and knows us. */
static void learn_alive(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    (void)report;
    if (gate->state == GATE_PROBING)
        open(gate, now_ms);
    forget_evidence(gate);
    remember(gate, false);
    grow(gate);
    gate->progressed_ms = now_ms;
}

/* The next probe need not wait: this one found out nothing. */
static void learn_silent(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    (void)report;
    if (gate->state == GATE_PROBING) {
        gate->state = gate->shut;
        gate->probe_ms = now_ms;
    }
}

static void learn_trouble(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    if (gate->state == GATE_PROBING && gate->shut == GATE_LATCHED) {
        gate->state = GATE_LATCHED;
        gate->probe_ms = now_ms + GATE_PROBE_EVERY_MS;
    } else if (gate->state == GATE_PROBING) {
        close(gate, report, gate->is_said, now_ms);
    } else if (gate->state == GATE_OPEN && is_evidence(gate, report, now_ms)) {
        remember(gate, true);
        halve(gate, now_ms);
        if (gate->suspect_count >= GATE_EVIDENCE || is_mostly_trouble(gate))
            close(gate, report, false, now_ms);
    }
}

/* What was sent before the gate was shut may be told the same once more: that is no new back-off,
 * but may be a longer one. */
static void learn_wait(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    int64_t asked_ms =
        now_ms +
        (report->retry_after_ms > GATE_CLOSED_MAX_MS ? GATE_CLOSED_MAX_MS : report->retry_after_ms);

    if (gate->state == GATE_OPEN || (gate->state == GATE_PROBING && gate->shut == GATE_CLOSED)) {
        halve(gate, now_ms);
        close(gate, report, true, now_ms);
    } else if (gate->state == GATE_CLOSED && asked_ms > gate->probe_ms) {
        gate->probe_ms = asked_ms;
    } else if (gate->state == GATE_PROBING) {
        close(gate, report, true, now_ms);
    }
}

static void learn_misconfigured(struct gate *gate, const struct gate_report *report,
                                int64_t now_ms) {
    if (gate->state == GATE_PROBING) {
        latch(gate, report, now_ms);
    } else if (gate->state != GATE_LATCHED && is_evidence(gate, report, now_ms)) {
        gate->misconfigured_count++;
        if (gate->misconfigured_count >= GATE_EVIDENCE)
            latch(gate, report, now_ms);
    }
}

void gate_learn(struct gate *gate, const struct gate_report *report, int64_t now_ms) {
    static void (*const learn[GATE_NEWS_COUNT])(struct gate *, const struct gate_report *,
                                                int64_t) = {
        [GATE_SUCCESS] = learn_success, [GATE_ALIVE] = learn_alive,
        [GATE_SILENT] = learn_silent,   [GATE_TROUBLE] = learn_trouble,
        [GATE_WAIT] = learn_wait,       [GATE_MISCONFIGURED] = learn_misconfigured,
    };

    /* While a probe is out, what is not it says nothing new, unless that it got through. */
    bool is_old = gate->state == GATE_PROBING && report->probe != gate->probe &&
                  report->news != GATE_SUCCESS && report->news != GATE_ALIVE;

    if (!is_old)
        learn[report->news](gate, report, now_ms);
    gate->in_flight--;
}

void gate_shut(struct gate *gate, enum gate_state state, enum gate_cause cause, const char *reason,
               int64_t probe_ms, int64_t now_ms) {
    shut(gate, state, true, cause, reason, now_ms);
    gate->probe_ms = probe_ms;
}

void gate_retry(struct gate *gate, int64_t now_ms) {
    if (gate_is_shut(gate) && gate->state != GATE_PROBING)
        gate->probe_ms = now_ms;
}
