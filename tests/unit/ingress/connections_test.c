#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/connections.h"

#include <string.h>

/* A connection of which the test says what the system would. */
struct peer {
    struct connection_link link;
    struct connection_sight sight;
    int ends;
    enum connection_end reason;
};

static struct connection_sight look(void *context, struct connection_link *link) {
    (void)context;
    return ((struct peer *)link)->sight;
}

static void end(void *context, struct connection_link *link, enum connection_end reason) {
    struct peer *peer = (struct peer *)link;

    (void)context;
    peer->ends++;
    peer->reason = reason;
}

static const struct connection_owner owner = {look, end};

static void open_connections(struct connections *connections) {
    connections_init(connections, &owner, NULL);
    connections->limit = 3;
    connections->idle_timeout_ms = 1000;
    connections->read_timeout_ms = 100;
}

static void the_first_request_is_due_at_once(void **state) {
    struct connections connections;
    struct peer peer = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_sweep(&connections, 99);
    assert_int_equal(peer.ends, 0);
    connections_sweep(&connections, 100);
    assert_int_equal(peer.ends, 1);
    assert_int_equal(peer.reason, CONNECTION_END_SLOW);
    assert_int_equal(connections.count, 1);
    connections_remove(&connections, &peer.link);
    assert_int_equal(connections.count, 0);
}

static void reading_on_prolongs_nothing(void **state) {
    struct connections connections;
    struct peer peer = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_READING, 90);
    connections_sweep(&connections, 100);
    assert_int_equal(peer.reason, CONNECTION_END_SLOW);
    assert_int_equal(peer.ends, 1);
}

static void waiting_for_us_takes_as_long_as_it_takes(void **state) {
    struct connections connections;
    struct peer peer = {.sight = {.closed = true}};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_WAITING, 10);
    connections_sweep(&connections, 1000000);
    assert_int_equal(peer.ends, 0);
}

static void an_answer_has_to_be_taken(void **state) {
    struct connections connections;
    struct peer peer = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_ANSWERING, 1000);
    connections_sweep(&connections, 1099);
    assert_int_equal(peer.ends, 0);
    connections_sweep(&connections, 1100);
    assert_int_equal(peer.reason, CONNECTION_END_SLOW);
}

static void idle_ones_end_the_longest_idle_first(void **state) {
    struct connections connections;
    struct peer first = {0};
    struct peer second = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &first.link, 0);
    connections_add(&connections, &second.link, 0);
    connections_enter(&connections, &second.link, CONNECTION_IDLE, 50);
    connections_enter(&connections, &first.link, CONNECTION_IDLE, 60);
    connections_sweep(&connections, 1055);
    assert_int_equal(second.ends, 1);
    assert_int_equal(second.reason, CONNECTION_END_IDLE);
    assert_int_equal(first.ends, 0);
}

static void a_first_line_that_dribbles_is_noticed(void **state) {
    struct connections connections;
    struct peer peer = {.sight = {.received_bytes = 500}};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_IDLE, 0);
    connections_sweep(&connections, 10);
    connections_sweep(&connections, 300);
    assert_int_equal(peer.link.phase, CONNECTION_IDLE);
    peer.sight.received_bytes = 501;
    connections_sweep(&connections, 310);
    assert_int_equal(peer.link.phase, CONNECTION_READING);
    peer.sight.received_bytes = 502;
    connections_sweep(&connections, 409);
    assert_int_equal(peer.ends, 0);
    connections_sweep(&connections, 410);
    assert_int_equal(peer.ends, 1);
    assert_int_equal(peer.reason, CONNECTION_END_SLOW);
}

static void a_system_that_says_nothing_accuses_nobody(void **state) {
    struct connections connections;
    struct peer peer = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_IDLE, 0);
    for (int64_t now_ms = 10; now_ms < 1000; now_ms += 10)
        connections_sweep(&connections, now_ms);
    assert_int_equal(peer.ends, 0);
}

static void a_caller_who_has_left_is_noticed_once(void **state) {
    struct connections connections;
    struct peer peer = {.sight = {.closed = true}};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peer.link, 0);
    connections_enter(&connections, &peer.link, CONNECTION_IDLE, 0);
    connections_sweep(&connections, 10);
    connections_sweep(&connections, 20);
    assert_int_equal(peer.ends, 1);
    assert_int_equal(peer.reason, CONNECTION_END_GONE);
    assert_true(peer.link.ended);
    /* The nudge may have been in vain: what remains is cut. */
    connections_sweep(&connections, 110);
    assert_int_equal(peer.ends, 2);
    assert_int_equal(peer.reason, CONNECTION_END_SLOW);
}

