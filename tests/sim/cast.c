#include "tests/sim/cast.h"

#include "common/base/memory.h"
#include "tests/unit/dispatcher/subscription.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

const char *const cast_lanes[LANES] = {"apps", "endpoints"};

enum { STRANGERS_HOSTS = 8 };

static const struct cast_app all_kinds[] = {
    {"im.one", PROVIDER_FCM, "apps", 1, 0, 0, true},
    {"im.two", PROVIDER_FCM, "apps", 1, 0, 0, true},
    {"im.apple", PROVIDER_APNS, "apps", 1, 0, 0, true},
    {"im.huawei", PROVIDER_HMS, "apps", 1, 0, 20 * 60 * 1000, true},
    {"im.up", PROVIDER_UNIFIEDPUSH, "endpoints", 16 + STRANGERS_HOSTS, STRANGERS_HOSTS, 0, false},
    {"im.web.*", PROVIDER_WEBPUSH, "endpoints", 6 + STRANGERS_HOSTS, STRANGERS_HOSTS, 0, false},
};

const struct troupe troupe_of_all_kinds = {.apps = all_kinds,
                                           .app_count = sizeof all_kinds / sizeof *all_kinds,
                                           .phones = 60,
                                           .strangers = 40,
                                           .some_are_dead = true};

/* ---- Phones ---- */

/* A browser's pushkey is a point on a curve, of which there is but one here: so browsers are told
 * apart by their app_id. */
static void name_phone(const struct cast_app *app, struct phone *phone, int number) {
    snprintf(phone->app_id, sizeof phone->app_id, "%s", app->pattern);
    switch (app->kind) {
    case PROVIDER_APNS:
        snprintf(phone->pushkey, sizeof phone->pushkey, "%064x", (unsigned)number);
        break;
    case PROVIDER_UNIFIEDPUSH:
        snprintf(phone->pushkey, sizeof phone->pushkey, "https://h%d.up.sim/%d", phone->host,
                 number);
        break;
    case PROVIDER_WEBPUSH:
        snprintf(phone->app_id, sizeof phone->app_id, "im.web.%d", number);
        snprintf(phone->pushkey, sizeof phone->pushkey, "%s", SUBSCRIPTION_P256DH);
        snprintf(phone->data, sizeof phone->data,
                 "{\"endpoint\":\"https://h%d.web.sim/%d\",\"auth\":\"%s\"}", phone->host, number,
                 SUBSCRIPTION_AUTH);
        break;
    default:
        snprintf(phone->pushkey, sizeof phone->pushkey, "key%d", number);
    }
    identity_pushkey(slice_of(phone->app_id), slice_of(phone->pushkey), phone->h);
}

static enum life life_of(struct world *world) {
    uint64_t lot = world_random(world, 100);

    return lot < 5 ? LIFE_DEAD : lot < 8 ? LIFE_UNCERTAIN : LIFE_ALIVE;
}

struct cast *cast_new(struct world *world, const struct troupe *troupe) {
    struct cast *cast = memory_new(sizeof *cast);
    int an_app = troupe->phones + troupe->strangers;

    cast->troupe = troupe;
    cast->apps = troupe->apps;
    cast->app_count = troupe->app_count;
    cast->phone_count = troupe->app_count * (size_t)an_app;
    for (int number = 0; number < (int)cast->phone_count; number++) {
        struct phone *phone = &cast->phones[number];
        int place = number % an_app;
        bool is_stranger = place >= troupe->phones;
        phone->app = number / an_app;
        const struct cast_app *app = &cast->apps[phone->app];
        if (app->hosts > 1)
            phone->host = is_stranger ? app->hosts - 1 - place % app->strangers_hosts
                                      : place % (app->hosts - app->strangers_hosts);
        phone->life = is_stranger             ? LIFE_STRANGER
                      : troupe->some_are_dead ? life_of(world)
                                              : LIFE_ALIVE;
        phone->registered_ms = world->now_ms - 1000000 + number;
        phone->said_dead_ms = -1;
        name_phone(app, phone, number);
    }
    return cast;
}

struct phone *cast_phone(struct cast *cast, int app, int index, bool is_stranger) {
    const struct troupe *troupe = cast->troupe;
    int first = app * (troupe->phones + troupe->strangers) + (is_stranger ? troupe->phones : 0);

    return &cast->phones[first + index % (is_stranger ? troupe->strangers : troupe->phones)];
}

