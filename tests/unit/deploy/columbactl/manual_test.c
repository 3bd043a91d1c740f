#include "deploy/columbactl/manual.h"

#include "deploy/columbactl/commands.h"
#include "deploy/columbactl/completion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct command commands[] = {
    {.name = "gate close",
     .arguments = "APP_ID",
     .argument_least = 1,
     .argument_limit = 1,
     .options = {OPTION_FOR},
     .help = "hold all pushes of an app",
     .notes = "They wait."},
    {.name = "gate open", .arguments = "APP_ID", .help = "let them go"},
    {.name = "lag", .arguments = "[LANE]", .argument_limit = 1, .help = "how far behind"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void assert_has(struct buffer *text, const char *part) {
    if (strstr(buffer_text(text), part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, buffer_text(text));
}

static void test_help_has_every_command_in_a_line(void **state) {
    struct buffer help = {0};

    (void)state;
    manual_write_help(commands, COMMAND_COUNT, &help);
    assert_has(&help, "\n  gate close APP_ID                         hold all pushes of an app\n");
    assert_has(&help, "\n  lag [LANE]                                how far behind\n");
    assert_has(&help, "Exit codes: 0 fine; 1 ");
    assert_null(strstr(buffer_text(&help), "--for"));
    buffer_free(&help);
}

static void test_help_of_one_command_has_its_options(void **state) {
    struct buffer help = {0};

    (void)state;
    manual_write_command(&commands[0], &help);
    assert_has(&help, "Usage: columbactl gate close APP_ID [--for DURATION]\n\n"
                      "hold all pushes of an app.\n\nThey wait.\n\n  --for DURATION ");
    assert_has(&help, "\n  --config FILE ");
    assert_null(strstr(buffer_text(&help), "--once"));
    buffer_free(&help);
}

static void test_the_page_escapes_what_roff_would_take(void **state) {
    struct buffer page = {0};

    (void)state;
    manual_write_page(commands, COMMAND_COUNT, &page);
    assert_has(&page, ".TH COLUMBACTL 1 ");
    assert_has(&page, ".TP\n\\fBgate close APP_ID [\\-\\-for DURATION]\\fR\n"
                      "hold all pushes of an app.\nThey wait.\n");
    assert_has(&page, ".SH EXIT STATUS\n.TP\n.B 0\nfine\n");
    buffer_free(&page);
}

static void test_shells_complete_words_and_options(void **state) {
    static const struct {
        const char *shell;
        const char *parts[3];
    } cases[] = {
        {"bash",
         {"\"\") words=\"gate lag --config", "\"gate\") words=\"close open\" ;;",
          "\"gate close\"*) words=\"--for --config"}},
        {"zsh",
         {"'') choices=(gate lag) ;;",
          "gate) choices=('close:hold all pushes of an app' 'open:let them go') ;;",
          "'--for=[how long"}},
        {"fish",
         {"-n __fish_use_subcommand -a lag -d 'how far behind'",
          "-n '__fish_seen_subcommand_from gate' -a open -d 'let them go'",
          "-n '__fish_seen_subcommand_from gate' -l for -r -d "}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer script = {0};
        assert_true(completion_write(cases[i].shell, commands, COMMAND_COUNT, &script));
        for (size_t p = 0; p < 3; p++)
            assert_has(&script, cases[i].parts[p]);
        buffer_free(&script);
    }
    assert_false(completion_write("csh", commands, COMMAND_COUNT, NULL));
}

/* Texts go into quotes of shells as they are, and groups are told by standing together. */
static void test_the_table_of_commands_is_sound(void **state) {
    (void)state;
    for (size_t i = 0; i < command_table_count; i++) {
        const struct command *command = &command_table[i];
        size_t length = strcspn(command->name, " ");
        assert_non_null(command->arguments);
        assert_non_null(command->run);
        assert_null(strpbrk(command->help, "'\"\\[]$"));
        assert_true(command->argument_least <= command->argument_limit);
        for (size_t j = i + 2; j < command_table_count; j++)
            if (strncmp(command_table[j].name, command->name, length) == 0 &&
                strcspn(command_table[j].name, " ") == length)
                assert_memory_equal(command_table[j - 1].name, command->name, length);
    }
    for (int option = OPTION_NONE + 1; option < OPTION_COUNT; option++) {
        assert_non_null(invocation_options[option].name);
        assert_null(strpbrk(invocation_options[option].help, "'\"\\[]$"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_has_every_command_in_a_line),
        cmocka_unit_test(test_help_of_one_command_has_its_options),
        cmocka_unit_test(test_the_page_escapes_what_roff_would_take),
        cmocka_unit_test(test_shells_complete_words_and_options),
        cmocka_unit_test(test_the_table_of_commands_is_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
