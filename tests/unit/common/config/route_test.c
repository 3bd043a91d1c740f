#include "common/config/options.h"
#include "common/config/program.h"
#include "common/config/value.h"
#include "tests/unit/common/config/parse.h"

#include <unistd.h>

/* ---- Proxies ---- */

static void test_the_proxy_of_all_and_that_of_one(void **state) {
    struct config *config = parse(QUEUE "dispatcher: {proxy: 'http://all.example:3128'}\n"
                                        "apps:\n"
                                        "  plain: {" FCM "}\n"
                                        "  own: {" FCM ", proxy: 'http://u:p%40@[::1]:8080'}\n"
                                        "  none: {" FCM ", proxy: none}\n");
    const struct app *apps = config->apps.list;

    (void)state;
    assert_string_equal(apps[0].route.proxy, "http://all.example:3128");
    assert_string_equal(apps[1].route.proxy, "http://u:p%40@[::1]:8080");
    assert_null(apps[2].route.proxy);
    assert_false(apps[0].route.is_guarded);
    config_release(config);

    config = parse(QUEUE "apps: {a: {" FCM "}}\n");
    assert_null(config->dispatcher.proxy);
    assert_null(config->apps.list[0].route.proxy);
    config_release(config);
}

static void test_a_proxy_without_port_is_at_80(void **state) {
    static const struct {
        const char *written, *read;
    } cases[] = {{"http://proxy.example", "http://proxy.example:80"},
                 {"http://proxy.example/", "http://proxy.example:80"},
                 {"http://proxy.example:3128/", "http://proxy.example:3128"},
                 {"http://u:p@proxy.example", "http://u:p@proxy.example:80"},
                 {"http://[::1]", "http://[::1]:80"},
                 {"http://u:p@[::1]:3128", "http://u:p@[::1]:3128"}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer proxy = {0};
        assert_true(value_proxy_parse(cases[i].written, &proxy));
        assert_string_equal(buffer_text(&proxy), cases[i].read);
        buffer_free(&proxy);
    }
}

static void test_what_is_no_proxy(void **state) {
    static const char *const wrong[] = {
        "''",
        "proxy.example:3128",
        "https://proxy.example:3128",
        "socks5://proxy.example:1080",
        "'http://proxy.example:'",
        "http://proxy.example:0",
        "http://proxy.example:3128/path",
        "http://proxy.example//",
        "http://",
        "http:///",
        "http://proxy.example:65536",
        "http://:3128",
        "http://@proxy.example:3128",
        "http://a@b@proxy.example:3128",
        "http://a b@proxy.example:3128",
        "http://a/b@proxy.example:3128",
        "http://a#b@proxy.example:3128",
        "'http://a?b@proxy.example:3128'",
        "HTTP://proxy.example:3128",
        "None",
    };
    struct buffer yaml = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        buffer_clear(&yaml);
        buffer_append_format(&yaml, QUEUE "apps:\n  a:\n    {" FCM ",\n    proxy: %s}\n", wrong[i]);
        assert_refused(buffer_text(&yaml),
                       "columba.yaml:5: apps.a.proxy: is not a proxy, expected http://host:port, "
                       "with user:password@ before the host if need be, or none");
    }
    buffer_free(&yaml);
    assert_refused(QUEUE APPS "dispatcher: {proxy: [a]}\n",
                   "columba.yaml:3: dispatcher.proxy: is not a single value, expected "
                   "http://host:port, with user:password@ before the host if need be, or none");
}

/* ---- Secrets of sending ---- */

static struct config *start(bool sends, const char *yaml) {
    char path[] = "/tmp/columba-route-XXXXXX";
    char *arguments[] = {"test", "--config", path};
    const struct program program = {.name = "test", .sends = sends};
    enum program_exit status = PROGRAM_EXIT_OK;
    const char *used = NULL;
    int file = mkstemp(path);

    assert_true(file >= 0);
    assert_int_equal(write(file, yaml, strlen(yaml)), strlen(yaml));
    close(file);
    struct config *config = program_start(&program, 3, arguments, &used, &status);
    assert_string_equal(used, path);
    unlink(path);
    assert_int_equal(status, config == NULL ? PROGRAM_EXIT_USAGE : PROGRAM_EXIT_OK);
    return config;
}

static void test_who_sends_nothing_needs_no_secret_of_it(void **state) {
    static const char of_all[] =
        QUEUE "dispatcher: {proxy_file: /no/such/file}\napps: {a: {" FCM "}}\n";
    static const char of_one[] = QUEUE "apps: {a: {" FCM ", proxy_file: /no/such/file}}\n";
    static const char both[] =
        QUEUE "dispatcher: {proxy: none, proxy_file: /no/such/file}\napps: {a: {" FCM "}}\n";

    (void)state;
    config_release(start(false, of_all));
    config_release(start(false, of_one));
    assert_null(start(true, of_all));
    assert_null(start(true, of_one));
    assert_null(start(false, both));
    assert_null(start(false, QUEUE APPS "redis: {password_file: /no/such/file}\n"));
}

