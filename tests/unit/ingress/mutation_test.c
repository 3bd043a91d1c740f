/* Ten thousand broken bodies, and two thousand broken requests, from one seed: each body gets a
 * 200 or a 4xx, and the worker lives. */
#include "tests/unit/ingress/fixture.h"

#include "common/base/json.h"

enum { BODIES = 10000, REQUESTS = 2000, SEED = 20260101 };

static const char *const originals[] = {
    ONE_DEVICE("app.android", "a"),
    "{\"notification\":{\"event_id\":\"$143:example.org\",\"room_id\":\"!r:example.org\","
    "\"type\":\"m.room.message\",\"sender\":\"@a:example.org\",\"sender_display_name\":\"A\","
    "\"room_name\":\"R\",\"prio\":\"high\",\"content\":{\"msgtype\":\"m.text\",\"body\":\"b\"},"
    "\"counts\":{\"unread\":2,\"missed_calls\":1},\"devices\":[{\"app_id\":\"app.android\","
    "\"pushkey\":\"V2h5IG9uIGVhcnRo\",\"pushkey_ts\":12345678,\"data\":{},"
    "\"tweaks\":{\"sound\":\"bing\"}}]}}",
    "{\"notification\":{\"id\":\"\",\"type\":null,\"sender\":\"\",\"counts\":{\"unread\":1},"
    "\"devices\":[{\"app_id\":\"app.android\",\"pushkey\":\"a\"},{\"app_id\":\"app.old\","
    "\"pushkey\":\"\\ud83d\\ude00\"},{\"app_id\":\"app.typo\",\"pushkey\":\"c\"}]}}",
};

/* xorshift64*: the same everywhere. */
static uint64_t next_random(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *seed, size_t limit) {
    return (size_t)(((next_random(seed) >> 32) * limit) >> 32);
}

static void insert(struct buffer *buffer, size_t at, struct slice piece) {
    struct buffer whole = {0};

    buffer_append(&whole, (struct slice){.data = buffer->data, .size = at});
    buffer_append(&whole, piece);
    buffer_append(&whole, (struct slice){.data = buffer->data + at, .size = buffer->size - at});
    buffer_free(buffer);
    *buffer = whole;
}

static void mutate(struct buffer *buffer, uint64_t *seed) {
    static const char *const pieces[] = {
        "\"",   "\\",      "{",    "}",     "[",  "]",       ",",           ":",
        "null", "\\u0000", "\x80", "1e999", "-",  "[[[[[[[", "\\ud800",     "\"devices\":",
        "\0",   "true",    "  ",   "\n",    "{}", "[]",      "\"pushkey\"", "99999999999999999999",
    };
    size_t at = below(seed, buffer->size);

    switch (below(seed, 4)) {
    case 0:
        buffer->data[at] = (char)next_random(seed);
        return;
    case 1:
        buffer->data[at] ^= (char)(1 << below(seed, 8));
        return;
    case 2:
        insert(buffer, at, slice_of(pieces[below(seed, sizeof pieces / sizeof pieces[0])]));
        return;
    default:
        if (buffer->size == 1)
            return;
        memmove(buffer->data + at, buffer->data + at + 1, buffer->size - at - 1);
        buffer->size--;
        return;
    }
}

static struct buffer mutated(const char *original, uint64_t *seed) {
    struct buffer buffer = {0};

    buffer_append_text(&buffer, original);
    for (size_t times = 1 + below(seed, 4); times > 0; times--)
        mutate(&buffer, seed);
    return buffer;
}

static void assert_sound(const struct reply *reply) {
    struct json_object *tree = json_parse(buffer_slice(&reply->body), 8, NULL);

    assert_true(reply->status == 200 || reply->status == 400 || reply->status == 413);
    assert_non_null(tree);
    assert_true((reply->status == 200) == (json_member_array(tree, "rejected") != NULL));
    assert_true((reply->status != 200) == (json_member_text(tree, "errcode").size > 0));
    json_object_put(tree);
}

static void broken_bodies_are_answered(void **state) {
    struct fixture fixture;
    uint64_t seed = SEED;
    size_t understood = 0;

    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    int client = client_connect(fixture.port);
    for (size_t i = 0; i < BODIES; i++) {
        struct buffer request = {0};
        struct buffer body =
            mutated(originals[i % (sizeof originals / sizeof originals[0])], &seed);
        write_post(&request, "", buffer_slice(&body));
        assert_true(client_send(client, buffer_slice(&request)));
        struct reply reply = client_receive(client);
        assert_sound(&reply);
        understood += reply.status == 200;
        reply_free(&reply);
        buffer_free(&request);
        buffer_free(&body);
    }
    assert_in_range(understood, BODIES / 100, BODIES - BODIES / 100);
    close(client);
    fixture_stop(&fixture);
}

/* Sends a broken request and closes its own direction. */
static int send_broken(const struct fixture *fixture, const char *original, uint64_t *seed) {
    struct buffer request = mutated(original, seed);
    int client = client_connect(fixture->port);

    client_send(client, buffer_slice(&request));
    shutdown(client, SHUT_WR);
    buffer_free(&request);
    return client;
}

static void read_to_the_end(int client) {
    char rest[4096];

    errno = 0;
    while (recv(client, rest, sizeof rest, 0) > 0)
        continue;
    assert_true(errno != EAGAIN);
}

static void broken_requests_harm_nobody(void **state) {
    enum { AT_ONCE = 50 };
    struct fixture fixture;
    struct buffer original = {0};
    uint64_t seed = SEED;
    int clients[AT_ONCE];

    (void)state;
    fixture_init(&fixture);
    fixture.config.ingress.read_timeout_ms = 160; /* ends what never becomes a request */
    fixture_start(&fixture);
    write_post(&original, "", slice_of(originals[0]));
    for (size_t i = 0; i < REQUESTS; i += AT_ONCE) {
        for (size_t k = 0; k < AT_ONCE; k++)
            clients[k] = send_broken(&fixture, buffer_text(&original), &seed);
        for (size_t k = 0; k < AT_ONCE; k++) {
            read_to_the_end(clients[k]);
            close(clients[k]);
        }
    }
    int client = client_connect(fixture.port);
    client_post(client, originals[0]);
    assert_reply(client, 200, NOTHING_REJECTED);
    close(client);
    buffer_free(&original);
    fixture_stop(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_bodies_are_answered),
        cmocka_unit_test(broken_requests_harm_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
