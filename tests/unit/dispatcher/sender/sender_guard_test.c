/* What names of strangers lead to: this program answers libcurl's look-ups itself, and sees every
 * address that is connected to. */

#include "dispatcher/sender/sender_addresses.h"
#include "tests/unit/dispatcher/sender/sender_fixture.h"

#include <netdb.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static char first_loopback[] = "127.0.0.1/32";
static char *first_loopback_alone[] = {first_loopback, NULL};

/* ---- The resolver and the wire ---- */

static struct {
    const char *answers[4]; /* to any name; the last one stays */
    size_t answer_count;
    atomic_size_t lookup_count;
    atomic_size_t connect_count;
    char connected_to[INET6_ADDRSTRLEN]; /* the last */
} world;

static void resolve_to(const char *first, const char *second) {
    world.answers[0] = first;
    world.answers[1] = second;
    world.answer_count = second == NULL ? 1 : 2;
    atomic_store(&world.lookup_count, 0);
    atomic_store(&world.connect_count, 0);
    world.connected_to[0] = '\0';
}

static void fill_address(const char *text, int port, struct sockaddr_storage *out,
                         socklen_t *size) {
    struct sockaddr_in *four = (void *)out;
    struct sockaddr_in6 *six = (void *)out;

    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        *size = sizeof *four;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        *size = sizeof *six;
    }
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    size_t count = atomic_fetch_add(&world.lookup_count, 1);
    size_t last = world.answer_count - 1;
    struct sockaddr_storage *address = memory_new(sizeof *address);
    struct addrinfo *found = memory_new(sizeof *found);

    (void)name;
    fill_address(world.answers[count < last ? count : last], atoi(service), address,
                 &found->ai_addrlen);
    found->ai_family = address->ss_family;
    found->ai_socktype = hints->ai_socktype;
    found->ai_addr = (struct sockaddr *)address;
    *out = found;
    return 0;
}

void freeaddrinfo(struct addrinfo *found) {
    free(found->ai_addr);
    free(found);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t size) {
    const struct sockaddr_in *four = (const void *)address;
    const struct sockaddr_in6 *six = (const void *)address;

    if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
        atomic_fetch_add(&world.connect_count, 1);
        inet_ntop(address->sa_family,
                  address->sa_family == AF_INET ? (const void *)&four->sin_addr : &six->sin6_addr,
                  world.connected_to, sizeof world.connected_to);
    }
    return (int)syscall(SYS_connect, descriptor, address, size);
}

/* ---- Asking ---- */

static void send_to_name(struct fixture *fixture, const struct route *route, const char *name,
                         int port, const char *path, struct reply *reply) {
    char url[200];

    snprintf(url, sizeof url, "https://%s:%d%s", name, port, path);
    send_url(fixture, url, route, reply);
}

static struct reply ask(struct fixture *fixture, const struct route *route, int port,
                        const char *path) {
    struct reply reply;

    send_to_name(fixture, route, "phone.push.example", port, path, &reply);
    await(fixture);
    return reply;
}

static struct route guarded(struct fixture *fixture) {
    struct route route = fixture->provider->route;

    route.is_guarded = true;
    return route;
}

static void never_connects_to_what_is_not_public(void **state) {
    static const char *const addresses[] = {
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
    };
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = guarded(&fixture);

    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        char name[60];
        struct reply reply;
        resolve_to(addresses[i], NULL);
        snprintf(name, sizeof name, "inner-%zu.push.example", i);
        send_to_name(&fixture, &route, name, fixture.provider->https_port, "/ok/inner", &reply);
        await(&fixture);
        expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
        if (world.lookup_count != 1 || world.connect_count != 0)
            fail_msg("%s: %zu look-ups, %zu connections", addresses[i],
                     atomic_load(&world.lookup_count), atomic_load(&world.connect_count));
    }
    resolve_to("127.0.0.1", NULL);
    assert_int_equal(counted(&fixture, "requests", "/ok/inner"), 0);
    close_fixture(&fixture);
}

/* The address that is looked at is the one that is connected to: there is no second look-up between
 * for the name to change in. */
