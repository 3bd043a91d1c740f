#include "common/base/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_split_address(void **state) {
    static const struct {
        const char *address;
        const char *host;
        int port;
    } good[] = {{"127.0.0.1:80", "127.0.0.1", 80},
                {"host-1.example_x:0", "host-1.example_x", 0},
                {"[::]:8008", "::", 8008},
                {"[fe80::1%eth0]:65535", "fe80::1%eth0", 65535},
                {"[10.0.0.1]:1", "10.0.0.1", 1}};
    static const char *const bad[] = {"",        "host",     "host:",    ":80",        "host:65536",
                                      "host:-1", "host:+1",  "host:8 ",  " host:8",    "::1:80",
                                      "[::1]",   "[::1]80",  "[::1:80",  "[]:80",      "host:80:81",
                                      "[::1]:",  "h/ost:80", "host:ten", "[host_1]:80"};
    char host[32];
    char small[4];
    int port = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(address_split(good[i].address, host, sizeof host, &port));
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(address_split(bad[i], host, sizeof host, &port));
    assert_true(address_split("abc:1", small, sizeof small, &port));
    assert_false(address_split("abcd:1", small, sizeof small, &port));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split_address)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
