#include "dispatcher/sender/sender_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void copies_every_part(void **state) {
    char url[] = "https://push.example/send";
    char body[] = "{\"a\":\0 1}";
    struct http_request request = {
        .url = url,
        .headers = {{"authorization", slice_of("Bearer x")}, {"topic", slice_of("")}},
        .header_count = 2,
        .body = {.data = body, .size = sizeof body - 1}};
    struct sender_request *copy = sender_request_copy(&request, true);

    (void)state;
    memset(url, '#', sizeof url - 1);
    memset(body, '#', sizeof body - 1);
    assert_string_equal(copy->url, "https://push.example/send");
    assert_true(copy->fresh);
    assert_int_equal(copy->body.size, sizeof body - 1);
    assert_memory_equal(copy->body.data, "{\"a\":\0 1}", sizeof body - 1);
    assert_string_equal(copy->headers->data, "authorization: Bearer x");
    assert_string_equal(copy->headers->next->data, "topic;");
    assert_null(copy->headers->next->next);
    free(copy);
}

static void copies_the_least(void **state) {
    struct http_request request = {.url = "http://push.example"};
    struct sender_request *copy = sender_request_copy(&request, false);

    (void)state;
    assert_null(copy->headers);
    assert_int_equal(copy->body.size, 0);
    assert_string_equal(copy->body.data, "");
    assert_false(copy->fresh);
    free(copy);
}

static void keeps_a_header_on_one_line(void **state) {
    struct http_request request = {.url = "https://push.example",
                                   .headers = {{"topic", slice_of("a\r\nx-injected: 1")}},
                                   .header_count = 1};
    struct sender_request *copy = sender_request_copy(&request, false);

    (void)state;
    assert_string_equal(copy->headers->data, "topic: a  x-injected: 1");
    free(copy);
}

static void tells_the_origin(void **state) {
    static const char *const examples[][2] = {
        {"https://push.example/a/b", "https://push.example"},
        {"https://push.example:8443?x=/", "https://push.example:8443"},
        {"http://[::1]:80#f", "http://[::1]:80"},
        {"https://push.example", "https://push.example"},
        {"not a url", "not a url"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct sender_request request = {.url = examples[i][0]};
        assert_true(slice_is(sender_request_origin(&request), examples[i][1]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_every_part),
        cmocka_unit_test(copies_the_least),
        cmocka_unit_test(keeps_a_header_on_one_line),
        cmocka_unit_test(tells_the_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
