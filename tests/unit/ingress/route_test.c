#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ingress/route.h"

static const char notify[] = "/_matrix/push/v1/notify";

static void the_table_is_followed(void **state) {
    static const struct {
        const char *method;
        const char *path;
        bool discovery;
        enum endpoint endpoint;
        const char *allow;
    } rows[] = {
        {"POST", notify, false, ENDPOINT_NOTIFY, ""},
        {"POST", notify, true, ENDPOINT_NOTIFY, ""},
        {"GET", notify, true, ENDPOINT_DISCOVERY, ""},
        {"GET", notify, false, ENDPOINT_WRONG_METHOD, "POST"},
        {"PUT", notify, false, ENDPOINT_WRONG_METHOD, "POST"},
        {"PUT", notify, true, ENDPOINT_WRONG_METHOD, "GET, POST"},
        {"HEAD", notify, true, ENDPOINT_WRONG_METHOD, "GET, POST"},
        {"post", notify, false, ENDPOINT_WRONG_METHOD, "POST"},
        {"POST", "/_matrix/push/v1/notify/", false, ENDPOINT_UNKNOWN, ""},
        {"POST", "/_matrix/push/v1", false, ENDPOINT_UNKNOWN, ""},
        {"GET", "/", true, ENDPOINT_UNKNOWN, ""},
        {"", "", true, ENDPOINT_UNKNOWN, ""},
        {"GET", "/health", false, ENDPOINT_HEALTH, ""},
        {"POST", "/health", false, ENDPOINT_WRONG_METHOD, "GET"},
        {"GET", "/health/", false, ENDPOINT_UNKNOWN, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct routing route = route_find(rows[i].method, rows[i].path, rows[i].discovery);
        assert_int_equal(route.endpoint, rows[i].endpoint);
        assert_string_equal(route.allow, rows[i].allow);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_table_is_followed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
