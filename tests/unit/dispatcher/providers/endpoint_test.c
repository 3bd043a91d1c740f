#include "dispatcher/providers/endpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expectation {
    const char *url;
    const char *fault; /* NULL: may be sent to */
};

static void expect(const struct expectation *cases, size_t count,
                   const struct endpoint_rules *rules) {
    for (size_t i = 0; i < count; i++) {
        struct endpoint endpoint;
        const char *fault = endpoint_check(slice_of(cases[i].url), rules, &endpoint);
        if ((fault == NULL) != (cases[i].fault == NULL) ||
            (fault != NULL && strcmp(fault, cases[i].fault) != 0))
            fail_msg("%s: %s", cases[i].url, fault == NULL ? "allowed" : fault);
    }
}

static void test_what_a_url_may_look_like(void **state) {
    static const struct expectation cases[] = {
        {"https://push.example/x", NULL},
        {"https://push.example", NULL},
        {"https://push.example/", NULL},
        {"HTTPS://Push.Example:8443/a/b?c=d#e", NULL},
        {"https://push.example?x", NULL},
        {"https://push.example:/x", NULL},
        {"https://push.example:65535/x", NULL},
        {"https://push.example/a:b@c", NULL},
        {"https://push.example/%41?u=https://[::1]/", NULL},
        {"https://xn--bcher-kva.example./x", NULL},
        {"https://b\xC3\xBC"
         "cher.example/x",
         NULL},
        {"https://under_score.example/x", NULL},
        {"https://1.1.1.1/x", NULL},
        {"https://[2606:4700:4700::1111]/x", NULL},
        {"https://[2606:4700:4700::1111]:8443/x", NULL},
        {"", "endpoint_missing"},
        {"x", "endpoint_not_https"},
        {"http://push.example/x", "endpoint_not_https"},
        {"ftp://push.example/x", "endpoint_not_https"},
        {"//push.example/x", "endpoint_not_https"},
        {"https:/push.example/x", "endpoint_not_https"},
        {" https://push.example/x", "endpoint_not_https"},
        {"https://", "endpoint_malformed"},
        {"https:///x", "endpoint_malformed"},
        {"https://:443/x", "endpoint_malformed"},
        {"https://?x", "endpoint_malformed"},
        {"https://.example/x", "endpoint_malformed"},
        {"https://push.example:0/x", "endpoint_malformed"},
        {"https://push.example:65536/x", "endpoint_malformed"},
        {"https://push.example:999999/x", "endpoint_malformed"},
        {"https://push.example:-1/x", "endpoint_malformed"},
        {"https://push.example:+1/x", "endpoint_malformed"},
        {"https://push.example:80:80/x", "endpoint_malformed"},
        {"https://push.example:http/x", "endpoint_malformed"},
        {"https://push example/x", "endpoint_malformed"},
        {"https://push.example/x y", "endpoint_malformed"},
        {"https://push.example/x\r\nhost: y", "endpoint_malformed"},
        {"https://push.example/\x7F", "endpoint_malformed"},
        {"https://push.example\\x", "endpoint_malformed"},
        {"https://push.example/\\x", "endpoint_malformed"},
        {"https://push%2eexample/x", "endpoint_malformed"},
        {"https://%31%32%37.0.0.1/x", "endpoint_malformed"},
        {"https://push,example/x", "endpoint_malformed"},
        {"https://[::1/x", "endpoint_malformed"},
        {"https://[]/x", "endpoint_malformed"},
        {"https://[push.example]/x", "endpoint_malformed"},
        {"https://[2606:4700::1]443/x", "endpoint_malformed"},
        {"https://[2606:4700::1]:x/x", "endpoint_malformed"},
        {"https://2606:4700::1/x", "endpoint_malformed"},
        {"https://user@push.example/x", "endpoint_with_credentials"},
        {"https://user:password@push.example/x", "endpoint_with_credentials"},
        {"https://push.example:443@127.0.0.1/x", "endpoint_with_credentials"},
        {"https://@push.example/x", "endpoint_with_credentials"},
    };

    (void)state;
    expect(cases, sizeof cases / sizeof cases[0], &(struct endpoint_rules){0});
}

