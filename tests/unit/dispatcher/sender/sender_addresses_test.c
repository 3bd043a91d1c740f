#include "dispatcher/sender/sender_addresses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct network_address address_of(const char *text) {
    struct network_address address;

    assert_true(network_address_parse(slice_of(text), &address));
    return address;
}

static void fill(struct sender_addresses *addresses, const char *text) {
    const struct network_address address = address_of(text);

    for (int i = 0; i < SENDER_ADDRESS_SOCKETS_MAX; i++) {
        assert_true(sender_addresses_permit(addresses, &address));
        sender_addresses_add(addresses, &address, i);
    }
}

static void empty(struct sender_addresses *addresses) {
    for (int i = 0; i < SENDER_ADDRESS_SOCKETS_MAX; i++)
        sender_addresses_remove(addresses, i);
}

static bool permits(struct sender_addresses *addresses, const char *text) {
    const struct network_address address = address_of(text);

    return sender_addresses_permit(addresses, &address);
}

static void an_address_has_its_share_and_no_more(void **state) {
    struct sender_addresses *addresses = sender_addresses_new();

    (void)state;
    fill(addresses, "192.0.2.1");
    assert_false(permits(addresses, "192.0.2.1"));
    assert_false(permits(addresses, "::ffff:192.0.2.1"));
    assert_true(permits(addresses, "192.0.2.2"));
    sender_addresses_remove(addresses, 7);
    assert_true(permits(addresses, "192.0.2.1"));
    empty(addresses);
    assert_true(permits(addresses, "192.0.2.1"));
    sender_addresses_free(addresses);
}

static void a_network_of_ipv6_is_one_address(void **state) {
    struct sender_addresses *addresses = sender_addresses_new();

    (void)state;
    fill(addresses, "2001:db8:1:2::1");
    assert_false(permits(addresses, "2001:db8:1:2:3:4:5:6"));
    assert_true(permits(addresses, "2001:db8:1:3::1"));
    empty(addresses);
    sender_addresses_free(addresses);
}

static void what_was_never_counted_is_not_missed(void **state) {
    struct sender_addresses *addresses = sender_addresses_new();

    (void)state;
    sender_addresses_remove(addresses, 3);
    assert_true(permits(addresses, "192.0.2.1"));
    sender_addresses_free(addresses);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_its_share_and_no_more),
        cmocka_unit_test(a_network_of_ipv6_is_one_address),
        cmocka_unit_test(what_was_never_counted_is_not_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
