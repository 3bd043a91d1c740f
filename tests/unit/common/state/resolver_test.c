#include "common/state/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000 };

struct question {
    struct loop *loop;
    size_t answer_count;
    struct resolver_addresses addresses;
    struct error error;
};

static void on_done(void *context, const struct resolver_addresses *addresses,
                    const struct error *error) {
    struct question *question = context;

    question->answer_count++;
    if (addresses != NULL)
        question->addresses = *addresses;
    else
        question->error = *error;
    loop_stop(question->loop);
}

static void out_of_patience(void *context) {
    loop_stop(context);
}

static struct question ask(const char *host) {
    struct question question = {.loop = loop_new()};
    struct timer *patience = timer_new(question.loop, out_of_patience, question.loop);
    struct resolver *resolver = resolver_new(question.loop, on_done, &question);

    timer_start(patience, PATIENCE_MS);
    resolver_ask(resolver, host);
    assert_int_equal(question.answer_count, 0);
    loop_run(question.loop);
    assert_int_equal(question.answer_count, 1);
    resolver_free(resolver);
    timer_free(patience);
    loop_free(question.loop);
    return question;
}

static void an_address_is_its_own_answer(void **state) {
    static const char *const addresses[] = {"127.0.0.1", "::1", "192.0.2.7"};

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct question question = ask(addresses[i]);
        assert_int_equal(question.addresses.count, 1);
        assert_string_equal(question.addresses.texts[0], addresses[i]);
    }
}

static void a_name_gives_its_addresses(void **state) {
    struct question question = ask("localhost");
    bool has_loopback = false;

    (void)state;
    for (size_t i = 0; i < question.addresses.count; i++)
        has_loopback |= strcmp(question.addresses.texts[i], "127.0.0.1") == 0 ||
                        strcmp(question.addresses.texts[i], "::1") == 0;
    assert_true(has_loopback);
}

/* A label of DNS has at most 63 bytes, so nobody is asked for this one. */
static void a_name_without_addresses_is_an_error(void **state) {
    char name[80];
    struct question question;

    (void)state;
    snprintf(name, sizeof name, "a%069d", 0);
    question = ask(name);
    assert_int_equal(question.addresses.count, 0);
    assert_int_equal(question.error.code, ERROR_UNAVAILABLE);
    assert_non_null(strstr(question.error.text, name));
}

static void an_open_question_may_be_left(void **state) {
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        struct question question = {.loop = loop_new()};
        struct resolver *resolver = resolver_new(question.loop, on_done, &question);
        resolver_ask(resolver, "127.0.0.1");
        resolver_free(resolver);
        loop_free(question.loop);
        assert_int_equal(question.answer_count, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_its_own_answer),
        cmocka_unit_test(a_name_gives_its_addresses),
        cmocka_unit_test(a_name_without_addresses_is_an_error),
        cmocka_unit_test(an_open_question_may_be_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
