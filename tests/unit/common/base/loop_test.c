#include "common/base/loop_ev.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* What the callbacks of one test saw. */
struct scene {
    struct loop *loop;
    struct timer *timer;
    struct timer *other;
    struct wakeup *wakeup;
    struct readable *readable;
    int descriptor;
    int count;
    int wanted;
    int64_t at_ms;
    char order[8];
};

static void stop(void *context) {
    struct scene *scene = context;

    scene->count++;
    scene->at_ms = loop_monotonic_ms(scene->loop);
    if (scene->count >= scene->wanted)
        loop_stop(scene->loop);
}

static void setup_scene(struct scene *scene, int wanted) {
    *scene = (struct scene){.loop = loop_new(), .wanted = wanted};
}

static void spin(int64_t ms) {
    struct timespec pause = {.tv_sec = 0, .tv_nsec = ms * 1000000};

    while (nanosleep(&pause, &pause) != 0)
        ;
}

/* Never early, however stale the loop's own idea of the time is. */
static void test_timer_never_fires_early(void **state) {
    static const int64_t delays_ms[] = {0, 1, 5, 20, 33};
    struct scene scene;

    (void)state;
    for (size_t i = 0; i < sizeof delays_ms / sizeof delays_ms[0]; i++) {
        setup_scene(&scene, 1);
        scene.timer = timer_new(scene.loop, stop, &scene);
        spin(40);
        int64_t start_ms = loop_monotonic_ms(scene.loop);
        timer_start(scene.timer, delays_ms[i]);
        assert_int_equal(scene.count, 0);
        loop_run(scene.loop);
        assert_int_equal(scene.count, 1);
        assert_true(scene.at_ms - start_ms >= delays_ms[i]);
        timer_free(scene.timer);
        loop_free(scene.loop);
    }
}

static void test_timer_is_one_shot_and_knows_it(void **state) {
    struct scene scene;

    (void)state;
    setup_scene(&scene, 1);
    scene.timer = timer_new(scene.loop, stop, &scene);
    assert_false(timer_is_running(scene.timer));
    timer_start(scene.timer, 1);
    assert_true(timer_is_running(scene.timer));
    loop_run(scene.loop);
    assert_false(timer_is_running(scene.timer));
    /* Nothing is left to wait for: the loop ends by itself. */
    loop_run(scene.loop);
    assert_int_equal(scene.count, 1);
    timer_free(scene.timer);
    timer_free(NULL);
    loop_free(scene.loop);
}

static void test_stopped_timer_does_not_fire(void **state) {
    struct scene scene;

    (void)state;
    setup_scene(&scene, 1);
    scene.timer = timer_new(scene.loop, stop, &scene);
    timer_start(scene.timer, 0);
    timer_stop(scene.timer);
    timer_stop(scene.timer);
    assert_false(timer_is_running(scene.timer));
    loop_run(scene.loop);
    assert_int_equal(scene.count, 0);
    timer_start(scene.timer, 0);
    timer_free(scene.timer);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 0);
    loop_free(scene.loop);
}

static void note_first(void *context) {
    struct scene *scene = context;

    strcat(scene->order, "a");
    stop(scene);
}

static void note_second(void *context) {
    struct scene *scene = context;

    strcat(scene->order, "b");
    stop(scene);
}

static void test_starting_again_moves_it(void **state) {
    struct scene scene;

    (void)state;
    setup_scene(&scene, 2);
    scene.timer = timer_new(scene.loop, note_first, &scene);
    scene.other = timer_new(scene.loop, note_second, &scene);
    timer_start(scene.timer, 1);
    timer_start(scene.other, 20);
    timer_start(scene.timer, 40);
    loop_run(scene.loop);
    assert_string_equal(scene.order, "ba");
    timer_free(scene.timer);
    timer_free(scene.other);
    loop_free(scene.loop);
}