static void when_full_the_longest_idle_makes_room(void **state) {
    struct connections connections;
    struct peer peers[4] = {0};

    (void)state;
    open_connections(&connections);
    connections_add(&connections, &peers[0].link, 0);
    connections_enter(&connections, &peers[0].link, CONNECTION_WAITING, 0);
    connections_add(&connections, &peers[1].link, 1);
    connections_enter(&connections, &peers[1].link, CONNECTION_IDLE, 2);
    assert_int_equal(peers[1].ends, 0);
    connections_add(&connections, &peers[2].link, 3);
    assert_int_equal(peers[1].ends, 1);
    assert_int_equal(peers[1].reason, CONNECTION_END_ROOM);
    connections_add(&connections, &peers[3].link, 4);
    assert_int_equal(peers[0].ends + peers[1].ends + peers[2].ends + peers[3].ends, 1);
}

static void when_full_of_reading_ones_the_slowest_goes(void **state) {
    struct connections connections;
    struct peer peers[3] = {0};

    (void)state;
    open_connections(&connections);
    connections.read_timeout_ms = 15000;
    for (size_t i = 0; i < 3; i++)
        connections_add(&connections, &peers[i].link, (int64_t)i);
    connections_sweep(&connections, 999);
    assert_int_equal(peers[0].ends, 0);
    connections_sweep(&connections, 1001);
    assert_int_equal(peers[0].ends, 1);
    assert_int_equal(peers[0].reason, CONNECTION_END_SHARE);
    assert_int_equal(peers[1].ends + peers[2].ends, 0);
}

static void the_slowest_is_not_whoever_has_just_come(void **state) {
    struct connections connections;
    struct peer peer = {0};

    (void)state;
    open_connections(&connections);
    connections_end_slowest(&connections, 0);
    connections_add(&connections, &peer.link, 0);
    connections_end_slowest(&connections, 999);
    assert_int_equal(peer.ends, 0);
    connections_end_slowest(&connections, 1000);
    connections_end_slowest(&connections, 3000);
    assert_int_equal(peer.ends, 1);
    assert_int_equal(peer.reason, CONNECTION_END_SHARE);
}

static void draining_ends_the_idle_alone(void **state) {
    struct connections connections;
    struct peer peers[3] = {0};

    (void)state;
    open_connections(&connections);
    connections.limit = 10;
    for (size_t i = 0; i < 3; i++)
        connections_add(&connections, &peers[i].link, 0);
    connections_enter(&connections, &peers[0].link, CONNECTION_IDLE, 1);
    connections_enter(&connections, &peers[1].link, CONNECTION_WAITING, 1);
    connections_end_idle(&connections, 2);
    assert_int_equal(peers[0].ends, 1);
    assert_int_equal(peers[0].reason, CONNECTION_END_DRAIN);
    assert_int_equal(peers[1].ends + peers[2].ends, 0);
}

static void every_reason_has_a_name(void **state) {
    (void)state;
    for (int reason = CONNECTION_END_GONE; reason <= CONNECTION_END_DRAIN; reason++)
        assert_true(strlen(connection_end_name((enum connection_end)reason)) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_request_is_due_at_once),
        cmocka_unit_test(reading_on_prolongs_nothing),
        cmocka_unit_test(waiting_for_us_takes_as_long_as_it_takes),
        cmocka_unit_test(an_answer_has_to_be_taken),
        cmocka_unit_test(idle_ones_end_the_longest_idle_first),
        cmocka_unit_test(a_first_line_that_dribbles_is_noticed),
        cmocka_unit_test(a_system_that_says_nothing_accuses_nobody),
        cmocka_unit_test(a_caller_who_has_left_is_noticed_once),
        cmocka_unit_test(when_full_the_longest_idle_makes_room),
        cmocka_unit_test(when_full_of_reading_ones_the_slowest_goes),
        cmocka_unit_test(the_slowest_is_not_whoever_has_just_come),
        cmocka_unit_test(draining_ends_the_idle_alone),
        cmocka_unit_test(every_reason_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
