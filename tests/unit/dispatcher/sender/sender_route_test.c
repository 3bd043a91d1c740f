#include "dispatcher/sender/sender_route.h"

#include "tests/unit/dispatcher/sender/sender_fixture.h"

#include <errno.h>

static char loopback[] = "127.0.0.0/8";
static char *own_networks[] = {loopback, NULL};

struct url {
    char text[200];
};

static struct url url_of(const char *scheme_and_host, int port, const char *path) {
    struct url url;

    snprintf(url.text, sizeof url.text, "%s:%d%s", scheme_and_host, port, path);
    return url;
}

static struct url proxy_of(const struct provider *provider, const char *credentials) {
    struct url url;

    snprintf(url.text, sizeof url.text, "http://%s127.0.0.1:%d", credentials, provider->proxy_port);
    return url;
}

static struct reply ask(struct fixture *fixture, const struct route *route, struct url url) {
    struct reply reply;

    send_url(fixture, url.text, route, &reply);
    await(fixture);
    return reply;
}

static void expect_no_caller(int listener) {
    assert_int_equal(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(accept(listener, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
}

/* ---- The guard ---- */

static void keeps_strangers_from_inner_addresses(void **state) {
    static const char *const hosts[] = {
        "https://localhost", "https://127.0.0.1",          "http://127.0.0.1",
        "https://127.1",     "https://2130706433",         "https://0x7f.0.0.1",
        "https://0.0.0.0",   "https://[::ffff:127.0.0.1]", "https://[::1]",
        "https://[::]",      "https://169.254.0.1",        "https://a.localhost.",
    };
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = {.is_guarded = true};
    int port = 0;
    int listener = listen_in_silence(&port);

    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct reply reply = ask(&fixture, &route, url_of(hosts[i], port, "/"));
        expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
    }
    expect_no_caller(listener);
    close(listener);
    close_fixture(&fixture);
}

/* localhost may be ::1 as well, which is not allowed here: the other one is taken. */
static void lets_them_reach_networks_that_are_allowed(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = fixture.provider->route;
    struct reply reply;

    route.is_guarded = true;
    route.allowed_networks = own_networks;
    reply = ask(&fixture, &route, url_of("https://localhost", fixture.provider->https_port, "/ok"));
    expect_answer(&reply, 200, "ok");
    reply = ask(&fixture, &route, url_of("https://127.0.0.1", fixture.provider->https_port, "/ok"));
    expect_answer(&reply, 200, "ok");
    close_fixture(&fixture);
}

static void lends_them_no_connection_of_others(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = fixture.provider->route;
    struct url url = url_of("https://127.0.0.1", fixture.provider->https_port, "/ok/guarded");
    struct reply reply;

    warm_up(&fixture);
    route.is_guarded = true;
    reply = ask(&fixture, &route, url);
    expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
    route.allowed_networks = own_networks;
    reply = ask(&fixture, &route, url);
    expect_answer(&reply, 200, "ok");
    route.allowed_networks = NULL;
    reply = ask(&fixture, &route, url);
    expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
    assert_int_equal(counted(&fixture, "requests", "/ok/guarded"), 1);
    close_fixture(&fixture);
}

static void follows_nobody(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct reply reply;

    send_path(&fixture, "/redirect", &reply);
    await(&fixture);
    expect_answer(&reply, 307, NULL);
    assert_int_equal(counted(&fixture, "requests", "/ok/trap"), 0);
    close_fixture(&fixture);
}

static void knows_what_a_proxy_may_be_asked(void **state) {
    static const struct {
        const char *url;
        bool permits;
    } cases[] = {
        {"https://push.example/a", true},
        {"https://1.1.1.1/", true},
        {"https://[2606:4700:4700::1111]:8443/", true},
        {"https://127.0.0.1.example/", true},
        {"https://localhost.example/", true},
        {"https://notlocalhost/", true},
        {"https://127.0.0.1/", false},
        {"https://127.1/", false},
        {"https://user@127.0.0.1:80/", false},
        {"https://0x7f000001/", false},
        {"https://%31%32%37.0.0.1/", false},
        {"https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", false},
        {"https://b\xc3\xbc"
         "cher.example/",
         false},
        {"https://[::1]/", false},
        {"https://[::ffff:10.0.0.1]/", false},
        {"https://169.254.169.254/latest", false},
        {"https://localhost/", false},
        {"https://LocalHost./", false},
        {"https://a.b.localhost/", false},
        {"https://", false},
        {"", false},
    };
    const struct route route = {.is_guarded = true, .proxy = "http://proxy.example:3128"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sender_route_permits_url(&route, cases[i].url) != cases[i].permits)
            fail_msg("%s", cases[i].url);
}

static void asks_no_proxy_for_inner_literals(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct url proxy = proxy_of(fixture.provider, "columba:p%40ss%3aword@");
    struct route route = fixture.provider->route;
    struct url url = url_of("https://127.0.0.1", fixture.provider->https_port, "/ok");
    int64_t headers_before = counted(&fixture, "proxy_headers", "host");
    struct reply reply;

    route.proxy = proxy.text;
    route.is_guarded = true;
    reply = ask(&fixture, &route, url);
    expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
    assert_int_equal(counted(&fixture, "proxy_headers", "host"), headers_before);
    route.allowed_networks = own_networks;
    reply = ask(&fixture, &route, url);
    expect_answer(&reply, 200, "ok");
    assert_true(counted(&fixture, "proxy_headers", "host") > headers_before);
    close_fixture(&fixture);
}

/* ---- Proxies ---- */

static void goes_through_the_proxy_it_is_told(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    const struct provider *provider = fixture.provider;
    struct url proxy = proxy_of(provider, "columba:p%40ss%3aword@");
    struct url url = url_of("https://localhost", provider->https_port, "/headers");
    struct http_request request = {.url = url.text,
                                   .headers = {{"authorization", slice_of("Bearer secret")}},
                                   .header_count = 1};
    struct route route = provider->route;
    struct reply secure;
    struct reply clear;
    char target[50];

    route.proxy = proxy.text;
    send_request(&fixture, &request, &route, false, &secure);
    await(&fixture);
    struct json_object *tree = json_tokener_parse(buffer_text(&secure.body));
    assert_true(slice_is(json_member_text(tree, "authorization"), "Bearer secret"));
    assert_null(json_member(tree, "proxy-authorization"));
    json_object_put(tree);
    assert_string_equal(secure.retry_after, "");
    expect_answer(&secure, 200, NULL);

    clear = ask(&fixture, &route, url_of("http://127.0.0.1", provider->http_port, "/ok"));
    expect_answer(&clear, 200, "ok");
    snprintf(target, sizeof target, "localhost:%d", provider->https_port);
    assert_int_equal(counted(&fixture, "tunnels", target), 1);
    snprintf(target, sizeof target, "127.0.0.1:%d", provider->http_port);
    assert_int_equal(counted(&fixture, "tunnels", target), 1);
    assert_int_equal(counted(&fixture, "proxy_headers", "authorization"), 0);
    close_fixture(&fixture);
}

static void heeds_no_environment(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct url proxy = proxy_of(fixture.provider, "columba:p%40ss%3aword@");
    struct route route = fixture.provider->route;
    struct url url = url_of("https://localhost", fixture.provider->https_port, "/ok");
    struct reply reply;
    char target[50];

    snprintf(target, sizeof target, "localhost:%d", fixture.provider->https_port);
    int64_t before = counted(&fixture, "tunnels", target);
    setenv("https_proxy", proxy.text, 1);
    setenv("ALL_PROXY", proxy.text, 1);
    reply = ask(&fixture, &route, url);
    expect_answer(&reply, 200, "ok");
    assert_int_equal(counted(&fixture, "tunnels", target), before);
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");

    setenv("no_proxy", "*", 1);
    route.proxy = proxy.text;
    reply = ask(&fixture, &route, url);
    expect_answer(&reply, 200, "ok");
    assert_int_equal(counted(&fixture, "tunnels", target), before + 1);
    unsetenv("no_proxy");
    close_fixture(&fixture);
}

static void tells_a_proxy_that_does_not_lead_there(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    const struct provider *provider = fixture.provider;
    struct url right = proxy_of(provider, "columba:p%40ss%3aword@");
    struct url wrong = proxy_of(provider, "columba:wrong@");
    struct url url = url_of("https://localhost", provider->https_port, "/ok");
    struct route route = provider->route;
    struct reply reply;
    int port = 0;

    close(listen_in_silence(&port));
    struct url away = url_of("http://127.0.0.1", port, "");
    route.proxy = right.text;
    reply = ask(&fixture, &route, url_of("https://127.0.0.1", port, "/ok"));
    expect_failure(&reply, SENDER_UNREACHED, "proxy");
    reply = ask(&fixture, &route, url);
    expect_answer(&reply, 200, "ok");

    /* Not over the tunnel that stands. */
    route.proxy = wrong.text;
    reply = ask(&fixture, &route, url);
    expect_failure(&reply, SENDER_UNREACHED, "proxy");
    assert_int_equal(counted(&fixture, "denied_tunnels", NULL), 1);
    route.proxy = away.text;
    reply = ask(&fixture, &route, url);
    expect_failure(&reply, SENDER_UNREACHED, "proxy");
    close_fixture(&fixture);
}

/* The proxy's own 200 is nobody's answer. */
static void tells_what_fails_behind_the_proxy(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    const struct provider *provider = fixture.provider;
    struct url proxy = proxy_of(provider, "columba:p%40ss%3aword@");
    struct route route = {.proxy = proxy.text};
    struct reply reply;

    reply = ask(&fixture, &route, url_of("https://localhost", provider->https_port, "/ok"));
    expect_failure(&reply, SENDER_UNREACHED, "tls");
    route.ca_file = provider->route.ca_file;
    reply = ask(&fixture, &route, url_of("https://localhost", provider->https_port, "/drop"));
    expect_failure(&reply, SENDER_LOST, "reset");
    reply = ask(&fixture, &route, url_of("http://127.0.0.1", provider->http_port, "/drop"));
    expect_failure(&reply, SENDER_LOST, "reset");
    close_fixture(&fixture);
}

static void times_out_behind_a_proxy_that_is_silent(void **state) {
    struct fixture fixture = open_fixture(state, 4, 300);
    int port = 0;
    int listener = listen_in_silence(&port);
    struct url proxy = url_of("http://127.0.0.1", port, "");
    struct route route = {.proxy = proxy.text};
    struct reply reply = ask(&fixture, &route, url_of("https://push.example", 443, "/"));

    expect_failure(&reply, SENDER_UNREACHED, "connect_timeout");
    close(listener);
    close_fixture(&fixture);
}

/* ---- Certificates ---- */

struct client {
    const char *file;
    char *password;
};

static struct reply ask_as(struct fixture *fixture, struct client client, const char *path) {
    const struct provider *provider = fixture->provider;
    char certificate[300];
    struct route route = {.ca_file = provider->route.ca_file,
                          .certificate_file = certificate,
                          .certificate_password = client.password};

    snprintf(certificate, sizeof certificate, "%s/%s", provider->directory, client.file);
    return ask(fixture, &route, url_of("https://127.0.0.1", provider->asking_port, path));
}

static void shows_the_certificate_of_the_route(void **state) {
    static const struct {
        struct client client;
        const char *who;
    } cases[] = {
        {{"alice.pem", NULL}, "alice"},
        {{"bob.pem", NULL}, "bob"},
        {{"alice_locked.pem", "open sesame"}, "alice"},
        {{"bob.p12", "open sesame"}, "bob"},
        {{"alice.pem", NULL}, "alice"},
    };
    struct fixture fixture = open_fixture(state, 4, 10000);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply reply = ask_as(&fixture, cases[i].client, "/who");
        expect_answer(&reply, 200, cases[i].who);
    }
    close_fixture(&fixture);
}

/* As it is done on a cluster: another file takes its place from one instant to the next. */
static void put(const struct provider *provider, const char *from, const char *to) {
    char source[300];
    char fresh[300];
    char target[300];

    snprintf(source, sizeof source, "%s/%s", provider->directory, from);
    snprintf(fresh, sizeof fresh, "%s/fresh-%s", provider->directory, to);
    snprintf(target, sizeof target, "%s/%s", provider->directory, to);
    assert_int_equal(link(source, fresh), 0);
    assert_int_equal(rename(fresh, target), 0);
}

static void shows_another_certificate_once_it_is_in_the_file(void **state) {
    static const char *const turns[] = {"alice", "bob", "alice"};
    struct fixture fixture = open_fixture(state, 4, 10000);

    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        char file[32];
        snprintf(file, sizeof file, "%s.pem", turns[i]);
        put(fixture.provider, file, "rotated.pem");
        for (int times = 0; times < 2; times++) {
            struct reply reply = ask_as(&fixture, (struct client){"rotated.pem", NULL}, "/who");
            expect_answer(&reply, 200, turns[i]);
        }
    }
    close_fixture(&fixture);
}

