#include "common/base/json.h"
#include "tests/unit/common/base/capture.h"
#include "tests/unit/common/config/parse.h"

static const struct app *only_app(const struct config *config) {
    assert_int_equal(config->apps.count, 1);
    return &config->apps.list[0];
}

static void test_defaults_of_an_fcm_app(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  org.example.app:\n"
                                        "    type: fcm\n"
                                        "    project_id: my-project\n"
                                        "    service_account_file: /etc/no/such/key.json\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_string_equal(app->pattern, "org.example.app");
    assert_int_equal(app->kind, PROVIDER_FCM);
    assert_string_equal(app->lane, "fcm");
    assert_null(app->base_url);
    assert_null(app->route.ca_file);
    assert_true(app->send_badge_counts);
    assert_int_equal(app->ttl_ms, 0);
    assert_string_equal(app->fcm.project_id, "my-project");
    assert_string_equal(app->fcm.service_account_file, "/etc/no/such/key.json");
    assert_int_equal(app->fcm.target, FCM_TARGET_TOKEN);
    assert_int_equal(app->fcm.payload, FCM_PAYLOAD_SYGNAL);
    assert_int_equal(app->fcm.content, FCM_CONTENT_FLAT);
    assert_null(app->fcm.options);
    config_release(config);
}

static void test_values_of_an_fcm_app(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  'org.example.*':\n"
                                        "    type: gcm\n"
                                        "    api_version: v1\n"
                                        "    project_id: 123\n"
                                        "    service_account_file: key.json\n"
                                        "    lane: big_app-2.eu\n"
                                        "    base_url: https://proxy.example:8443/fcm//\n"
                                        "    ca_file: /ca.pem\n"
                                        "    ttl: 28d\n"
                                        "    send_badge_counts: False\n"
                                        "    payload: fluffychat\n"
                                        "    content: none\n"
                                        "    target: auto\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_string_equal(app->pattern, "org.example.*");
    assert_int_equal(app->kind, PROVIDER_FCM);
    assert_string_equal(app->lane, "big_app-2.eu");
    assert_string_equal(app->base_url, "https://proxy.example:8443/fcm");
    assert_string_equal(app->route.ca_file, "/ca.pem");
    assert_true(app->ttl_ms == INT64_C(28) * 24 * 3600 * 1000);
    assert_false(app->send_badge_counts);
    assert_string_equal(app->fcm.project_id, "123");
    assert_int_equal(app->fcm.target, FCM_TARGET_AUTO);
    assert_int_equal(app->fcm.payload, FCM_PAYLOAD_FLUFFYCHAT);
    assert_int_equal(app->fcm.content, FCM_CONTENT_NONE);
    config_release(config);
}

static void test_fcm_options_become_json(void **state) {
    struct config *config = NULL;
    struct buffer json = {0};

    (void)state;
    setenv("COLUMBA_TEST_CATEGORY", "event", 1);
    config = parse(QUEUE "apps:\n"
                         "  a:\n"
                         "    {" FCM ",\n"
                         "    fcm_options: {\n"
                         "      android: {direct_boot_ok: true, ttl: 0.5, notification: ~},\n"
                         "      apns: {payload: {aps: {content-available: 1,\n"
                         "        category: '${COLUMBA_TEST_CATEGORY}', tags: [a, '1', 2]}}}}}\n");
    json_write(only_app(config)->fcm.options, &json);
    assert_string_equal(
        buffer_text(&json),
        "{\"android\":{\"direct_boot_ok\":true,\"ttl\":0.5,\"notification\":null},"
        "\"apns\":{\"payload\":{\"aps\":{\"content-available\":1,\"category\":\"event\","
        "\"tags\":[\"a\",\"1\",2]}}}}");
    buffer_free(&json);
    config_release(config);
}