static void start_again(void *context) {
    struct scene *scene = context;

    stop(scene);
    if (scene->count < scene->wanted)
        timer_start(scene->timer, 0);
}

static void test_timer_may_start_itself(void **state) {
    struct scene scene;

    (void)state;
    setup_scene(&scene, 5);
    scene.timer = timer_new(scene.loop, start_again, &scene);
    timer_start(scene.timer, -7);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 5);
    timer_free(scene.timer);
    loop_free(scene.loop);
}

static void test_clocks(void **state) {
    struct loop *loop = loop_new();
    int64_t wall_ms = (int64_t)time(NULL) * 1000;
    int64_t start_ms = loop_monotonic_ms(loop);

    (void)state;
    assert_in_range(loop_wall_ms(loop), wall_ms - 2000, wall_ms + 2000);
    spin(10);
    int64_t passed_ms = loop_monotonic_ms(loop) - start_ms;
    assert_in_range(passed_ms, 10, 5000);
    loop_free(loop);
    loop_free(NULL);
}

static void test_random_bytes_differ(void **state) {
    struct loop *loop = loop_new();
    unsigned char a[1000] = {0};
    unsigned char b[1000] = {0};
    unsigned seen[256] = {0};
    size_t values = 0;

    (void)state;
    loop_random(loop, a, sizeof a);
    loop_random(loop, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    for (size_t i = 0; i < sizeof a; i++)
        values += seen[a[i]]++ == 0;
    assert_true(values > 200);
    loop_random(loop, NULL, 0);
    loop_free(loop);
}

static void *ring_often(void *context) {
    for (int i = 0; i < 1000; i++)
        wakeup_ring(context);
    return NULL;
}

/* Several rings may become one call, and none gets lost: the last one always calls. */
static void test_wakeup_from_other_threads(void **state) {
    pthread_t threads[2];
    struct scene scene;

    (void)state;
    setup_scene(&scene, 1);
    scene.wakeup = wakeup_new(scene.loop, stop, &scene);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ring_often, scene.wakeup), 0);
    loop_run(scene.loop);
    assert_true(scene.count >= 1);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    scene.count = 0;
    wakeup_ring(scene.wakeup);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 1);
    wakeup_free(scene.wakeup);
    wakeup_free(NULL);
    loop_free(scene.loop);
}

static void test_signal(void **state) {
    struct scene scene;

    (void)state;
    setup_scene(&scene, 1);
    loop_on_signal(scene.loop, SIGUSR1, stop, &scene);
    raise(SIGUSR1);
    loop_run(scene.loop);
    assert_int_equal(scene.count, 1);
    loop_free(scene.loop);
}

static void read_byte(void *context) {
    struct scene *scene = context;
    char byte = 0;

    assert_int_equal(read(scene->descriptor, &byte, 1), 1);
    scene->order[scene->count] = byte;
    stop(scene);
}

static void test_readable_descriptor(void **state) {
    struct scene scene;
    int ends[2];

    (void)state;
    setup_scene(&scene, 2);
    assert_int_equal(pipe(ends), 0);
    scene.descriptor = ends[0];
    scene.readable = readable_new(scene.loop, ends[0], read_byte, &scene);
    assert_int_equal(write(ends[1], "xy", 2), 2);
    loop_run(scene.loop);
    assert_string_equal(scene.order, "xy");
    readable_free(scene.readable);
    readable_free(NULL);
    assert_int_equal(write(ends[1], "z", 1), 1);
    close(ends[0]);
    close(ends[1]);
    loop_free(scene.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_never_fires_early),
        cmocka_unit_test(test_timer_is_one_shot_and_knows_it),
        cmocka_unit_test(test_stopped_timer_does_not_fire),
        cmocka_unit_test(test_starting_again_moves_it),
        cmocka_unit_test(test_timer_may_start_itself),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_random_bytes_differ),
        cmocka_unit_test(test_wakeup_from_other_threads),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_readable_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