/* Somebody who asks again as soon as he is answered, which may be after the file was replaced. */
struct insistent {
    struct fixture *fixture;
    struct reply again;
};

static void on_first_answer(void *context, const struct sender_outcome *outcome) {
    struct insistent *insistent = context;
    const struct provider *provider = insistent->fixture->provider;
    struct url url = url_of("https://127.0.0.1", provider->asking_port, "/who");
    char certificate[300];
    const struct route route = {.ca_file = provider->route.ca_file,
                                .certificate_file = certificate};

    snprintf(certificate, sizeof certificate, "%s/replaced.pem", provider->directory);
    put(provider, "bob.pem", "replaced.pem");
    send_url(insistent->fixture, url.text, &route, &insistent->again);
    assert_true(slice_is(outcome->response.body, "alice"));
    insistent->fixture->awaited_count--;
}

static void shows_another_certificate_to_who_asks_again_within_the_answer(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    const struct provider *provider = fixture.provider;
    struct insistent insistent = {.fixture = &fixture};
    struct url url = url_of("https://127.0.0.1", provider->asking_port, "/who");
    const struct http_request request = {.url = url.text, .body = slice_of("{}")};
    char certificate[300];
    const struct route route = {.ca_file = provider->route.ca_file,
                                .certificate_file = certificate};

    snprintf(certificate, sizeof certificate, "%s/replaced.pem", provider->directory);
    put(provider, "alice.pem", "replaced.pem");
    fixture.awaited_count++;
    sender_send(fixture.sender, &request, &route, false, on_first_answer, &insistent);
    await(&fixture);
    expect_answer(&insistent.again, 200, "bob");
    assert_int_equal(sender_in_flight(fixture.sender), 0);
    close_fixture(&fixture);
}

