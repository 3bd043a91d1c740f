#include "common/base/buffer.h"
#include "common/config/value.h"
#include "tests/unit/common/config/parse.h"

#include <unistd.h>

static void test_it_is_off_unless_it_is_written(void **state) {
    struct config *config = parse(QUEUE APPS);

    (void)state;
    assert_null(config->tracing.endpoint);
    assert_null(config->tracing.authorization);
    assert_true(config->tracing.sample > 0.0099 && config->tracing.sample < 0.0101);
    config_release(config);
}

static void test_what_is_written(void **state) {
    char path[] = "/tmp/columba-tracing-XXXXXX";
    int file = mkstemp(path);
    char yaml[512];

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "Bearer abc\n", 11), 11);
    close(file);
    snprintf(yaml, sizeof yaml,
             QUEUE "tracing: {endpoint: 'https://otel.example:4318/v1/traces', sample: 1,\n"
                   "          authorization_file: %s}\n" APPS,
             path);
    struct config *config = parse(yaml);
    unlink(path);
    assert_string_equal(config->tracing.endpoint, "https://otel.example:4318/v1/traces");
    assert_string_equal(config->tracing.authorization, "Bearer abc");
    assert_true(config->tracing.sample == 1.0);
    config_release(config);
}

static void test_what_cannot_be_meant(void **state) {
    static const char *const rows[][2] = {
        {"endpoint: collector:4318", "\"collector:4318\" is not a URL"},
        {"endpoint: 'http://collector:4318'", "\"http://collector:4318\" has no path"},
        {"endpoint: 'http://a:b@collector/v1/traces'", "is not a URL"},
        {"endpoint: [a]", "is not a single value"},
        {"sample: 1.5", "\"1.5\" is not a ratio, expected a decimal number from 0 to 1"},
        {"sample: 10%", "is not a ratio"},
        {"sample: []", "is not a single value"},
        {"authorization: \"a\\nb: c\"", "cannot stand in a header"},
        {"authorization: ''", "is empty"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer yaml = {0};
        buffer_append_format(&yaml, QUEUE "tracing: {%s}\n" APPS, rows[i][0]);
        struct error error = {0};
        struct config *config = config_parse("c.yaml", buffer_slice(&yaml), &error);
        assert_null(config);
        assert_non_null(strstr(error.text, rows[i][1]));
        assert_null(strstr(error.text, "b: c"));
        buffer_free(&yaml);
    }
}

static void test_ratios(void **state) {
    static const char *const bad[] = {
        "",    ".5",  "1.",    "1.01", "2",   "-0.1", "+1",
        "1e1", "nan", "0x0.1", " 1",   "0,5", "001",  "0.0000000000000001"};
    static const struct {
        const char *text;
        double number;
    } good[] = {{"0", 0}, {"1", 1}, {"0.5", 0.5}, {"1.000", 1}, {"00.25", 0.25}};
    double number = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(value_ratio_parse(bad[i], &number));
        assert_true(number == 7.0);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(value_ratio_parse(good[i].text, &number));
        assert_true(number > good[i].number - 1e-12 && number < good[i].number + 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_off_unless_it_is_written),
        cmocka_unit_test(test_what_is_written),
        cmocka_unit_test(test_what_cannot_be_meant),
        cmocka_unit_test(test_ratios),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