static void a_name_that_changes_between_look_ups_gains_nothing(void **state) {
    for (int round = 0; round < 2; round++) {
        struct fixture fixture = open_fixture(state, 4, 10000);
        struct route route = guarded(&fixture);
        struct reply reply;

        route.allowed_networks = first_loopback_alone;
        resolve_to(round == 0 ? "127.0.0.1" : "127.0.0.2", round == 0 ? "127.0.0.2" : "127.0.0.1");
        reply = ask(&fixture, &route, fixture.provider->https_port, "/close/changing");
        if (round == 0) {
            assert_string_equal(reply.reason, "reset");
            assert_string_equal(world.connected_to, "127.0.0.1");
        } else {
            expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
            assert_int_equal(world.connect_count, 0);
        }
        assert_int_equal(world.lookup_count, 1);
        close_fixture(&fixture);
    }
}

/* The connection that stands serves the name that it was made for, and no other. */
static void a_second_name_is_looked_at_like_the_first(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = guarded(&fixture);
    struct reply reply;

    route.allowed_networks = first_loopback_alone;
    resolve_to("127.0.0.1", NULL);
    send_to_name(&fixture, &route, "phone.push.example", fixture.provider->https_port, "/ok",
                 &reply);
    await(&fixture);
    expect_answer(&reply, 200, "ok");
    resolve_to("127.0.0.2", NULL);
    send_to_name(&fixture, &route, "other.push.example", fixture.provider->https_port, "/ok",
                 &reply);
    await(&fixture);
    expect_failure(&reply, SENDER_UNREACHED, "forbidden_address");
    assert_int_equal(world.connect_count, 0);
    close_fixture(&fixture);
}

static void a_redirect_leads_nowhere(void **state) {
    struct fixture fixture = open_fixture(state, 4, 10000);
    struct route route = guarded(&fixture);
    struct reply reply;

    route.allowed_networks = first_loopback_alone;
    resolve_to("127.0.0.1", "127.0.0.2");
    reply = ask(&fixture, &route, fixture.provider->https_port, "/redirect/inner");
    expect_answer(&reply, 307, NULL);
    assert_int_equal(world.lookup_count, 1);
    assert_int_equal(world.connect_count, 1);
    close_fixture(&fixture);
}

/* ---- Many names of one address ---- */

enum { NAMES = SENDER_ADDRESS_SOCKETS_MAX + 20 };

/* Connections to the listener stand until it is closed: by then those that got none have come back.
 */
static void ask_by_many_names(struct fixture *fixture, const struct route *route,
                              size_t connected_count) {
    struct reply *replies = memory_new_array(NAMES, sizeof *replies);
    size_t busy_count = 0;
    int port = 0;
    int listener = listen_in_silence(&port);

    resolve_to("127.0.0.1", NULL);
    for (size_t i = 0; i < NAMES; i++) {
        char name[60];
        snprintf(name, sizeof name, "phone-%zu.push.example", i);
        send_to_name(fixture, route, name, port, "/", &replies[i]);
    }
    fixture->awaited_count = NAMES - connected_count;
    await(fixture);
    fixture->awaited_count = connected_count;
    close(listener);
    await(fixture);
    for (size_t i = 0; i < NAMES; i++) {
        assert_true(replies[i].arrived);
        assert_int_equal(replies[i].result, SENDER_UNREACHED);
        busy_count += strcmp(replies[i].reason, "address_busy") == 0;
    }
    assert_int_equal(busy_count, NAMES - connected_count);
    assert_int_equal(world.connect_count, connected_count);
    free(replies);
}

static void many_names_of_one_address_share_its_sockets(void **state) {
    struct fixture fixture = open_fixture(state, 4, 20000);
    struct route route = guarded(&fixture);

    route.allowed_networks = first_loopback_alone;
    for (int round = 0; round < 2; round++)
        ask_by_many_names(&fixture, &route, SENDER_ADDRESS_SOCKETS_MAX);
    close_fixture(&fixture);
}

static void who_is_named_by_the_operator_is_not_counted(void **state) {
    struct fixture fixture = open_fixture(state, 4, 20000);

    ask_by_many_names(&fixture, &fixture.provider->route, NAMES);
    close_fixture(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_connects_to_what_is_not_public),
        cmocka_unit_test(a_name_that_changes_between_look_ups_gains_nothing),
        cmocka_unit_test(a_second_name_is_looked_at_like_the_first),
        cmocka_unit_test(a_redirect_leads_nowhere),
        cmocka_unit_test(many_names_of_one_address_share_its_sockets),
        cmocka_unit_test(who_is_named_by_the_operator_is_not_counted),
    };

    return cmocka_run_group_tests(tests, start_provider, stop_provider);
}