static void test_apps_are_found_by_name_and_glob(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  '*': {type: retired}\n"
                                        "  org.example.app: {" FCM ", lane: exact}\n"
                                        "  org.example.*: {" FCM ", lane: glob}\n");
    const struct apps *apps = &config->apps;

    (void)state;
    assert_int_equal(apps->count, 3);
    assert_string_equal(apps_find(apps, slice_of("org.example.app"))->lane, "exact");
    assert_string_equal(apps_find(apps, slice_of("org.example.other"))->lane, "glob");
    assert_int_equal(apps_find(apps, slice_of("com.example"))->kind, PROVIDER_RETIRED);
    assert_string_equal(apps_find(apps, slice_of("com.example"))->lane, "retired");
    config_release(config);
}

static void test_an_app_of_apns(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  a:\n"
                                        "    type: apns\n"
                                        "    keyfile: key.p8\n"
                                        "    key_id: K\n"
                                        "    team_id: T\n"
                                        "    topic: com.example.app\n"
                                        "    voip_topic: com.example.app.voip\n"
                                        "    platform: sandbox\n"
                                        "    port: 2197\n"
                                        "    push_type: background\n"
                                        "    convert_device_token_to_hex: false\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_int_equal(app->kind, PROVIDER_APNS);
    assert_string_equal(app->apns.key_file, "key.p8");
    assert_string_equal(app->apns.key_id, "K");
    assert_string_equal(app->apns.team_id, "T");
    assert_string_equal(app->apns.topic, "com.example.app");
    assert_string_equal(app->apns.voip_topic, "com.example.app.voip");
    assert_int_equal(app->apns.platform, APNS_SANDBOX);
    assert_int_equal(app->apns.port, APNS_PORT_2197);
    assert_int_equal(app->apns.push_type, APNS_BACKGROUND);
    assert_false(app->apns.converts_token);
    assert_false(app->route.is_guarded);
    config_release(config);
    config = parse(QUEUE "apps: {a: {type: apns, certfile: a.p12, certfile_password: s}}\n");
    app = only_app(config);
    assert_null(app->apns.key_file);
    assert_null(app->apns.topic);
    assert_string_equal(app->route.certificate_file, "a.p12");
    assert_string_equal(app->route.certificate_password, "s");
    assert_int_equal(app->apns.platform, APNS_PRODUCTION);
    assert_int_equal(app->apns.port, APNS_PORT_443);
    assert_int_equal(app->apns.push_type, APNS_ALERT);
    assert_true(app->apns.converts_token);
    config_release(config);
}

/* The names stand in the order of Apple's. */
static void test_every_push_type_of_apns(void **state) {
    static const char *const names[] = {
        [APNS_ALERT] = "alert",
        [APNS_BACKGROUND] = "background",
        [APNS_VOIP] = "voip",
        [APNS_PUSHTOTALK] = "pushtotalk",
        [APNS_COMPLICATION] = "complication",
        [APNS_FILEPROVIDER] = "fileprovider",
        [APNS_LOCATION] = "location",
        [APNS_LIVEACTIVITY] = "liveactivity",
        [APNS_WIDGETS] = "widgets",
        [APNS_CONTROLS] = "controls",
        [APNS_MDM] = "mdm",
    };
    struct buffer yaml = {0};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        buffer_clear(&yaml);
        buffer_append_format(&yaml, QUEUE "apps: {a: {type: apns, certfile: x, push_type: %s}}\n",
                             names[i]);
        struct config *config = parse(buffer_text(&yaml));
        assert_int_equal(only_app(config)->apns.push_type, i);
        config_release(config);
    }
    buffer_free(&yaml);
}

