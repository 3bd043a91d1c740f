#include "common/base/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cmocka.h>

static struct network_address address_of(const char *text) {
    struct network_address address;

    if (!network_address_parse(slice_of(text), &address))
        fail_msg("%s is not an address", text);
    return address;
}

static void test_what_is_public(void **state) {
    static const struct {
        const char *address;
        bool is_public;
    } cases[] = {
        {"1.1.1.1", true},
        {"9.255.255.255", true},
        {"11.0.0.0", true},
        {"100.63.255.255", true},
        {"100.128.0.0", true},
        {"126.255.255.255", true},
        {"128.0.0.0", true},
        {"168.63.129.15", true},
        {"169.253.255.255", true},
        {"172.15.255.255", true},
        {"172.32.0.0", true},
        {"192.0.1.0", true},
        {"192.167.255.255", true},
        {"198.17.255.255", true},
        {"198.20.0.0", true},
        {"223.255.255.255", true},
        {"0.0.0.0", false},
        {"0.1.2.3", false},
        {"10.0.0.0", false},
        {"10.255.255.255", false},
        {"100.64.0.0", false},
        {"100.100.100.200", false},
        {"100.127.255.255", false},
        {"127.0.0.1", false},
        {"127.255.255.255", false},
        {"168.63.129.16", false},
        {"169.254.169.254", false},
        {"172.16.0.0", false},
        {"172.31.255.255", false},
        {"192.0.0.192", false},
        {"192.0.2.1", false},
        {"192.88.99.1", false},
        {"192.168.1.1", false},
        {"198.18.0.0", false},
        {"198.19.255.255", false},
        {"198.51.100.7", false},
        {"203.0.113.7", false},
        {"224.0.0.1", false},
        {"239.255.255.255", false},
        {"240.0.0.1", false},
        {"255.255.255.255", false},
        {"2606:4700:4700::1111", true},
        {"2001:4860:4860::8888", true},
        {"2a00::1", true},
        {"3ffe::1", true},
        {"::", false},
        {"::1", false},
        {"::1.1.1.1", false},
        {"1fff::1", false},
        {"4000::1", false},
        {"100::1", false},
        {"2001::1", false},
        {"2001:0:4136:e378::1", false},
        {"2001:1ff:ffff::1", false},
        {"2001:db8::1", false},
        {"2002:7f00:1::1", false},
        {"2002:101:101::1", false},
        {"3fff:fff::1", false},
        {"5f00::1", false},
        {"fc00::1", false},
        {"fd00:ec2::254", false},
        {"fe80::1", false},
        {"fec0::1", false},
        {"ff02::1", false},
        /* IPv4 in IPv6's clothes. */
        {"::ffff:1.1.1.1", true},
        {"::ffff:127.0.0.1", false},
        {"::ffff:a9fe:a9fe", false},
        {"64:ff9b::1.1.1.1", true},
        {"64:ff9b::10.0.0.1", false},
        {"64:ff9b::a9fe:a9fe", false},
        {"64:ff9b::127.0.0.1", false},
        {"64:ff9b:1::1.1.1.1", false},
        {"64:ff9b:1:ffff::1.1.1.1", false},
        {"64:ff9b:0:1::1.1.1.1", false},
        {"::ffff:0:1.1.1.1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct network_address address = address_of(cases[i].address);
        if (network_is_public(&address) != cases[i].is_public)
            fail_msg("%s", cases[i].address);
    }
}

static void test_every_spelling_of_an_address(void **state) {
    static const char *const cases[][2] = {
        {"127.1", "127.0.0.1"},
        {"127.0.1", "127.0.0.1"},
        {"2130706433", "127.0.0.1"},
        {"0x7f000001", "127.0.0.1"},
        {"0X7F.0.0.0x1", "127.0.0.1"},
        {"017700000001", "127.0.0.1"},
        {"0177.0.0.01", "127.0.0.1"},
        {"127.0.0.1.", "127.0.0.1"},
        {"::ffff:127.0.0.1", "127.0.0.1"},
        {"[::FFFF:7f00:1]", "127.0.0.1"},
        {"0", "0.0.0.0"},
        {"1.2.3.", "1.2.0.3"},
        {"[::1]", "::1"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"[fe80::1%25eth0]", "fe80::1"},
        {"fe80::1%eth0", "fe80::1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct network_address seen = address_of(cases[i][0]);
        const struct network_address meant = address_of(cases[i][1]);
        if (memcmp(&seen, &meant, sizeof seen) != 0)
            fail_msg("%s", cases[i][0]);
    }
}

static void test_what_is_a_name(void **state) {
    static const char *const names[] = {
        "",
        ".",
        "example.org",
        "1.example.org",
        "256.0.0.1",
        "1.2.3.4.5",
        "127.0.0.1 x",
        "0x",

        "[",
        "[]",
        "[::1",
        "::g",
        "1::2::3",
        "%eth0",
        "abc",
        "127.0.0.1:8080",
        "-1",
        "face",
        "[1.example]",
        "+1",
        "00000000000000000000000000000000000000000000000000000000000000000000000127.0.0.1",
    };
    struct network_address address;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (network_address_parse(slice_of(names[i]), &address))
            fail_msg("%s is an address", names[i]);
    assert_false(network_address_parse((struct slice){0}, &address));
    assert_false(
        network_address_parse((struct slice){.data = "::1\0.example", .size = 12}, &address));
    assert_false(network_address_parse((struct slice){.data = "1.1.1.1\0", .size = 8}, &address));
}

static void test_names_of_this_machine(void **state) {
    static const char *const local[] = {"localhost", "LocalHost.", "a.localhost", "a.b.localhost."};
    static const char *const other[] = {"",         ".",         "localhost..",      "alocalhost",
                                        "localhos", "127.0.0.1", "localhost.example"};

    (void)state;
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        assert_true(network_is_local_name(slice_of(local[i])));
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        assert_false(network_is_local_name(slice_of(other[i])));
    assert_false(network_is_local_name((struct slice){0}));
}

static void test_addresses_of_sockets(void **state) {
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    const struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct network_address seen;
    struct network_address meant = address_of("192.168.0.1");

    (void)state;
    inet_pton(AF_INET, "192.168.0.1", &ipv4.sin_addr);
    assert_true(network_address_of((const struct sockaddr *)&ipv4, &seen));
    assert_memory_equal(&seen, &meant, sizeof seen);
    inet_pton(AF_INET6, "::ffff:192.168.0.1", &ipv6.sin6_addr);
    assert_true(network_address_of((const struct sockaddr *)&ipv6, &seen));
    assert_memory_equal(&seen, &meant, sizeof seen);
    inet_pton(AF_INET6, "fe80::1", &ipv6.sin6_addr);
    meant = address_of("fe80::1");
    assert_true(network_address_of((const struct sockaddr *)&ipv6, &seen));
    assert_memory_equal(&seen, &meant, sizeof seen);
    assert_false(network_address_of((const struct sockaddr *)&local, &seen));
}

static void test_networks(void **state) {
    static const struct {
        const char *network;
        const char *address;
        bool contains;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.1.2.3/8", "10.9.9.9", true},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.2", false},
        {"10.1.2.3/32", "10.1.2.4", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"192.168.0.0/23", "192.168.1.255", true},
        {"192.168.0.0/23", "192.168.2.0", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "127.0.0.1", true},
        {"fd00::/8", "fdff::1", true},
        {"fd00::/8", "fc00::1", false},
        {"fd00:1234::/31", "fd00:1235::1", true},
        {"10.0.0.0/8", "::ffff:10.0.0.1", true},
        {"::ffff:10.0.0.0/104", "10.0.0.1", true},
        {"::1", "::1", true},
        {"::1", "::2", false},
    };
    static const char *const wrong[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "::/129",
        "10/8",
        "10.0.0/8",
        "10.0.0.0/8x",
        "example.org",
        "10.0.0.0/8/8",
        "[::1]/128",
        "0x0a.0.0.0/8",
        "10.0.0.0 /8",
    };
    struct network network;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct network_address address = address_of(cases[i].address);
        assert_true(network_cidr_parse(slice_of(cases[i].network), &network));
        if (network_contains(&network, &address) != cases[i].contains)
            fail_msg("%s, %s", cases[i].network, cases[i].address);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (network_cidr_parse(slice_of(wrong[i]), &network))
            fail_msg("%s is a network", wrong[i]);
}

static void test_lists_of_networks(void **state) {
    static char first[] = "not a network";
    static char second[] = "10.0.0.0/8";
    static char third[] = "fd00::/8";
    char *const list[] = {first, second, third, NULL};
    char *const empty[] = {NULL};
    const struct network_address inside = address_of("fd00::1");
    const struct network_address outside = address_of("192.168.0.1");

    (void)state;
    assert_true(network_list_contains(list, &inside));
    assert_false(network_list_contains(list, &outside));
    assert_false(network_list_contains(empty, &inside));
    assert_false(network_list_contains(NULL, &inside));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_public),
        cmocka_unit_test(test_every_spelling_of_an_address),
        cmocka_unit_test(test_what_is_a_name),
        cmocka_unit_test(test_names_of_this_machine),
        cmocka_unit_test(test_addresses_of_sockets),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_lists_of_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
