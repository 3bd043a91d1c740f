/* Apps whose endpoints are named by whoever registers: webpush and unifiedpush. */
#include "tests/unit/common/config/parse.h"

static const struct app *only_app(const struct config *config) {
    assert_int_equal(config->apps.count, 1);
    return &config->apps.list[0];
}

#define WEBPUSH "type: webpush, vapid_private_key: vapid.pem, vapid_contact_email: push@example.org"

static void test_defaults_of_a_webpush_app(void **state) {
    struct config *config = parse(QUEUE "apps: {a: {" WEBPUSH "}}\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_int_equal(app->kind, PROVIDER_WEBPUSH);
    assert_string_equal(app->lane, "webpush");
    assert_string_equal(app->webpush.vapid_key_file, "vapid.pem");
    assert_string_equal(app->webpush.vapid_contact_email, "mailto:push@example.org");
    assert_null(app->webpush.allowed_endpoints);
    assert_null(app->route.allowed_networks);
    assert_true(app->route.is_guarded);
    assert_int_equal(app->collapse, COLLAPSE_EVENT);
    assert_int_equal(app->ttl_ms, 0);
    config_release(config);
}

/* The section of Sygnal's own example, but for its endpoints. */
static void test_values_of_a_webpush_app(void **state) {
    struct config *config =
        parse(QUEUE "apps:\n"
                    "  com.example.myapp.webpush:\n"
                    "    type: webpush\n"
                    "    vapid_private_key: private_key.pem\n"
                    "    vapid_contact_email: https://example.org/contact\n"
                    "    allowed_endpoints: [push.example, '*.push.apple.com']\n"
                    "    allow_networks: [10.0.0.0/8, 'fd00::/8']\n"
                    "    collapse: room\n"
                    "    ttl: 900\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_string_equal(app->webpush.vapid_contact_email, "https://example.org/contact");
    assert_string_equal(app->webpush.allowed_endpoints[0], "push.example");
    assert_string_equal(app->webpush.allowed_endpoints[1], "*.push.apple.com");
    assert_null(app->webpush.allowed_endpoints[2]);
    assert_string_equal(app->route.allowed_networks[0], "10.0.0.0/8");
    assert_string_equal(app->route.allowed_networks[1], "fd00::/8");
    assert_null(app->route.allowed_networks[2]);
    assert_int_equal(app->collapse, COLLAPSE_ROOM);
    assert_int_equal(app->ttl_ms, 900000);
    config_release(config);
}

static void test_values_of_a_unifiedpush_app(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  a: {type: unifiedpush}\n"
                                        "  b: {type: unifiedpush, allow_http: true, ttl: 2h,\n"
                                        "      allow_networks: [192.168.1.10]}\n");
    const struct app *plain = &config->apps.list[0];
    const struct app *app = &config->apps.list[1];

    (void)state;
    assert_string_equal(plain->lane, "unifiedpush");
    assert_false(plain->unifiedpush.allow_http);
    assert_true(plain->route.is_guarded);
    assert_true(app->unifiedpush.allow_http);
    assert_true(app->route.is_guarded);
    assert_int_equal(app->ttl_ms, 7200000);
    assert_string_equal(app->route.allowed_networks[0], "192.168.1.10");
    config_release(config);
}

static void test_mistakes_of_endpoints(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE "apps: {a: {type: webpush}}\n",
         "columba.yaml:2: apps.a.vapid_private_key: is missing, expected text such as "
         "/etc/columba/vapid.pem"},
        {QUEUE "apps: {a: {type: webpush, vapid_private_key: k}}\n",
         "columba.yaml:2: apps.a.vapid_contact_email: is missing, expected an e-mail address or an "
         "https URL, not of localhost, .local or .invalid"},
        {QUEUE
         "apps: {a: {type: webpush, vapid_private_key: k, vapid_contact_email: a@localhost}}\n",
         "columba.yaml:2: apps.a.vapid_contact_email: \"a@localhost\" is nobody push services "
         "would "
         "write to, expected an e-mail address or an https URL, not of localhost, .local or "
         ".invalid"},
        {QUEUE "apps: {a: {" WEBPUSH ", allowed_endpoints: push.example}}\n",
         "columba.yaml:2: apps.a.allowed_endpoints: \"push.example\" is not a list, expected a "
         "list of at most 32 hosts, or globs with * and ?"},
        {QUEUE "apps: {a: {" WEBPUSH ", allowed_endpoints: ['https://push.example/']}}\n",
         "columba.yaml:2: apps.a.allowed_endpoints[0]: \"https://push.example/\" is not a host, "
         "expected a list of at most 32 hosts, or globs with * and ?"},
        {QUEUE "apps: {a: {type: unifiedpush, allow_networks: [10.0.0.0/8, 10.0.0.0/33]}}\n",
         "columba.yaml:2: apps.a.allow_networks[1]: \"10.0.0.0/33\" is not a network, expected a "
         "list of at most 32 networks such as 10.0.0.0/8 or fd00::/8"},
        {QUEUE "apps: {a: {type: unifiedpush, ttl: 2419201}}\n",
         "columba.yaml:2: apps.a.ttl: \"2419201\" is out of bounds, expected a duration from 0 to "
         "28d, or a number of seconds"},
        {QUEUE "apps: {a: {type: unifiedpush, ttl: -1}}\n",
         "columba.yaml:2: apps.a.ttl: \"-1\" is out of bounds, expected a duration from 0 to 28d, "
         "or a number of seconds"},
        {QUEUE "apps: {a: {type: unifiedpush, base_url: 'https://x.example'}}\n",
         "columba.yaml:2: apps.a.base_url: is not for an app of this type, expected it only for "
         "apns, fcm, hms"},
        {QUEUE "apps: {a: {" FCM ", allow_http: true}}\n",
         "columba.yaml:2: apps.a.allow_http: is not for an app of this type, expected it only for "
         "unifiedpush"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_a_webpush_app),
        cmocka_unit_test(test_values_of_a_webpush_app),
        cmocka_unit_test(test_values_of_a_unifiedpush_app),
        cmocka_unit_test(test_mistakes_of_endpoints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