static void test_apns_takes_a_key_or_a_certificate(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE "apps: {a: {type: apns, topic: t}}\n",
         "columba.yaml:2: apps.a.keyfile: is missing, expected it or a certfile"},
        {QUEUE "apps:\n  a:\n    type: apns\n    keyfile: k\n    certfile: c\n",
         "columba.yaml:6: apps.a.certfile: is there beside keyfile, expected one of the two"},
        {QUEUE "apps: {a: {type: apns, keyfile: k, team_id: T, topic: t}}\n",
         "columba.yaml:2: apps.a.key_id: is missing, expected it beside keyfile"},
        {QUEUE "apps: {a: {type: apns, keyfile: k, key_id: K, topic: t}}\n",
         "columba.yaml:2: apps.a.team_id: is missing, expected it beside keyfile"},
        {QUEUE "apps: {a: {type: apns, keyfile: k, key_id: K, team_id: T}}\n",
         "columba.yaml:2: apps.a.topic: is missing, expected it beside keyfile"},
        {QUEUE "apps: {a: {type: apns, certfile: c, platform: development}}\n",
         "columba.yaml:2: apps.a.platform: \"development\" is none of the choices, expected one of "
         "production, sandbox, prod"},
        {QUEUE "apps: {a: {type: apns, certfile: c, port: 80}}\n",
         "columba.yaml:2: apps.a.port: \"80\" is none of the choices, expected one of 443, 2197"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_an_app_of_hms(void **state) {
    struct config *config = parse(QUEUE "apps:\n"
                                        "  a:\n"
                                        "    type: hms\n"
                                        "    client_id: 104\n"
                                        "    client_secret: s\n"
                                        "    token_url: https://oauth.example/token\n"
                                        "    urgency: normal\n");
    const struct app *app = only_app(config);

    (void)state;
    assert_int_equal(app->kind, PROVIDER_HMS);
    assert_string_equal(app->lane, "hms");
    assert_string_equal(app->hms.client_id, "104");
    assert_string_equal(app->hms.client_secret, "s");
    assert_string_equal(app->hms.token_url, "https://oauth.example/token");
    assert_int_equal(app->hms.urgency, HMS_URGENCY_NORMAL);
    config_release(config);
    config = parse(QUEUE "apps: {a: {type: hms, client_id: 104, client_secret: s}}\n");
    assert_null(only_app(config)->hms.token_url);
    assert_int_equal(only_app(config)->hms.urgency, HMS_URGENCY_AUTO);
    config_release(config);
}

/* The file of a Sygnal that runs today, but for its version of the API. */
static void test_what_sygnal_has_and_columba_does_without(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};
    struct buffer line = {0};
    struct config *config = parse(QUEUE "apps:\n"
                                        "  a:\n"
                                        "    type: gcm\n"
                                        "    api_key: AIzaSecret\n"
                                        "    max_connections: 20\n"
                                        "    inflight_request_limit: 512\n"
                                        "    api_version: v1\n"
                                        "    project_id: p\n"
                                        "    service_account_file: key.json\n");

    (void)state;
    capture_stop(&capture, &text);
    config_release(config);
    static const struct {
        int line;
        const char *key;
        const char *reason;
    } ignored[] = {
        {5, "api_key",
         "Belongs to an API that Google has switched off: remove it, and set project_id and "
         "service_account_file."},
        {6, "max_connections",
         "Is Sygnal's: remove it, and set dispatcher.connections for all apps."},
        {7, "inflight_request_limit",
         "Is Sygnal's: remove it, and set dispatcher.in_flight for all apps."},
    };
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        buffer_clear(&line);
        buffer_append_format(&line,
                             "\"level\":\"warning\",\"program\":\"columba\",\"event\":"
                             "\"config_key_ignored\",\"file\":\"columba.yaml\",\"line\":%d,"
                             "\"key\":\"apps.a.%s\",\"reason\":\"%s\"}\n",
                             ignored[i].line, ignored[i].key, ignored[i].reason);
        assert_non_null(strstr(buffer_text(&text), buffer_text(&line)));
    }
    assert_null(strstr(buffer_text(&text), "AIzaSecret"));
    buffer_free(&text);
    buffer_free(&line);
}

