#include "common/base/trace_context.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
#define NO_TRACE "00000000000000000000000000000000-00f067aa0ba902b7"
#define NO_SPAN "4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000"

static void test_what_is_one_and_what_is_not(void **state) {
    static const struct {
        const char *text;
        const char *written; /* NULL: it is none */
    } rows[] = {
        {"00-" IDS "-01", "00-" IDS "-01"},
        {"00-" IDS "-00", "00-" IDS "-00"},
        {"00-" IDS "-03", "00-" IDS "-03"},
        {"00-" IDS "-ff", "00-" IDS "-03"},
        {"00-" IDS "-fc", "00-" IDS "-00"},
        {"01-" IDS "-01", "00-" IDS "-01"},
        {"cc-" IDS "-01-what-the-future-will-be-like", "00-" IDS "-01"},
        {"cc-" IDS "-01-", "00-" IDS "-01"},
        {"cc-" IDS "-01.what-the-future-will-be-like", NULL},
        {"cc-" IDS "-011", NULL},
        {"00-" IDS "-01-what", NULL},
        {"00-" IDS "-01-", NULL},
        {"00-" IDS "-01 ", NULL},
        {" 00-" IDS "-01", NULL},
        {"ff-" IDS "-01", NULL},
        {"0f_" IDS "-01", NULL},
        {"00-" NO_TRACE "-01", NULL},
        {"00-" NO_SPAN "-01", NULL},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01", NULL},
        {"0A-" IDS "-01", NULL},
        {"00-" IDS "-0A", NULL},
        {"00-" IDS "-.1", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e473.-00f067aa0ba902b7-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736.00f067aa0ba902b7-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7.01", NULL},
        {"00-" IDS, NULL},
        {"00-" IDS "-0", NULL},
        {"00", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_context context;
        char text[TRACE_CONTEXT_TEXT_SIZE] = "";
        memset(&context, 0x55, sizeof context);
        bool taken = trace_context_parse(slice_of(rows[i].text), &context);
        if (taken)
            trace_context_format(&context, text);
        assert_string_equal(text, rows[i].written == NULL ? "" : rows[i].written);
        assert_true(taken || context.trace_id[0] == 0x55);
    }
    assert_false(trace_context_parse((struct slice){0}, &(struct trace_context){0}));
}

/* Every byte of a good one, replaced by every other byte: it stays one only as another digit. */
static void test_each_byte_counts(void **state) {
    static const char good[] = "00-" IDS "-01";
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            struct trace_context context;
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            text[at] = (char)byte;
            bool is_digit = byte != 0 && strchr(digits, byte) != NULL;
            bool is_sound = good[at] == '-' ? byte == '-' : is_digit;
            assert_int_equal(trace_context_parse(
                                 (struct slice){.data = text, .size = sizeof good - 1}, &context),
                             is_sound);
        }
}

static void test_flags_are_read(void **state) {
    struct trace_context context;

    (void)state;
    assert_true(trace_context_parse(slice_of("00-" IDS "-01"), &context));
    assert_true(context.is_sampled && !context.is_random);
    assert_true(trace_context_parse(slice_of("00-" IDS "-02"), &context));
    assert_true(!context.is_sampled && context.is_random);
    assert_int_equal(context.trace_id[0], 0x4B);
    assert_int_equal(context.span_id[7], 0xB7);
}

static void test_ids_are_minted_and_never_zero(void **state) {
    unsigned char random[TRACE_RANDOM_BYTES];
    struct trace_context context;
    struct trace_context child;
    char text[TRACE_CONTEXT_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (unsigned char)(i + 1);
    trace_context_mint(random, &context);
    context.is_sampled = true;
    trace_context_format(&context, text);
    assert_string_equal(text, "00-0102030405060708090a0b0c0d0e0f10-1112131415161718-03");
    trace_context_span(&context, random, &child);
    trace_context_format(&child, text);
    assert_string_equal(text, "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-03");
    memset(random, 0, sizeof random);
    trace_context_mint(random, &context);
    trace_context_format(&context, text);
    assert_string_equal(text, "00-00000000000000000000000000000001-0000000000000001-02");
}

static void test_a_part_of_all_is_chosen(void **state) {
    struct trace_context context = {0};

    (void)state;
    assert_false(trace_context_is_chosen(&context, 0));
    assert_true(trace_context_is_chosen(&context, 0.000001));
    memset(context.trace_id, 0xFF, sizeof context.trace_id);
    assert_false(trace_context_is_chosen(&context, 0.999999));
    assert_true(trace_context_is_chosen(&context, 1));
    /* A quarter of the room lies below 0x40… in the last seven bytes; the others say nothing. */
    context.trace_id[9] = 0x3F;
    assert_true(trace_context_is_chosen(&context, 0.25));
    context.trace_id[9] = 0x40;
    assert_false(trace_context_is_chosen(&context, 0.25));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_one_and_what_is_not),
        cmocka_unit_test(test_each_byte_counts),
        cmocka_unit_test(test_flags_are_read),
        cmocka_unit_test(test_ids_are_minted_and_never_zero),
        cmocka_unit_test(test_a_part_of_all_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
