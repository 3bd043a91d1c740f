#include "deploy/columbactl/invocation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct command commands[] = {
    {.name = "topics create", .arguments = "", .help = "make them"},
    {.name = "topics show", .arguments = "", .help = "show them"},
    {.name = "lag", .arguments = "[LANE]", .argument_limit = 1, .help = "how far behind"},
    {.name = "gate close",
     .arguments = "APP_ID",
     .argument_least = 1,
     .argument_limit = 1,
     .options = {OPTION_FOR, OPTION_REASON},
     .help = "hold it"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0], WORD_LIMIT = 16 };

/* Words are separated by single blanks. */
static bool parse(const char *line, struct invocation *out, struct error *error) {
    static char copy[256];
    char *argv[WORD_LIMIT] = {"columbactl"};
    int argc = 1;

    strncpy(copy, line, sizeof copy - 1);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return invocation_parse(argc, argv, commands, COMMAND_COUNT, out, error);
}

static void test_commands_of_one_and_two_words(void **state) {
    struct invocation invocation;
    struct error error;

    (void)state;
    assert_true(parse("topics show", &invocation, &error));
    assert_ptr_equal(invocation.command, &commands[1]);
    assert_int_equal(invocation.argument_count, 0);
    assert_string_equal(invocation.config_path, "/etc/columba/columba.yaml");
    assert_false(invocation.json);
    assert_true(parse("lag", &invocation, &error));
    assert_ptr_equal(invocation.command, &commands[2]);
    assert_int_equal(invocation.argument_count, 0);
    assert_true(parse("lag fcm", &invocation, &error));
    assert_int_equal(invocation.argument_count, 1);
    assert_string_equal(invocation.arguments[0], "fcm");
}

static void test_options_may_stand_anywhere(void **state) {
    static const char *const lines[] = {
        "--config a.yaml --json lag fcm",
        "lag --config=a.yaml fcm --json",
        "lag fcm --json --config a.yaml",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct invocation invocation;
        struct error error;
        assert_true(parse(lines[i], &invocation, &error));
        assert_string_equal(invocation.config_path, "a.yaml");
        assert_true(invocation.json);
        assert_string_equal(invocation.arguments[0], "fcm");
    }
}

static void test_help_and_version_need_no_command(void **state) {
    struct invocation invocation;
    struct error error;

    (void)state;
    assert_true(parse("--help", &invocation, &error));
    assert_true(invocation.help);
    assert_null(invocation.command);
    assert_true(parse("--version", &invocation, &error));
    assert_true(invocation.version);
}

static void test_what_cannot_be_meant(void **state) {
    static const struct {
        const char *line;
        const char *said;
    } cases[] = {
        {"", "say what to do"},
        {"topics", "no command \"topics\""},
        {"topics destroy", "no command \"topics destroy\""},
        {"lagg", "no command \"lagg\""},
        {"lag fcm apns", "lag takes no \"apns\"; it is used as: columbactl lag [LANE]"},
        {"topics create now", "topics create takes no \"now\""},
        {"lag a b c d e f g h i j k", "lag takes no \"b\""},
        {"--config", "--config is no option, or lacks its value"},
        {"--configuration x lag", "--configuration is no option"},
        {"lag --jsonx", "--jsonx is no option"},
        {"lag -j", "-j is no option"},
        {"gate close", "gate close needs more; it is used as: columbactl gate close APP_ID"},
        {"lag --for 3m", "lag takes no --for; see columbactl lag --help"},
        {"gate close a --for", "--for is no option, or lacks its value"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct invocation invocation;
        struct error error = {0};
        assert_false(parse(cases[i].line, &invocation, &error));
        assert_int_equal(error.code, ERROR_CONFIG);
        if (strstr(error.text, cases[i].said) == NULL)
            fail_msg("\"%s\" gives: %s", cases[i].line, error.text);
    }
}

static void test_options_of_one_command(void **state) {
    struct invocation invocation;
    struct error error;
    int64_t ms;

    (void)state;
    assert_true(parse("gate close --for=30m --reason maintenance app", &invocation, &error));
    assert_string_equal(invocation.arguments[0], "app");
    assert_string_equal(invocation.options[OPTION_REASON], "maintenance");
    assert_true(invocation_duration(&invocation, OPTION_FOR, 1, &ms, &error));
    assert_int_equal(ms, 30 * 60 * 1000);
    assert_true(invocation_duration(&invocation, OPTION_TIMEOUT, 7, &ms, &error));
    assert_int_equal(ms, 7);
    assert_true(parse("gate close app --for soon", &invocation, &error));
    assert_false(invocation_duration(&invocation, OPTION_FOR, 1, &ms, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_non_null(strstr(error.text, "--for soon: it "));
}

static void test_a_number_is_one_or_more(void **state) {
    struct invocation invocation = {.options = {[OPTION_LIMIT] = "12"}};
    struct error error;
    int64_t number;

    (void)state;
    assert_true(invocation_number(&invocation, OPTION_LIMIT, 7, &number, &error));
    assert_int_equal(number, 12);
    invocation.options[OPTION_LIMIT] = NULL;
    assert_true(invocation_number(&invocation, OPTION_LIMIT, 7, &number, &error));
    assert_int_equal(number, 7);
    invocation.options[OPTION_LIMIT] = "many";
    assert_false(invocation_number(&invocation, OPTION_LIMIT, 7, &number, &error));
    assert_non_null(strstr(error.text, "--limit many: it "));
    invocation.options[OPTION_LIMIT] = "0";
    assert_false(invocation_number(&invocation, OPTION_LIMIT, 7, &number, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
}

static void test_arguments_may_begin_with_dashes(void **state) {
    struct invocation invocation;
    struct error error;

    (void)state;
    assert_true(parse("gate close --json -- --for", &invocation, &error));
    assert_true(invocation.json);
    assert_int_equal(invocation.argument_count, 1);
    assert_string_equal(invocation.arguments[0], "--for");
    assert_null(invocation.options[OPTION_FOR]);
}

static void test_help_of_one_command_needs_no_arguments(void **state) {
    struct invocation invocation;
    struct error error;

    (void)state;
    assert_true(parse("gate close --help", &invocation, &error));
    assert_true(invocation.help);
    assert_ptr_equal(invocation.command, &commands[3]);
}

static void test_status_follows_from_the_error(void **state) {
    static const struct {
        enum error_code code;
        enum command_status status;
    } cases[] = {
        {ERROR_CONFIG, COMMAND_USAGE},        {ERROR_UNAVAILABLE, COMMAND_UNREACHABLE},
        {ERROR_TIMEOUT, COMMAND_UNREACHABLE}, {ERROR_REFUSED, COMMAND_WRONG},
        {ERROR_SYSTEM, COMMAND_WRONG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {.code = cases[i].code};
        assert_int_equal(invocation_status_of(&error), cases[i].status);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands_of_one_and_two_words),
        cmocka_unit_test(test_options_may_stand_anywhere),
        cmocka_unit_test(test_help_and_version_need_no_command),
        cmocka_unit_test(test_what_cannot_be_meant),
        cmocka_unit_test(test_options_of_one_command),
        cmocka_unit_test(test_a_number_is_one_or_more),
        cmocka_unit_test(test_arguments_may_begin_with_dashes),
        cmocka_unit_test(test_help_of_one_command_needs_no_arguments),
        cmocka_unit_test(test_status_follows_from_the_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