static void gets_nowhere_with_a_certificate_it_cannot_use(void **state) {
    static const struct client cases[] = {
        {"alice_locked.pem", NULL}, {"alice_locked.pem", "wrong"},
        {"alice.p12", NULL},        {"alice.p12", "wrong"},
        {"ca.pem", NULL},           {"missing.pem", NULL},
        {"missing.p12", NULL},
    };
    struct fixture fixture = open_fixture(state, 4, 10000);
    const struct provider *provider = fixture.provider;
    struct reply reply;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reply = ask_as(&fixture, cases[i], "/who/nobody");
        expect_failure(&reply, SENDER_UNREACHED, "tls");
    }
    /* In TLS 1.3 the server says so only after the client has begun to write. */
    reply = ask(&fixture, &provider->route,
                url_of("https://127.0.0.1", provider->asking_port, "/who/nobody"));
    assert_int_not_equal(reply.result, SENDER_ANSWERED);
    assert_int_equal(counted(&fixture, "requests", "/who/nobody"), 0);
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_strangers_from_inner_addresses),
        cmocka_unit_test(lets_them_reach_networks_that_are_allowed),
        cmocka_unit_test(lends_them_no_connection_of_others),
        cmocka_unit_test(follows_nobody),
        cmocka_unit_test(knows_what_a_proxy_may_be_asked),
        cmocka_unit_test(asks_no_proxy_for_inner_literals),
        cmocka_unit_test(goes_through_the_proxy_it_is_told),
        cmocka_unit_test(heeds_no_environment),
        cmocka_unit_test(tells_a_proxy_that_does_not_lead_there),
        cmocka_unit_test(tells_what_fails_behind_the_proxy),
        cmocka_unit_test(times_out_behind_a_proxy_that_is_silent),
        cmocka_unit_test(shows_the_certificate_of_the_route),
        cmocka_unit_test(shows_another_certificate_once_it_is_in_the_file),
        cmocka_unit_test(shows_another_certificate_to_who_asks_again_within_the_answer),
        cmocka_unit_test(gets_nowhere_with_a_certificate_it_cannot_use),
    };

    return cmocka_run_group_tests(tests, start_provider, stop_provider);
}
