#include "common/push/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *networks[] = {"10.0.0.0/8", "fd00::/8", NULL};
static char *fewer_networks[] = {"10.0.0.0/8", NULL};
static char *other_networks[] = {"10.0.0.0/8", "fd00::/9", NULL};

static const struct route full = {
    .ca_file = "/ca.pem",
    .proxy = "http://user:password@proxy.example:3128",
    .certificate_file = "/client.p12",
    .certificate_password = "secret",
    .is_guarded = true,
    .allowed_networks = networks,
    .identity = {1, 2, 3},
};

static void expect_equal(const struct route *a, const struct route *b, bool expected) {
    assert_int_equal(route_equal(a, b), expected);
    assert_int_equal(route_equal(b, a), expected);
}

static void test_a_copy_is_equal_and_its_own(void **state) {
    struct route copy = route_copy(&full);

    (void)state;
    expect_equal(&copy, &full, true);
    assert_ptr_not_equal(copy.ca_file, full.ca_file);
    assert_ptr_not_equal(copy.allowed_networks, full.allowed_networks);
    assert_ptr_not_equal(copy.allowed_networks[0], full.allowed_networks[0]);
    route_release(&copy);
    expect_equal(&copy, NULL, true);
    route_release(&copy);
}

static void test_no_route_is_one_with_nothing(void **state) {
    struct route copy = route_copy(NULL);
    const struct route nothing = {0};

    (void)state;
    expect_equal(NULL, NULL, true);
    expect_equal(&copy, NULL, true);
    expect_equal(&nothing, &copy, true);
    expect_equal(&full, NULL, false);
    route_release(&copy);
}

static void test_each_part_counts(void **state) {
    struct route others[9];

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        others[i] = full;
    others[0].ca_file = NULL;
    others[1].proxy = "http://user:other@proxy.example:3128";
    others[2].certificate_file = "/other.p12";
    others[3].certificate_password = NULL;
    others[4].is_guarded = false;
    others[5].allowed_networks = NULL;
    others[6].allowed_networks = fewer_networks;
    others[7].allowed_networks = other_networks;
    others[8].identity[31] = 1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        expect_equal(&full, &others[i], false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_is_equal_and_its_own),
        cmocka_unit_test(test_no_route_is_one_with_nothing),
        cmocka_unit_test(test_each_part_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
