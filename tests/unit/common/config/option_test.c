#include "common/config/options.h"

#include "common/base/memory.h"
#include "tests/unit/common/config/parse.h"

/* ---- Mistakes of every kind, word for word ---- */

static void test_unknown_keys(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE APPS "que: {}\n", "columba.yaml:3: que: is not a key, did you mean queue?"},
        {QUEUE APPS "server: {}\n", "columba.yaml:3: server: is not a key, expected one of queue, "
                                    "redis, retry, log, tracing, ingress, "
                                    "dispatcher, apps"},
        {QUEUE APPS "log: {lvel: info}\n",
         "columba.yaml:3: log.lvel: is not a key, did you mean level?"},
        {QUEUE APPS "retry: {after: 1s}\n",
         "columba.yaml:3: retry.after: is not a key, expected one of delays, max_age"},
        {"queue:\n  brokers: a\n  \"bro\\nkers\": b\n",
         "columba.yaml:3: queue.bro\\nkers: is not a key, did you mean brokers?"},
        {QUEUE APPS "ingress: {listen_file: /x}\n",
         "columba.yaml:3: ingress.listen_file: is not a key, expected one of listen, admin_listen, "
         "workers, body_limit, device_limit, copies_limit, waiting_requests, waiting_bytes, "
         "connection_limit, idle_timeout, read_timeout, drain_delay, unknown_app"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_missing_and_misplaced(void **state) {
    static const struct mistake mistakes[] = {
        {"", "columba.yaml:1: queue.brokers: is missing, expected text such as "
             "kafka-1:9092,kafka-2:9092"},
        {APPS "\nqueue:\n  prefix: x\n",
         "columba.yaml:3: queue.brokers: is missing, expected text such as "
         "kafka-1:9092,kafka-2:9092"},
        {"queue:\n  brokers:\n" APPS,
         "columba.yaml:1: queue.brokers: is missing, expected text such as "
         "kafka-1:9092,kafka-2:9092"},
        {"- a\n", "columba.yaml:1: is not a map, expected keys and their values"},
        {"queue: kafka:9092\n",
         "columba.yaml:1: queue: is not a map, expected keys and their values"},
        {QUEUE APPS "redis: [a]\n",
         "columba.yaml:3: redis: is not a map, expected keys and their values"},
        {QUEUE APPS "redis: {address: [a, b]}\n",
         "columba.yaml:3: redis.address: is not a single value, expected host:port or "
         "\"[IPv6 address]:port\""},
        {QUEUE APPS "queue: {}\n",
         "columba.yaml:3: queue: is there twice (first in line 1), expected it once"},
        {QUEUE APPS "log:\n  level: info\n  level: debug\n",
         "columba.yaml:5: log.level: is there twice (first in line 4), expected it once"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_wrong_numbers(void **state) {
    static const struct mistake mistakes[] = {
        {"queue:\n  brokers: a\n  ack_timeout: 20\n",
         "columba.yaml:3: queue.ack_timeout: \"20\" has no unit (ms, s, m, h, d), expected a "
         "duration from 1s to 25s"},
        {"queue:\n  brokers: a\n  ack_timeout: 26s\n",
         "columba.yaml:3: queue.ack_timeout: \"26s\" is out of bounds, expected a duration from 1s "
         "to 25s"},
        {"queue:\n  brokers: a\n  ack_timeout: 0\n",
         "columba.yaml:3: queue.ack_timeout: \"0\" is out of bounds, expected a duration from 1s "
         "to 25s"},
        {"queue:\n  brokers: a\n  ack_timeout: soon\n",
         "columba.yaml:3: queue.ack_timeout: \"soon\" is not a number with a unit (ms, s, m, h, "
         "d), "
         "expected a duration from 1s to 25s"},
        {QUEUE "ingress: {idle_timeout: 2m}\n",
         "columba.yaml:2: ingress.idle_timeout: \"2m\" is out of bounds, expected a duration from "
         "121s to 1h"},
        {QUEUE "ingress: {body_limit: 512KB}\n",
         "columba.yaml:2: ingress.body_limit: \"512KB\" is not a number of bytes, KiB, MiB or GiB, "
         "expected a size from 1KiB to 896KiB"},
        {QUEUE "ingress: {workers: 0}\n",
         "columba.yaml:2: ingress.workers: \"0\" is out of bounds, expected auto or a number from "
         "1 to 256"},
        {QUEUE "ingress: {workers: many}\n",
         "columba.yaml:2: ingress.workers: \"many\" is not a whole number, expected auto or a "
         "number from 1 to 256"},
        {QUEUE "ingress: {workers: {}}\n",
         "columba.yaml:2: ingress.workers: is not a single value, expected auto or a number from 1 "
         "to 256"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_wrong_texts(void **state) {
    static const struct mistake mistakes[] = {
        {"queue: {brokers: ''}\n",
         "columba.yaml:1: queue.brokers: \"\" is empty, expected text such as "
         "kafka-1:9092,kafka-2:9092"},
        {"queue: {brokers: a, prefix: 'a b'}\n",
         "columba.yaml:1: queue.prefix: \"a b\" is not a name, expected letters, digits, '.', '_', "
         "'-', at most 80"},
        {"queue: {brokers: a, prefix: 123456789012345678901234567890123456789012345678901234567890"
         "123456789012345678901}\n",
         "columba.yaml:1: queue.prefix: "
         "\"123456789012345678901234567890123456789012345678901234567890…\" is too long, expected "
         "letters, digits, '.', '_', '-', at most 80"},
        {QUEUE "ingress: {unknown_app: \"dr\\top\\n\"}\n",
         "columba.yaml:2: ingress.unknown_app: \"dr\\top\\n\" is none of the choices, expected one "
         "of drop, reject"},
        {QUEUE "log: {level: INFO}\n",
         "columba.yaml:2: log.level: \"INFO\" is none of the choices, "
         "expected one of error, warning, info, debug"},
        {QUEUE "ingress: {listen: 8008}\n",
         "columba.yaml:2: ingress.listen: \"8008\" is not an address, expected host:port or "
         "\"[IPv6 address]:port\", or a list of at most 32 of them"},
        {QUEUE "ingress: {listen: ['[::1]:1', {}]}\n",
         "columba.yaml:2: ingress.listen[1]: is not a single value, expected host:port or "
         "\"[IPv6 address]:port\", or a list of at most 32 of them"},
        {QUEUE "ingress: {listen: []}\n",
         "columba.yaml:2: ingress.listen: is not a single value, expected host:port or "
         "\"[IPv6 address]:port\", or a list of at most 32 of them"},
        {QUEUE "redis: {address: redis:0}\n",
         "columba.yaml:2: redis.address: \"redis:0\" is not an address, expected host:port or "
         "\"[IPv6 address]:port\""},
        {QUEUE "redis:\n  username: u\n" APPS,
         "columba.yaml:3: redis.username: is there without redis.password, expected both or none"},
        {QUEUE "log:\n  level: ${COLUMBA_TEST_UNSET}\n",
         "columba.yaml:3: log.level: the environment variable COLUMBA_TEST_UNSET is not set, "
         "expected it, or a default as in ${COLUMBA_TEST_UNSET:-default}"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_wrong_lists(void **state) {
    static const char durations[] = "an ascending list of 1 to 32 durations, each a duration from "
                                    "100ms to 1d";
    static const struct {
        const char *delays;
        const char *error;
    } cases[] = {
        {"15s", "retry.delays: \"15s\" is not a list, expected %s"},
        {"[]", "retry.delays: is empty, expected %s"},
        {"[2m, 15s]", "retry.delays[1]: \"15s\" is not longer than the one before it, expected %s"},
        {"[2m, 120s]",
         "retry.delays[1]: \"120s\" is not longer than the one before it, expected %s"},
        {"[15s, 2]", "retry.delays[1]: \"2\" has no unit (ms, s, m, h, d), expected %s"},
        {"[15s, ~]",
         "retry.delays[1]: \"~\" is not a number with a unit (ms, s, m, h, d), expected %s"},
        {"[15s, [2m]]", "retry.delays[1]: is not a single value, expected %s"},
    };
    struct buffer yaml = {0};
    struct buffer expected = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_clear(&yaml);
        buffer_clear(&expected);
        buffer_append_format(&yaml, QUEUE "retry: {delays: %s}\n", cases[i].delays);
        buffer_append_text(&expected, "columba.yaml:2: ");
        buffer_append(&expected,
                      (struct slice){.data = cases[i].error, .size = strlen(cases[i].error) - 2});
        buffer_append_text(&expected, durations);
        assert_refused(buffer_text(&yaml), buffer_text(&expected));
    }
    buffer_free(&yaml);
    buffer_free(&expected);
    assert_refused(QUEUE "retry: {delays: [1s, 2h]\n, max_age: 1h}\n" APPS,
                   "columba.yaml:3: retry.max_age: the longest delay is 2h, expected none longer "
                   "than retry.max_age");
    assert_refused(QUEUE "dispatcher: {lanes: [fcm, 'a b']}\n",
                   "columba.yaml:2: dispatcher.lanes[1]: \"a b\" is not a name, expected a list of "
                   "at most 32 names, each of letters, digits, '.', '_', '-', at most 80");
    assert_refused(QUEUE "dispatcher: {lanes: ['']}\n",
                   "columba.yaml:2: dispatcher.lanes[0]: \"\" is not a name, expected a list of "
                   "at most 32 names, each of letters, digits, '.', '_', '-', at most 80");
}

static void test_lists_are_bounded(void **state) {
    struct buffer yaml = {0};

    (void)state;
    for (int count = CONFIG_LIST_MAX; count <= CONFIG_LIST_MAX + 1; count++) {
        buffer_clear(&yaml);
        buffer_append_text(&yaml, QUEUE APPS "dispatcher:\n  lanes:\n");
        for (int i = 0; i < count; i++)
            buffer_append_format(&yaml, "    - lane%d\n", i);
        if (count == CONFIG_LIST_MAX) {
            struct config *config = parse(buffer_text(&yaml));
            assert_int_equal(config->dispatcher.lanes.count, CONFIG_LIST_MAX);
            config_release(config);
        }
    }
    assert_refused(buffer_text(&yaml),
                   "columba.yaml:4: dispatcher.lanes: has too many members, expected a list of at "
                   "most 32 names, each of letters, digits, '.', '_', '-', at most 80");
    buffer_free(&yaml);
}

/* ---- What holds for every row ---- */

static struct option_scope global_scope(const struct option *section) {
    return (struct option_scope){
        .rows = options_global, .count = options_global_count, .section = section->name};
}

static void test_every_row_is_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < options_global_count + options_app_count; i++) {
        bool is_app = i >= options_global_count;
        const struct option *row =
            is_app ? &options_app[i - options_global_count] : &options_global[i];
        assert_true(row->type != NULL && row->help != NULL && row->help[0] != '\0');
        assert_true(row->required + (row->fallback != NULL) + (row->absent != NULL) == 1);
        assert_true(row->minimum <= row->maximum);
        assert_int_equal(row->kinds != 0, is_app);
        assert_null(strpbrk(row->help, "|\n"));
        size_t sections = 0;
        for (size_t s = 0; s < options_section_count && !is_app; s++) {
            struct option_scope scope = global_scope(&options_sections[s]);
            sections += option_key(&scope, row) != NULL;
        }
        assert_int_equal(sections, is_app ? 0 : 1);
    }
}

static void test_no_two_rows_share_a_name(void **state) {
    (void)state;
    for (size_t i = 0; i < options_global_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(options_global[i].name, options_global[j].name);
    for (size_t i = 0; i < options_app_count; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(options_app[i].name, options_app[j].name);
}

static void write_number(const struct option *row, int64_t number, struct buffer *out) {
    const char *unit = row->type == &option_duration ? "ms" : "";

    buffer_clear(out);
    buffer_append_format(out, "%lld%s", (long long)number, unit);
}

/* Reads the value as the row would; the number that came of it, or -1. */
static int64_t read_number(const struct option *row, const char *text) {
    struct config *config = memory_new(sizeof *config);
    struct error error = {0};
    struct yaml_tree *tree = yaml_tree_parse("t", slice_of(text), &error);
    int64_t number = -1;

    if (row->type->read(row, yaml_tree_root(tree), config, &error))
        number = *(int64_t *)(void *)((char *)config + row->offset);
    yaml_tree_free(tree);
    free(config);
    return number;
}

static void test_bounds_of_every_number(void **state) {
    struct buffer text = {0};
    size_t rows = 0;

    (void)state;
    for (size_t i = 0; i < options_global_count; i++) {
        const struct option *row = &options_global[i];
        if (row->type != &option_integer && row->type != &option_duration &&
            row->type != &option_size)
            continue;
        rows++;
        write_number(row, row->minimum, &text);
        assert_true(read_number(row, buffer_text(&text)) == row->minimum);
        write_number(row, row->maximum, &text);
        assert_true(read_number(row, buffer_text(&text)) == row->maximum);
        write_number(row, row->minimum - 1, &text);
        assert_true(read_number(row, buffer_text(&text)) == -1);
        write_number(row, row->maximum + 1, &text);
        assert_true(read_number(row, buffer_text(&text)) == -1);
    }
    assert_in_range(rows, 20, 100);
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_missing_and_misplaced),
        cmocka_unit_test(test_wrong_numbers),
        cmocka_unit_test(test_wrong_texts),
        cmocka_unit_test(test_wrong_lists),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_every_row_is_sound),
        cmocka_unit_test(test_no_two_rows_share_a_name),
        cmocka_unit_test(test_bounds_of_every_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