struct phone *cast_find(struct cast *cast, const char *h) {
    for (size_t i = 0; i < cast->phone_count; i++)
        if (strcmp(cast->phones[i].h, h) == 0)
            return &cast->phones[i];
    return NULL;
}

/* ---- Credentials ---- */

static bool write_file(const char *directory, const char *name, struct slice content) {
    char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    bool written = file != NULL && fwrite(content.data, 1, content.size, file) == content.size;
    return file != NULL && fclose(file) == 0 && written;
}

static struct buffer pem_of(EVP_PKEY *key) {
    BIO *memory = BIO_new(BIO_s_mem());
    struct buffer out = {0};
    char *text = NULL;

    PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL);
    long size = BIO_get_mem_data(memory, &text);
    buffer_append(&out, (struct slice){.data = text, .size = (size_t)size});
    BIO_free(memory);
    return out;
}

static bool write_keys(const char *directory) {
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    struct buffer rsa_pem = pem_of(rsa);
    struct buffer curve_pem = pem_of(curve);
    bool written = write_file(directory, "ec.pem", buffer_slice(&curve_pem));

    for (int generation = 0; generation < GENERATIONS; generation++) {
        struct buffer json = {0};
        char name[16];
        snprintf(name, sizeof name, "fcm%d.json", generation);
        buffer_append_format(&json,
                             "{\"client_email\":\"sim%d@demo.example\","
                             "\"token_uri\":\"https://oauth.sim/%d\",\"private_key\":\"",
                             generation, generation);
        buffer_append_json_escaped(&json, buffer_slice(&rsa_pem));
        buffer_append_text(&json, "\"}");
        written = write_file(directory, name, buffer_slice(&json)) && written;
        buffer_free(&json);
    }
    buffer_free(&rsa_pem);
    buffer_free(&curve_pem);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(curve);
    return written;
}

/* ---- The configuration ---- */

static void write_app(const struct cast_app *app, const char *directory, int generation,
                      struct buffer *out) {
    buffer_append_format(out, "  '%s': {type: %s, lane: %s", app->pattern,
                         provider_kind_name(app->kind), app->lane);
    if (app->kind == PROVIDER_FCM)
        buffer_append_format(out, ", project_id: demo, service_account_file: %s/fcm%d.json",
                             directory, generation);
    if (app->kind == PROVIDER_APNS)
        buffer_append_format(out,
                             ", keyfile: %s/ec.pem, key_id: KEY000000%d, team_id: TEAM000000,"
                             " topic: im.apple, convert_device_token_to_hex: false",
                             directory, generation);
    if (app->kind == PROVIDER_HMS)
        buffer_append_format(out,
                             ", client_id: \"77\", client_secret: secret%d,"
                             " token_url: 'https://oauth.sim/hms'",
                             generation);
    if (app->kind == PROVIDER_WEBPUSH)
        buffer_append_format(out,
                             ", vapid_private_key: %s/ec.pem,"
                             " vapid_contact_email: push@example.org",
                             directory);
    if (app->ttl_ms > 0)
        buffer_append_format(out, ", ttl: %llds", (long long)app->ttl_ms / 1000);
    buffer_append_text(out, "}\n");
}

static struct config *configure(const struct troupe *troupe, const char *directory, int generation,
                                struct error *error) {
    struct buffer yaml = {0};

    buffer_append_format(&yaml,
                         "queue: {brokers: 'sim:1'}\n"
                         "retry: {max_age: 2h}\n"
                         "dispatcher: {in_flight: %d, in_flight_bytes: %d,"
                         " request_timeout: 30s, drain_timeout: 3s}\n"
                         "apps:\n",
                         IN_FLIGHT, IN_FLIGHT_BYTES);
    for (size_t i = 0; i < troupe->app_count; i++)
        write_app(&troupe->apps[i], directory, generation, &yaml);
    struct config *config = config_parse("sim", buffer_slice(&yaml), error);
    buffer_free(&yaml);
    return config;
}

bool cast_configure(const struct troupe *troupe, const char *directory,
                    struct config *out[GENERATIONS], struct error *error) {
    if (!write_keys(directory))
        return error_set(error, ERROR_CONFIG, "no key can be written into %s", directory);
    for (int generation = 0; generation < GENERATIONS; generation++)
        out[generation] = configure(troupe, directory, generation, error);
    return out[0] != NULL && out[GENERATIONS - 1] != NULL;
}
