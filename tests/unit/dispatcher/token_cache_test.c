#include "dispatcher/token_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void put(struct token_cache *cache, const char *audience, const char *value) {
    struct token token = {0};

    buffer_append_text(&token.authorization, value);
    token_cache_put_take(cache, slice_of(audience), &token);
}

static void expect(struct token_cache *cache, const char *audience, const char *value) {
    struct token *token = token_cache_find(cache, slice_of(audience));

    if (value == NULL) {
        assert_null(token);
        return;
    }
    assert_non_null(token);
    assert_true(slice_is(buffer_slice(&token->authorization), value));
}

static void test_a_token_for_each_audience(void **state) {
    struct token_cache *cache = token_cache_new(3);

    (void)state;
    expect(cache, "https://a.example", NULL);
    put(cache, "https://a.example", "a");
    put(cache, "https://b.example", "b");
    put(cache, "", "nobody's");
    expect(cache, "https://a.example", "a");
    expect(cache, "https://b.example", "b");
    expect(cache, "", "nobody's");
    expect(cache, "https://a.exampl", NULL);
    token_cache_free(cache);
}

static void test_a_new_one_takes_the_place_of_the_old(void **state) {
    struct token_cache *cache = token_cache_new(2);

    (void)state;
    put(cache, "a", "first");
    put(cache, "b", "b");
    put(cache, "a", "second");
    expect(cache, "a", "second");
    expect(cache, "b", "b");
    assert_int_equal(token_cache_count(cache), 2);
    token_cache_free(cache);
}

static void test_the_one_not_asked_for_the_longest_makes_room(void **state) {
    struct token_cache *cache = token_cache_new(3);

    (void)state;
    put(cache, "a", "a");
    put(cache, "b", "b");
    put(cache, "c", "c");
    expect(cache, "a", "a");
    put(cache, "d", "d");
    expect(cache, "b", NULL);
    put(cache, "e", "e");
    expect(cache, "c", NULL);
    expect(cache, "a", "a");
    expect(cache, "d", "d");
    expect(cache, "e", "e");
    token_cache_free(cache);
}

static void test_what_is_removed_is_gone(void **state) {
    struct token_cache *cache = token_cache_new(1);

    (void)state;
    token_cache_remove(cache, slice_of("a"));
    put(cache, "a", "a");
    token_cache_remove(cache, slice_of("b"));
    expect(cache, "a", "a");
    token_cache_remove(cache, slice_of("a"));
    expect(cache, "a", NULL);
    put(cache, "b", "b");
    put(cache, "c", "c");
    expect(cache, "b", NULL);
    expect(cache, "c", "c");
    token_cache_free(cache);
}

static void test_a_flood_stays_within_the_limit(void **state) {
    struct token_cache *cache = token_cache_new(100);
    char audience[40];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(audience, sizeof audience, "https://%d.example", i);
        put(cache, audience, audience);
        put(cache, "https://kept.example", "kept");
        assert_true(token_cache_count(cache) <= 100);
    }
    for (int i = 9999; i > 9999 - 99; i--) {
        snprintf(audience, sizeof audience, "https://%d.example", i);
        expect(cache, audience, audience);
    }
    expect(cache, "https://kept.example", "kept");
    expect(cache, "https://0.example", NULL);
    token_cache_free(cache);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_for_each_audience),
        cmocka_unit_test(test_a_new_one_takes_the_place_of_the_old),
        cmocka_unit_test(test_the_one_not_asked_for_the_longest_makes_room),
        cmocka_unit_test(test_what_is_removed_is_gone),
        cmocka_unit_test(test_a_flood_stays_within_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