static void test_http_is_warned_about(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};
    struct config *config = parse(QUEUE "apps: {a: {" FCM ", base_url: 'http://127.0.0.1:1'}}\n");

    (void)state;
    capture_stop(&capture, &text);
    assert_string_equal(only_app(config)->base_url, "http://127.0.0.1:1");
    assert_non_null(strstr(buffer_text(&text), "\"event\":\"config_url_is_not_secret\""));
    assert_non_null(strstr(buffer_text(&text), "\"key\":\"apps.a.base_url\""));
    buffer_free(&text);
    config_release(config);
}

/* What is wrong is one line: nothing is said of what is merely odd. */
static void test_a_file_with_a_mistake_is_not_warned_about(void **state) {
    struct capture capture = capture_start();
    struct buffer text = {0};
    struct error error = {0};

    (void)state;
    assert_null(config_parse("columba.yaml",
                             slice_of(QUEUE "apps:\n"
                                            "  a: {" FCM ", base_url: 'http://127.0.0.1:1'}\n"
                                            "  b: {}\n"),
                             &error));
    capture_stop(&capture, &text);
    assert_int_equal(text.size, 0);
    buffer_free(&text);
}

static void test_mistakes_in_the_section(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE, "columba.yaml:1: apps: is missing, expected at least one app"},
        {QUEUE "apps:\n", "columba.yaml:1: apps: is missing, expected at least one app"},
        {QUEUE "apps: {}\n", "columba.yaml:1: apps: is missing, expected at least one app"},
        {QUEUE "apps: [a]\n",
         "columba.yaml:2: apps: is not a map, expected apps and their settings"},
        {QUEUE "apps: fcm\n",
         "columba.yaml:2: apps: is not a map, expected apps and their settings"},
        {QUEUE "apps:\n  a: fcm\n",
         "columba.yaml:3: apps.a: is not a map, expected the settings of an app"},
        {QUEUE "apps:\n  '': {type: retired}\n",
         "columba.yaml:3: apps.: is not an app, expected its app_id or a glob"},
        {QUEUE "apps:\n  a: {type: retired}\n  b: {type: retired}\n  a: {type: retired}\n",
         "columba.yaml:5: apps.a: is there twice (first in line 3), expected it once"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_mistakes_in_the_type(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE "apps:\n  a:\n",
         "columba.yaml:3: apps.a.type: is missing, expected one of apns, fcm, "
         "webpush, unifiedpush, hms, retired"},
        {QUEUE "apps:\n  a: {project_id: p}\n",
         "columba.yaml:3: apps.a.type: is missing, expected "
         "one of apns, fcm, webpush, unifiedpush, hms, retired"},
        {QUEUE "apps:\n  a: {tpye: fcm}\n",
         "columba.yaml:3: apps.a.tpye: is not a key, did you mean type?"},
        {QUEUE "apps:\n  a: {type: FCM}\n",
         "columba.yaml:3: apps.a.type: \"FCM\" is not a type of "
         "app, expected one of apns, fcm, webpush, unifiedpush, hms, retired"},
        {QUEUE "apps:\n  a: {type: [fcm]}\n",
         "columba.yaml:3: apps.a.type: is not a type of app, expected one of apns, fcm, webpush, "
         "unifiedpush, hms, retired"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_mistakes_in_an_app(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE "apps: {a: {type: fcm}}\n",
         "columba.yaml:2: apps.a.project_id: is missing, expected text such as my-project-1a2b3"},
        {QUEUE "apps: {a: {type: fcm, project_id: p}}\n",
         "columba.yaml:2: apps.a.service_account_file: is missing, expected text such as "
         "/etc/columba/firebase.json"},
        {QUEUE "apps: {a: {type: gcm, api_version: legacy, api_key: x}}\n",
         "columba.yaml:2: apps.a.api_version: legacy is an API that Google has switched off, "
         "expected v1, with project_id and service_account_file set"},
        {QUEUE "apps: {a: {" FCM ", api_version: v2}}\n",
         "columba.yaml:2: apps.a.api_version: \"v2\" is not a version of the API, expected v1"},
        {QUEUE "apps: {a: {" FCM ", projet_id: x}}\n",
         "columba.yaml:2: apps.a.projet_id: is not a key, did you mean project_id?"},
        {QUEUE "apps: {a: {type: retired, lane: x}}\n",
         "columba.yaml:2: apps.a.lane: is not for an app of this type, expected it only for "
         "apns, fcm, webpush, unifiedpush, hms"},
        {QUEUE "apps: {a: {type: retired, project_id: x}}\n",
         "columba.yaml:2: apps.a.project_id: is not for an app of this type, expected it only for "
         "fcm"},
        {QUEUE "apps: {a: {" FCM ", lane: 'a/b'}}\n",
         "columba.yaml:2: apps.a.lane: \"a/b\" is not a name, expected letters, digits, '.', '_', "
         "'-', at most 80"},
        {QUEUE "apps: {a: {" FCM ", lane: ''}}\n",
         "columba.yaml:2: apps.a.lane: \"\" is empty, expected letters, digits, '.', '_', '-', at "
         "most 80"},
        {QUEUE "apps: {a: {" FCM ", base_url: fcm.example}}\n",
         "columba.yaml:2: apps.a.base_url: \"fcm.example\" is not a base URL, expected "
         "https://host, with port and path if need be"},
        {QUEUE "apps: {a: {" FCM ", send_badge_counts: yes}}\n",
         "columba.yaml:2: apps.a.send_badge_counts: \"yes\" is not a boolean, expected true or "
         "false"},
        {QUEUE "apps: {a: {" FCM ", ttl: 29d}}\n",
         "columba.yaml:2: apps.a.ttl: \"29d\" is out of bounds, expected a duration from 0 to 28d, "
         "or a "
         "number of seconds"},
        {QUEUE "apps: {a: {" FCM ", ttl: 1 week}}\n",
         "columba.yaml:2: apps.a.ttl: \"1 week\" is not a number with a unit (ms, s, m, h, d), "
         "expected a duration from 0 to 28d, or a number of seconds"},
        {QUEUE "apps: {a: {" FCM ", target: topic}}\n",
         "columba.yaml:2: apps.a.target: \"topic\" is none of the choices, expected one of token, "
         "fid, auto"},
        {QUEUE "apps: {a: {" FCM ", target: [token]}}\n",
         "columba.yaml:2: apps.a.target: is not a single value, expected one of token, fid, auto"},
        {QUEUE "apps: {a: {" FCM ", send_badge_counts: {}}}\n",
         "columba.yaml:2: apps.a.send_badge_counts: is not a single value, expected true or false"},
        {QUEUE "apps: {a: {" FCM ", base_url: []}}\n",
         "columba.yaml:2: apps.a.base_url: is not a single value, expected https://host, with port "
         "and path if need be"},
        {QUEUE "apps: {a: {" FCM ", fcm_options: [x]}}\n",
         "columba.yaml:2: apps.a.fcm_options: is not a map, expected a map of anything"},
        {QUEUE "apps: {a: {" FCM ", fcm_options: {x: .inf}}}\n",
         "columba.yaml:2: apps.a.fcm_options.x: is a number that JSON cannot hold, expected a "
         "finite one or quotes around it"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_an_fcm_app),
        cmocka_unit_test(test_values_of_an_fcm_app),
        cmocka_unit_test(test_fcm_options_become_json),
        cmocka_unit_test(test_apps_are_found_by_name_and_glob),
        cmocka_unit_test(test_an_app_of_apns),
        cmocka_unit_test(test_every_push_type_of_apns),
        cmocka_unit_test(test_apns_takes_a_key_or_a_certificate),
        cmocka_unit_test(test_an_app_of_hms),
        cmocka_unit_test(test_what_sygnal_has_and_columba_does_without),
        cmocka_unit_test(test_http_is_warned_about),
        cmocka_unit_test(test_a_file_with_a_mistake_is_not_warned_about),
        cmocka_unit_test(test_mistakes_in_the_section),
        cmocka_unit_test(test_mistakes_in_the_type),
        cmocka_unit_test(test_mistakes_in_an_app),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
