#include "common/config/options.h"
#include "tests/unit/common/config/parse.h"
#include "tests/unit/common/generated_page.h"

static const char page[] = TEST_DATA_DIR "/../../common/config/REFERENCE.md";

static void test_the_page_is_current(void **state) {
    struct buffer made = {0};

    (void)state;
    config_write_reference(&made);
    assert_page_is_current(page, buffer_slice(&made));
    buffer_free(&made);
}

static void test_the_help_names_every_option(void **state) {
    struct buffer help = {0};
    struct buffer name = {0};

    (void)state;
    config_write_help(&help);
    for (size_t i = 0; i < options_global_count; i++) {
        buffer_clear(&name);
        buffer_append_format(&name, "\n  %s%s", options_global[i].name,
                             options_global[i].secret ? "" : "\n");
        assert_non_null(strstr(buffer_text(&help), buffer_text(&name)));
    }
    for (size_t i = 0; i < options_app_count; i++) {
        buffer_clear(&name);
        buffer_append_format(&name, "\n  apps.*.%s%s", options_app[i].name,
                             options_app[i].secret ? "" : "\n");
        assert_non_null(strstr(buffer_text(&help), buffer_text(&name)));
    }
    buffer_free(&help);
    buffer_free(&name);
}

static void test_the_help_word_for_word(void **state) {
    static const char *const entries[] = {
        "\n  queue.ack_timeout\n"
        "      How long a push may wait for the in-sync replicas before the homeserver\n"
        "      is told to send it again. Longer than a broker's failover, and shorter\n"
        "      than the 30 s after which homeservers give up for good.\n"
        "      expected: a duration from 1s to 25s\n"
        "      default:  20s\n\n",
        "\n  redis.password, redis.password_file\n"
        "      What the server wants to hear.\n"
        "      expected: text\n"
        "      default:  none is sent\n\n",
        "\n  apps.*.type\n"
        "      Who delivers. gcm is another name of fcm. retired is for an app that is\n"
        "      gone: its pushkeys are rejected.\n"
        "      expected: one of apns, fcm, webpush, unifiedpush, hms, retired\n"
        "      for:      apns, fcm, webpush, unifiedpush, hms, retired\n"
        "      default:  none, required\n\n",
    };
    struct buffer help = {0};

    (void)state;
    config_write_help(&help);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        if (strstr(buffer_text(&help), entries[i]) == NULL)
            fail_msg("not in the help: %s", entries[i]);
    buffer_free(&help);
}

static void test_the_help_fits_a_terminal(void **state) {
    struct buffer help = {0};

    (void)state;
    config_write_help(&help);
    for (const char *line = buffer_text(&help); *line != '\0'; line += strcspn(line, "\n") + 1)
        if (strstr(line, "expected:") != line + 6)
            assert_in_range(strcspn(line, "\n"), 0, 78);
    buffer_free(&help);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page_is_current),
        cmocka_unit_test(test_the_help_names_every_option),
        cmocka_unit_test(test_the_help_word_for_word),
        cmocka_unit_test(test_the_help_fits_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