static void test_bounds_of_length_and_bytes(void **state) {
    static const char start[] = "https://push.example/";
    const struct endpoint_rules rules = {0};
    struct endpoint endpoint;
    char url[5000];

    (void)state;
    memset(url, 'x', sizeof url);
    memcpy(url, start, sizeof start - 1);
    assert_null(endpoint_check((struct slice){url, 4096}, &rules, &endpoint));
    assert_string_equal(endpoint_check((struct slice){url, 4097}, &rules, &endpoint),
                        "endpoint_malformed");
    url[30] = '\0';
    assert_string_equal(endpoint_check((struct slice){url, 40}, &rules, &endpoint),
                        "endpoint_malformed");
    memset(url + 8, 'x', sizeof url - 8);
    assert_null(endpoint_check((struct slice){url, 8 + 255}, &rules, &endpoint));
    assert_string_equal(endpoint_check((struct slice){url, 8 + 256}, &rules, &endpoint),
                        "endpoint_malformed");
    assert_string_equal(endpoint_check((struct slice){0}, &rules, &endpoint), "endpoint_missing");
    memcpy(url + 8, "[2606:4700::1%", 14);
    url[1000] = ']';
    assert_string_equal(endpoint_check((struct slice){url, 1001}, &rules, &endpoint),
                        "endpoint_malformed");
}

/* No literal of an inner network, in whatever clothes. */
static void test_literals_that_are_not_public(void **state) {
    static const char *const hosts[] = {
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.168.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "push.localhost",
        "push.localhost.",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::1.1.1.1]",
        "[2002:7f00:1::]",
        "[2001:0:1::1]",
        "[2001:db8::1]",
        "[fc00::1]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "[ff02::1]",
        "[127.0.0.1]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct arena *arena = arena_new(256);
        const struct slice urls[] = {arena_format(arena, "https://%s/x", hosts[i]),
                                     arena_format(arena, "https://%s:8443/x", hosts[i])};
        for (size_t j = 0; j < 2; j++) {
            struct endpoint endpoint;
            const char *fault = endpoint_check(urls[j], &(struct endpoint_rules){0}, &endpoint);
            if (fault == NULL || strcmp(fault, "endpoint_not_public") != 0)
                fail_msg("%s", urls[j].data);
        }
        arena_free(arena);
    }
}

static void test_networks_that_are_allowed(void **state) {
    static char inner[] = "10.0.0.0/8";
    static char loopback[] = "127.0.0.0/8";
    static char local[] = "fd00::/8";
    static char *const networks[] = {inner, loopback, local, NULL};
    static const struct expectation cases[] = {
        {"https://10.1.2.3/x", NULL},
        {"https://127.0.0.1:8443/x", NULL},
        {"https://localhost/x", NULL},
        {"https://[fd12::1]/x", NULL},
        {"https://[::ffff:10.0.0.1]/x", NULL},
        {"https://192.168.0.1/x", "endpoint_not_public"},
        {"https://[fe80::1]/x", "endpoint_not_public"},
        {"http://10.1.2.3/x", "endpoint_not_https"},
    };

    (void)state;
    expect(cases, sizeof cases / sizeof cases[0],
           &(struct endpoint_rules){.allowed_networks = networks});
}

static void test_http_where_it_is_allowed(void **state) {
    static const struct expectation cases[] = {
        {"http://push.example/x", NULL},   {"HTTP://push.example:8080/x", NULL},
        {"https://push.example/x", NULL},  {"http://127.0.0.1/x", "endpoint_not_public"},
        {"http://", "endpoint_malformed"}, {"httpx://push.example/", "endpoint_not_https"},
    };

    (void)state;
    expect(cases, sizeof cases / sizeof cases[0], &(struct endpoint_rules){.allow_http = true});
}

