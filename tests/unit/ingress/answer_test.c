#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/answer.h"

#include <string.h>

static void assert_rejected(const char *const *pushkeys, size_t count, const char *expected) {
    struct slice slices[8];
    struct answer answer = {0};

    for (size_t i = 0; i < count; i++)
        slices[i] = slice_of(pushkeys[i]);
    answer_accepted(&answer, slices, count);
    assert_int_equal(answer.kind, ANSWER_ACCEPTED);
    assert_string_equal(buffer_text(&answer.body), expected);
    buffer_free(&answer.body);
}

static void rejected_is_always_there(void **state) {
    (void)state;
    assert_rejected(NULL, 0, "{\"rejected\":[]}");
    assert_rejected((const char *[]){"a"}, 1, "{\"rejected\":[\"a\"]}");
}

static void a_pushkey_is_named_once(void **state) {
    (void)state;
    assert_rejected((const char *[]){"b", "a", "b", "ab", "a"}, 5,
                    "{\"rejected\":[\"a\",\"ab\",\"b\"]}");
}

static void a_pushkey_is_escaped(void **state) {
    (void)state;
    assert_rejected((const char *[]){"a\"b\\c\n\x01/\xC3\xA9", "\xFF"}, 2,
                    "{\"rejected\":[\"a\\\"b\\\\c\\n\\u0001/\xC3\xA9\",\"\xEF\xBF\xBD\"]}");
}

static void an_empty_pushkey_and_a_nul_have_names(void **state) {
    struct slice slices[] = {{.data = "a\0b", .size = 3}, {.data = "", .size = 0}};
    struct answer answer = {0};

    (void)state;
    answer_accepted(&answer, slices, 2);
    assert_string_equal(buffer_text(&answer.body), "{\"rejected\":[\"\",\"a\\u0000b\"]}");
    buffer_free(&answer.body);
}

static void every_error_has_a_code_and_a_sentence(void **state) {
    (void)state;
    for (size_t kind = 0; kind < ANSWER_KIND_COUNT; kind++) {
        const struct answer_form *form = answer_form((enum answer_kind)kind);
        struct answer answer = {0};
        assert_non_null(form->name);
        assert_true((form->status == 200) == (form->errcode == NULL));
        if (form->errcode == NULL)
            continue;
        answer_error(&answer, (enum answer_kind)kind, NULL, NULL);
        assert_non_null(strstr(buffer_text(&answer.body), form->errcode));
        assert_non_null(strstr(buffer_text(&answer.body), form->sentence));
        assert_string_equal(answer.reason, form->sentence);
        buffer_free(&answer.body);
    }
}

static void a_sentence_is_for_the_caller_and_a_reason_for_the_operator(void **state) {
    struct answer answer = {0};

    (void)state;
    answer_error(&answer, ANSWER_UNAVAILABLE, "a \"quoted\" word", "broker down");
    assert_string_equal(buffer_text(&answer.body),
                        "{\"errcode\":\"M_UNKNOWN\",\"error\":\"a \\\"quoted\\\" word\"}");
    assert_string_equal(answer.reason, "broker down");
    buffer_free(&answer.body);
}

static void a_fault_has_the_errcode_of_the_specification(void **state) {
    static const char *const errcodes[] = {
        [NOTIFICATION_NOT_JSON] = "M_NOT_JSON",
        [NOTIFICATION_BAD_JSON] = "M_BAD_JSON",
        [NOTIFICATION_MISSING_PARAM] = "M_MISSING_PARAM",
        [NOTIFICATION_TOO_MANY] = "M_TOO_LARGE",
    };

    (void)state;
    for (int fault = NOTIFICATION_NOT_JSON; fault <= NOTIFICATION_TOO_MANY; fault++)
        assert_string_equal(answer_form(answer_of_fault((enum notification_fault)fault))->errcode,
                            errcodes[fault]);
}

static void discovery_is_what_clients_look_for(void **state) {
    struct answer answer = {0};

    (void)state;
    answer_discovery(&answer);
    assert_string_equal(buffer_text(&answer.body),
                        "{\"unifiedpush\":{\"gateway\":\"matrix\"},\"gateway\":\"matrix\"}");
    buffer_free(&answer.body);
}

static void health_is_a_200(void **state) {
    struct answer answer = {0};

    (void)state;
    answer_health(&answer);
    assert_int_equal(answer_form(answer.kind)->status, 200);
    assert_string_equal(buffer_text(&answer.body), "{}");
    buffer_free(&answer.body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rejected_is_always_there),
        cmocka_unit_test(a_pushkey_is_named_once),
        cmocka_unit_test(a_pushkey_is_escaped),
        cmocka_unit_test(an_empty_pushkey_and_a_nul_have_names),
        cmocka_unit_test(every_error_has_a_code_and_a_sentence),
        cmocka_unit_test(a_sentence_is_for_the_caller_and_a_reason_for_the_operator),
        cmocka_unit_test(a_fault_has_the_errcode_of_the_specification),
        cmocka_unit_test(discovery_is_what_clients_look_for),
        cmocka_unit_test(health_is_a_200),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
