#include "common/base/log.h"

#include "common/base/json.h"
#include "tests/unit/common/base/capture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The fields of the one line that was captured. */
static struct json_object *only_line(struct capture *capture) {
    struct buffer text = {0};

    capture_stop(capture, &text);
    assert_true(text.size > 1);
    assert_ptr_equal(memchr(text.data, '\n', text.size), text.data + text.size - 1);
    struct json_object *line = json_parse(buffer_slice(&text), 2, NULL);
    assert_non_null(line);
    buffer_free(&text);
    return line;
}

static void test_a_line_is_one_json_object(void **state) {
    struct capture capture = capture_start();
    int64_t number = 0;

    (void)state;
    log_open("columba-test", LOG_LEVEL_INFO);
    log_info("pushed", log_text("app_id", "org.example"), log_number("size_bytes", -42),
             log_slice("reason", (struct slice){.data = "a\"b\n\xff\0c", .size = 7}));
    struct json_object *line = only_line(&capture);
    assert_true(slice_is(json_member_text(line, "program"), "columba-test"));
    assert_true(slice_is(json_member_text(line, "level"), "info"));
    assert_true(slice_is(json_member_text(line, "event"), "pushed"));
    assert_true(slice_is(json_member_text(line, "app_id"), "org.example"));
    assert_true(json_member_integer(line, "size_bytes", &number));
    assert_int_equal(number, -42);
    const struct slice reason = {.data = "a\"b\n\xEF\xBF\xBD\0c", .size = 9};
    assert_true(slice_equal(json_member_text(line, "reason"), reason));
    json_object_put(line);
}

static void test_a_plain_line_is_for_people(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};

    (void)state;
    log_open_plain("columba-test", LOG_LEVEL_WARNING);
    log_warning("odd", log_text("file", "a\x1b[2J.yaml"), log_text("reason", "it is so"),
                log_text("absent", NULL), log_number("line", 4));
    log_warning("bare", log_text("absent", NULL));
    log_info("quiet", log_number("n", 1));
    capture_stop(&capture, &text);
    assert_string_equal(buffer_text(&text),
                        "columba-test: warning: odd: it is so (file a\\u001b[2J.yaml, line 4)\n"
                        "columba-test: warning: bare\n");
    buffer_free(&text);
    log_open("columba-test", LOG_LEVEL_INFO);
}

static void test_time_is_utc_with_milliseconds(void **state) {
    struct capture capture = capture_start();
    struct tm utc = {0};
    time_t before = time(NULL);

    (void)state;
    log_error("now", log_number("n", 1));
    struct json_object *line = only_line(&capture);
    struct slice text = json_member_text(line, "time");
    assert_int_equal(text.size, strlen("2000-01-01T00:00:00.000Z"));
    const char *rest = strptime(text.data, "%Y-%m-%dT%H:%M:%S", &utc);
    assert_non_null(rest);
    assert_int_equal(rest[0], '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 3);
    assert_string_equal(rest + 4, "Z");
    assert_in_range(timegm(&utc), before - 1, time(NULL) + 1);
    json_object_put(line);
}

static void test_absent_texts_are_left_out(void **state) {
    struct capture capture = capture_start();

    (void)state;
    log_error("event", log_text("first", NULL), log_slice("second", (struct slice){0}),
              log_text("third", ""), log_number("fourth", 0));
    struct json_object *line = only_line(&capture);
    assert_int_equal(json_object_object_length(line), 6);
    assert_true(slice_is(json_member_text(line, "third"), ""));
    assert_non_null(json_member(line, "fourth"));
    json_object_put(line);
}

static void test_levels_below_the_chosen_one_are_silent(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};

    (void)state;
    log_open("columba-test", LOG_LEVEL_WARNING);
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_true(log_enabled(LOG_LEVEL_WARNING));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    log_info("hidden", log_number("n", 1));
    log_debug("hidden", log_number("n", 1));
    log_open("columba-test", LOG_LEVEL_DEBUG);
    assert_true(log_enabled(LOG_LEVEL_DEBUG));
    capture_stop(&capture, &text);
    assert_int_equal(text.size, 0);
    buffer_free(&text);
}

enum { THREADS = 4, LINES = 200 };

static void *write_lines(void *context) {
    (void)context;
    for (int i = 0; i < LINES; i++)
        log_error("line", log_text("padding", "0123456789012345678901234567890123456789"));
    return NULL;
}

static void test_threads_do_not_mix_lines(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};
    pthread_t threads[THREADS];
    size_t lines = 0;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    capture_stop(&capture, &text);
    for (size_t at = 0; at < text.size; lines++) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        assert_non_null(end);
        struct slice slice = {.data = text.data + at, .size = (size_t)(end - text.data) - at};
        struct json_object *line = json_parse(slice, 2, NULL);
        assert_non_null(line);
        json_object_put(line);
        at += slice.size + 1;
    }
    assert_int_equal(lines, THREADS * LINES);
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_is_one_json_object),
        cmocka_unit_test(test_a_plain_line_is_for_people),
        cmocka_unit_test(test_time_is_utc_with_milliseconds),
        cmocka_unit_test(test_absent_texts_are_left_out),
        cmocka_unit_test(test_levels_below_the_chosen_one_are_silent),
        cmocka_unit_test(test_threads_do_not_mix_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