static void test_hosts_that_are_allowed(void **state) {
    static char exact[] = "updates.push.services.mozilla.com";
    static char glob[] = "*.push.apple.com";
    static char upper[] = "FCM.googleapis.com";
    static char port[] = "push.example:8443";
    static char one[] = "push?.example";
    static char *const hosts[] = {exact, glob, upper, port, one, NULL};
    static char *const none[] = {NULL};
    static const struct expectation cases[] = {
        {"https://updates.push.services.mozilla.com/wpush/v2/x", NULL},
        {"https://updates.push.services.mozilla.com:443/wpush/v2/x", NULL},
        {"https://UPDATES.push.services.mozilla.com/wpush/v2/x", NULL},
        {"https://web.push.apple.com/x", NULL},
        {"https://a.b.push.apple.com/x", NULL},
        {"https://fcm.googleapis.com/fcm/send/x", NULL},
        {"https://push.example:8443/x", NULL},
        {"https://push1.example/x", NULL},
        {"https://push.example/x", "endpoint_not_allowed"},
        {"https://push.apple.com/x", "endpoint_not_allowed"},
        {"https://web.push.apple.com.evil.example/x", "endpoint_not_allowed"},
        {"https://evil.example/.push.apple.com", "endpoint_not_allowed"},
        {"https://evil.example/?web.push.apple.com", "endpoint_not_allowed"},
        {"https://push12.example/x", "endpoint_not_allowed"},
    };
    struct endpoint endpoint;

    (void)state;
    expect(cases, sizeof cases / sizeof cases[0], &(struct endpoint_rules){.allowed_hosts = hosts});
    assert_string_equal(endpoint_check(slice_of("https://push.example/"),
                                       &(struct endpoint_rules){.allowed_hosts = none}, &endpoint),
                        "endpoint_not_allowed");
}

static void test_origins(void **state) {
    static const char *const cases[][2] = {
        {"https://push.example/x?y", "https://push.example"},
        {"HTTPS://Push.EXAMPLE/", "https://push.example"},
        {"https://push.example:443/", "https://push.example"},
        {"https://push.example:/", "https://push.example"},
        {"https://push.example:8443", "https://push.example:8443"},
        {"https://push.example:80/", "https://push.example:80"},
        {"http://push.example:80/", "http://push.example"},
        {"http://push.example:443/", "http://push.example:443"},
        {"https://[2606:4700:4700::ABCD]:8443/", "https://[2606:4700:4700::abcd]:8443"},
        {"https://1.1.1.1/", "https://1.1.1.1"},
    };
    struct arena *arena = arena_new(256);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint endpoint;
        assert_null(endpoint_check(slice_of(cases[i][0]),
                                   &(struct endpoint_rules){.allow_http = true}, &endpoint));
        assert_string_equal(endpoint_origin(&endpoint, arena).data, cases[i][1]);
    }
    arena_free(arena);
}

static void test_domains(void **state) {
    static const struct {
        const char *url;
        bool is_of;
    } cases[] = {
        {"https://push.apple.com/", true},     {"https://Web.Push.Apple.com/", true},
        {"https://webpush.apple.com/", false}, {"https://push.apple.com.example/", false},
        {"https://apple.com/", false},         {"https://example/push.apple.com", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint endpoint;
        assert_null(endpoint_check(slice_of(cases[i].url), &(struct endpoint_rules){0}, &endpoint));
        assert_int_equal(endpoint_is_of(&endpoint, "push.apple.com"), cases[i].is_of);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_url_may_look_like),
        cmocka_unit_test(test_bounds_of_length_and_bytes),
        cmocka_unit_test(test_literals_that_are_not_public),
        cmocka_unit_test(test_networks_that_are_allowed),
        cmocka_unit_test(test_http_where_it_is_allowed),
        cmocka_unit_test(test_hosts_that_are_allowed),
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_domains),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
