#include "common/push/gate_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_a_name_tells_credentials_apart(void **state) {
    struct gate_entry entry = {0};
    char pattern[2 * GATE_NAME_SIZE];

    (void)state;
    gate_entry_name("org.example.*", "0123456789abcdef", entry.name);
    assert_string_equal(entry.name, "org.example.*|0123456789abcdef");
    assert_false(gate_entry_is_operators(&entry));
    gate_entry_name("a|b", GATE_OPERATOR, entry.name);
    assert_string_equal(entry.name, "a|b|operator");
    assert_true(gate_entry_is_operators(&entry));

    memset(pattern, 'p', sizeof pattern);
    pattern[sizeof pattern - 1] = '\0';
    gate_entry_name(pattern, "0123456789abcdef", entry.name);
    assert_int_equal(strlen(entry.name), GATE_NAME_SIZE - 1);
    assert_string_equal(strrchr(entry.name, '|'), "|0123456789abcdef");
}

static void test_holds_until_its_time(void **state) {
    (void)state;
    assert_true(gate_entry_holds(&(struct gate_entry){.until_ms = 10}, 9));
    assert_false(gate_entry_holds(&(struct gate_entry){.until_ms = 10}, 10));
    assert_true(gate_entry_holds(&(struct gate_entry){.until_ms = 0}, 10));
}

static void test_writes_one_line_to_be_read(void **state) {
    const struct gate_entry entry = {.state = GATE_ENTRY_LATCHED,
                                     .until_ms = 20,
                                     .reason = "Invalid\"ProviderToken",
                                     .by = "host-1",
                                     .at_ms = 10,
                                     .cause = GATE_CAUSE_CREDENTIAL};
    struct gate_entry again = {.name = "kept"};
    struct buffer line = {0};

    (void)state;
    gate_entry_write(&entry, &line);
    assert_string_equal(buffer_text(&line), "{\"state\":\"latched\",\"until\":20,\"reason\":"
                                            "\"Invalid\\\"ProviderToken\",\"by\":\"host-1\","
                                            "\"cause\":\"credential\",\"at\":10}");
    assert_true(gate_entry_read(buffer_slice(&line), &again));
    assert_string_equal(again.name, "kept");
    assert_int_equal(again.state, GATE_ENTRY_LATCHED);
    assert_true(again.until_ms == 20 && again.at_ms == 10);
    assert_string_equal(again.reason, entry.reason);
    assert_string_equal(again.by, entry.by);
    assert_int_equal(again.cause, GATE_CAUSE_CREDENTIAL);
    buffer_free(&line);
}

static void test_one_of_another_version_has_a_cause(void **state) {
    struct gate_entry out = {0};

    (void)state;
    assert_true(gate_entry_read(slice_of("{\"state\":\"latched\",\"until\":1}"), &out));
    assert_int_equal(out.cause, GATE_CAUSE_REFUSED);
    assert_true(
        gate_entry_read(slice_of("{\"state\":\"closed\",\"until\":1,\"cause\":\"moon\"}"), &out));
    assert_int_equal(out.cause, GATE_CAUSE_WAIT);
}

static void test_reads_nothing_else(void **state) {
    static const char *const texts[] = {"",
                                        "null",
                                        "{}",
                                        "{\"state\":\"open\",\"until\":1}",
                                        "{\"state\":1,\"until\":1}",
                                        "{\"state\":\"closed\"}",
                                        "{\"state\":\"closed\",\"until\":-1}",
                                        "{\"state\":\"closed\",\"until\":1"};
    struct gate_entry out = {.until_ms = 3};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (gate_entry_read(slice_of(texts[i]), &out))
            fail_msg("read %s", texts[i]);
    assert_true(out.until_ms == 3);
    assert_true(gate_entry_read(slice_of("{\"state\":\"closed\",\"until\":0}"), &out));
    assert_string_equal(out.reason, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_tells_credentials_apart),
        cmocka_unit_test(test_holds_until_its_time),
        cmocka_unit_test(test_writes_one_line_to_be_read),
        cmocka_unit_test(test_one_of_another_version_has_a_cause),
        cmocka_unit_test(test_reads_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
