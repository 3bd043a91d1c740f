/* Who waits for room among hosts that nobody has heard of: pure, without any gates around it. */
#include "dispatcher/gate_room.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { IN_FLIGHT = 100, TENTH = IN_FLIGHT / 10, SIZE_BYTES = 1000, STARTED_MS = 5000000 };

/* Hosts of which nobody has heard before, one push to each. */
struct flood {
    struct gate_room room;
    struct place hosts[IN_FLIGHT];
    size_t count;
};

static void open_flood(struct flood *flood) {
    *flood = (struct flood){
        .room = {.in_flight = IN_FLIGHT, .in_flight_bytes = INT64_MAX, .in_use = IN_FLIGHT}};
    for (size_t i = 0; i < IN_FLIGHT; i++)
        flood->hosts[i] = (struct place){.is_host = true, .is_judged = true};
}

static struct place *next_host(struct flood *flood) {
    assert_in_range(flood->count, 0, IN_FLIGHT - 1);
    return &flood->hosts[flood->count++];
}

/* The strangers' tenth is on the wire. */
static void fill(struct flood *flood, int64_t now_ms) {
    for (size_t i = 0; i < TENTH; i++) {
        struct place *host = next_host(flood);
        assert_true(gate_room_may_pass(&flood->room, host, now_ms));
        gate_room_pass(&flood->room, host, SIZE_BYTES, now_ms);
        host->gate.in_flight++;
    }
    assert_false(gate_room_may_pass(&flood->room, next_host(flood), now_ms));
}

static bool next_may_wait(struct flood *flood, int64_t now_ms) {
    struct place *host = next_host(flood);
    bool may_wait = gate_room_may_wait(&flood->room, host, now_ms);

    if (may_wait)
        gate_room_join(&flood->room, host, SIZE_BYTES);
    return may_wait;
}

static void hear_of(struct flood *flood, size_t which, enum gate_news news, int64_t now_ms) {
    gate_room_learn(&flood->room, &flood->hosts[which], SIZE_BYTES, news, now_ms);
    flood->hosts[which].gate.in_flight--;
}

/* After a start everybody is a stranger, until the first answers come. */
static void strangers_may_wait_for_the_first_answers(void **state) {
    struct flood flood;

    (void)state;
    open_flood(&flood);
    fill(&flood, STARTED_MS);
    assert_true(next_may_wait(&flood, STARTED_MS));
    assert_true(next_may_wait(&flood, STARTED_MS + GATE_ROOM_PATIENCE_MS - 1));
}

static void where_all_are_silent_the_next_ones_do_not_wait(void **state) {
    int64_t silent_ms = STARTED_MS + GATE_ROOM_PATIENCE_MS;
    struct flood flood;

    (void)state;
    open_flood(&flood);
    fill(&flood, STARTED_MS);
    assert_false(next_may_wait(&flood, silent_ms));

    hear_of(&flood, 0, GATE_TROUBLE, silent_ms);
    struct place *host = next_host(&flood);
    assert_true(gate_room_may_pass(&flood.room, host, silent_ms));
    gate_room_pass(&flood.room, host, SIZE_BYTES, silent_ms);
    assert_false(next_may_wait(&flood, silent_ms));
}

static void one_that_is_answered_gives_the_others_time(void **state) {
    int64_t silent_ms = STARTED_MS + GATE_ROOM_PATIENCE_MS;
    struct flood flood;

    (void)state;
    open_flood(&flood);
    fill(&flood, STARTED_MS);
    assert_true(next_may_wait(&flood, STARTED_MS));
    assert_false(next_may_wait(&flood, silent_ms));
    hear_of(&flood, 0, GATE_ALIVE, silent_ms);
    assert_true(next_may_wait(&flood, silent_ms));
}

static void strangers_cost_friends_nothing(void **state) {
    struct flood flood;

    (void)state;
    open_flood(&flood);
    fill(&flood, STARTED_MS);
    struct place *friend = next_host(&flood);
    friend->gate.has_succeeded = true;
    assert_true(gate_room_may_pass(&flood.room, friend, STARTED_MS + GATE_ROOM_PATIENCE_MS));
    assert_true(gate_room_may_wait(&flood.room, friend, STARTED_MS + GATE_ROOM_PATIENCE_MS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_may_wait_for_the_first_answers),
        cmocka_unit_test(where_all_are_silent_the_next_ones_do_not_wait),
        cmocka_unit_test(one_that_is_answered_gives_the_others_time),
        cmocka_unit_test(strangers_cost_friends_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