static void test_a_proxy_from_a_file(void **state) {
    char path[] = "/tmp/columba-proxy-XXXXXX";
    int file = mkstemp(path);
    struct buffer yaml = {0};

    (void)state;
    assert_int_equal(write(file, "http://u:p@proxy.example:3128\n", 30), 30);
    close(file);
    buffer_append_format(&yaml, QUEUE "dispatcher: {proxy_file: %s}\napps: {a: {" FCM "}}\n", path);
    struct config *config = start(true, buffer_text(&yaml));
    assert_string_equal(config->apps.list[0].route.proxy, "http://u:p@proxy.example:3128");
    config_release(config);
    unlink(path);
    buffer_free(&yaml);
}

/* ---- Networks ---- */

/* The row alone, whichever types of app can be served. */
static bool read_networks(const char *yaml, struct app *app, struct error *error) {
    const struct option_scope scope = {.rows = options_app, .count = options_app_count};
    struct yaml_tree *tree = yaml_tree_parse("columba.yaml", slice_of(yaml), error);
    bool done = false;

    *app = (struct app){0};
    for (size_t i = 0; i < options_app_count; i++)
        if (strcmp(options_app[i].name, "allow_networks") == 0)
            done = option_read_row(&scope, &options_app[i], yaml_tree_root(tree),
                                   yaml_tree_root(tree), app, error);
    yaml_tree_free(tree);
    return done;
}

static void test_networks_that_are_allowed(void **state) {
    struct app app;
    struct error error = {0};

    (void)state;
    assert_true(
        read_networks("allow_networks: [10.0.0.0/8, 'fd00::/8', 192.168.1.7]\n", &app, &error));
    assert_string_equal(app.route.allowed_networks[0], "10.0.0.0/8");
    assert_string_equal(app.route.allowed_networks[1], "fd00::/8");
    assert_string_equal(app.route.allowed_networks[2], "192.168.1.7");
    assert_null(app.route.allowed_networks[3]);
    route_release(&app.route);

    assert_true(read_networks("lane: a\n", &app, &error));
    assert_null(app.route.allowed_networks);
    route_release(&app.route);
}

static void test_what_is_no_network(void **state) {
    static const struct {
        const char *yaml;
        const char *error;
    } cases[] = {
        {"allow_networks:\n- 10.0.0.0/8\n- 10.0.0.0/33\n",
         "columba.yaml:3: allow_networks[1]: \"10.0.0.0/33\" is not a network, expected a list of "
         "at "
         "most 32 networks such as 10.0.0.0/8 or fd00::/8"},
        {"allow_networks: [push.example]\n", "columba.yaml:1: allow_networks[0]: \"push.example\" "
                                             "is not a network, expected a list of at "
                                             "most 32 networks such as 10.0.0.0/8 or fd00::/8"},
        {"allow_networks: 10.0.0.0/8\n",
         "columba.yaml:1: allow_networks: \"10.0.0.0/8\" is not a list, expected a list of at most "
         "32 networks such as 10.0.0.0/8 or fd00::/8"},
        {"allow_networks: [[10.0.0.0/8]]\n",
         "columba.yaml:1: allow_networks[0]: is not a single value, expected a list of at most 32 "
         "networks such as 10.0.0.0/8 or fd00::/8"},
    };
    struct app app;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        assert_false(read_networks(cases[i].yaml, &app, &error));
        assert_string_equal(error.text, cases[i].error);
        route_release(&app.route);
    }
}

#define APNS_WITH(key_id, team_id)                                                                 \
    "{type: apns, keyfile: k, topic: t, key_id: " key_id ", team_id: " team_id "}"

/* Apple takes a connection to be for the key that was first shown on it. */
static void test_keys_of_apple_have_connections_of_their_own(void **state) {
    struct config *config = parse(
        QUEUE
        "apps:\n"
        "  a: " APNS_WITH("K1", "T1") "\n"
                                      "  same: " APNS_WITH(
                                          "K1", "T1") "\n"
                                                      "  other.key: " APNS_WITH(
                                                          "K2", "T1") "\n"
                                                                      "  other.team: " APNS_WITH(
                                                                          "K1", "T2") "\n");
    const struct app *apps = config->apps.list;

    (void)state;
    assert_true(route_equal(&apps[0].route, &apps[1].route));
    assert_false(route_equal(&apps[0].route, &apps[2].route));
    assert_false(route_equal(&apps[0].route, &apps[3].route));
    config_release(config);

    config = parse(QUEUE "apps: {a: {" FCM "}}\n");
    assert_true(route_equal(&config->apps.list[0].route, NULL));
    config_release(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_proxy_of_all_and_that_of_one),
        cmocka_unit_test(test_a_proxy_without_port_is_at_80),
        cmocka_unit_test(test_what_is_no_proxy),
        cmocka_unit_test(test_who_sends_nothing_needs_no_secret_of_it),
        cmocka_unit_test(test_a_proxy_from_a_file),
        cmocka_unit_test(test_networks_that_are_allowed),
        cmocka_unit_test(test_what_is_no_network),
        cmocka_unit_test(test_keys_of_apple_have_connections_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
