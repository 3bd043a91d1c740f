#include "common/base/buffer.h"
#include "common/config/file.h"
#include "common/config/options.h"
#include "common/config/sygnal.h"
#include "tests/unit/common/config/parse.h"

#include <unistd.h>

#define SAMPLES TEST_DATA_DIR "/common/config/sygnal/"

static const char *const samples[] = {"usual", "everything", "apps_alone", "words", "with_columba"};
enum { SAMPLE_COUNT = sizeof samples / sizeof samples[0] };

/* ---- Whether two configurations are one ---- */

static void same_text(const char *name, const char *one, const char *other) {
    if (one == NULL || other == NULL) {
        if (one != other)
            fail_msg("%s: %s, but %s", name, one == NULL ? "none" : one,
                     other == NULL ? "none" : other);
        return;
    }
    if (strcmp(one, other) != 0)
        fail_msg("%s: %s, but %s", name, one, other);
}

static void same_list(const char *name, char *const *one, char *const *other) {
    if (one == NULL || other == NULL) {
        if (one != other)
            fail_msg("%s: a list, but none", name);
        return;
    }
    size_t i = 0;
    for (; one[i] != NULL && other[i] != NULL; i++)
        same_text(name, one[i], other[i]);
    same_text(name, one[i], other[i]);
}

static void same_lists(const char *name, const struct text_list *one,
                       const struct text_list *other) {
    if (one->count != other->count)
        fail_msg("%s: not of one length", name);
    for (size_t i = 0; i < one->count; i++)
        same_text(name, one->items[i], other->items[i]);
}

static void same_properties(const char *name, const struct property_list *one,
                            const struct property_list *other) {
    if (one->count != other->count)
        fail_msg("%s: not of one length", name);
    for (size_t i = 0; i < one->count; i++) {
        same_text(name, one->items[i].name, other->items[i].name);
        same_text(name, one->items[i].value, other->items[i].value);
    }
}

static void same_json(const char *name, struct json_object *one, struct json_object *other) {
    same_text(name, one == NULL ? NULL : json_object_to_json_string(one),
              other == NULL ? NULL : json_object_to_json_string(other));
}

/* By the type of the row; each type has a branch, so that none is forgotten. */
static void same_row(const struct option *row, const void *one, const void *other) {
    const void *a = (const char *)one + row->offset;
    const void *b = (const char *)other + row->offset;
    const struct option_type *type = row->type;

    if (type == &option_text || type == &option_name || type == &option_address ||
        type == &option_base_url || type == &option_proxy || type == &option_contact ||
        type == &option_endpoint_url || type == &option_header_value) {
        same_text(row->name, *(char *const *)a, *(char *const *)b);
    } else if (type == &option_endpoint) {
        same_text(row->name, *(char *const *)a, *(char *const *)b);
        assert_int_equal(*(const int64_t *)(const void *)((const char *)one + row->port_offset),
                         *(const int64_t *)(const void *)((const char *)other + row->port_offset));
    } else if (type == &option_network_list || type == &option_host_list) {
        same_list(row->name, *(char **const *)a, *(char **const *)b);
    } else if (type == &option_integer || type == &option_duration || type == &option_size ||
               type == &option_ttl) {
        assert_int_equal(*(const int64_t *)a, *(const int64_t *)b);
    } else if (type == &option_ratio) {
        assert_memory_equal(a, b, sizeof(double));
    } else if (type == &option_boolean) {
        assert_int_equal(*(const bool *)a, *(const bool *)b);
    } else if (type == &option_choice || type == &option_kind) {
        assert_int_equal(*(const unsigned *)a, *(const unsigned *)b);
    } else if (type == &option_name_list || type == &option_address_list) {
        same_lists(row->name, a, b);
    } else if (type == &option_duration_list) {
        assert_memory_equal(a, b, sizeof(struct duration_list));
    } else if (type == &option_properties) {
        same_properties(row->name, a, b);
    } else if (type == &option_json) {
        same_json(row->name, *(struct json_object *const *)a, *(struct json_object *const *)b);
    } else if (type != &option_api_version && type != &option_obsolete) {
        fail_msg("%s: of a type that this test does not know", row->name);
    }
}

static void assert_same(const struct config *one, const struct config *other) {
    for (size_t i = 0; i < options_global_count; i++)
        same_row(&options_global[i], one, other);
    assert_int_equal(one->apps.count, other->apps.count);
    for (size_t i = 0; i < one->apps.count; i++) {
        same_text("app", one->apps.list[i].pattern, other->apps.list[i].pattern);
        for (size_t j = 0; j < options_app_count; j++)
            same_row(&options_app[j], &one->apps.list[i], &other->apps.list[i]);
    }
}

/* ---- The samples ---- */

static void read_sample(const char *name, const char *suffix, struct buffer *out) {
    char path[512];
    struct error error = {0};

    snprintf(path, sizeof path, SAMPLES "%s%s", name, suffix);
    if (!file_read(path, 1 << 20, out, &error))
        fail_msg("%s: %s", path, error.text);
}

static void import(const char *name, struct buffer *out) {
    char path[512];
    struct error error = {0};

    snprintf(path, sizeof path, "%s.yaml", name);
    if (!config_import(path, out, &error))
        fail_msg("%s", error.text);
}

static void test_samples_become_what_is_written_beside_them(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct buffer written = {0};
        struct buffer expected = {0};
        char path[512];
        import(samples[i], &written);
        snprintf(path, sizeof path, SAMPLES "%s.columba.yaml", samples[i]);
        if (getenv("COLUMBA_WRITE_SYGNAL") != NULL) {
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            assert_int_equal(fwrite(written.data, 1, written.size, file), written.size);
            fclose(file);
        }
        read_sample(samples[i], ".columba.yaml", &expected);
        if (strcmp(buffer_text(&written), buffer_text(&expected)) != 0)
            fail_msg("%s is not what the import makes: look at what it makes with "
                     "COLUMBA_WRITE_SYGNAL=1 in the environment\n%s",
                     path, buffer_text(&written));
        buffer_free(&written);
        buffer_free(&expected);
    }
}

static void test_the_import_reads_as_the_file_itself(void **state) {
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        struct buffer text = {0};
        struct buffer imported = {0};
        struct error error = {0};
        read_sample(samples[i], ".yaml", &text);
        read_sample(samples[i], ".columba.yaml", &imported);
        struct config *direct = config_parse("sygnal.yaml", buffer_slice(&text), &error);
        struct config *later = config_parse("columba.yaml", buffer_slice(&imported), &error);
        if (direct == NULL || later == NULL)
            fail_msg("%s: %s", samples[i], error.text);
        assert_same(direct, later);
        config_release(direct);
        config_release(later);
        buffer_free(&text);
        buffer_free(&imported);
    }
}

/* What the samples mean, where a file that merely looks right could hide a mistake. */
static void test_words_keep_their_meaning(void **state) {
    struct buffer text = {0};
    struct error error = {0};
    (void)state;

    read_sample("words", ".yaml", &text);
    struct config *config = config_parse("sygnal.yaml", buffer_slice(&text), &error);
    assert_non_null(config);
    assert_string_equal(config->ingress.listen.items[0], "[::1]:5000");
    assert_string_equal(config->dispatcher.proxy, "http://user:pa$$w$ord@[2001:db8::1]:3128");
    assert_int_equal(config->apps.count, 3);
    const struct app *apps = config->apps.list;
    assert_string_equal(apps[0].pattern, "*.ios");
    assert_string_equal(apps[0].apns.key_file, "/keys/${HOME}/$$.p8");
    assert_int_equal(apps[0].apns.platform, APNS_PRODUCTION);
    assert_false(apps[0].send_badge_counts);
    assert_int_equal(apps[1].apns.platform, APNS_SANDBOX);
    assert_string_equal(apps[1].apns.team_id, "TEAM");
    assert_string_equal(apps[1].apns.key_file, "/keys/it's \"here\" \\ and there.p8");
    assert_string_equal(apps[1].apns.topic, "tab\there\x7f\xc2\x85\xc3\xa9\xf0\x9f\x98\x80");
    assert_string_equal(apps[2].pattern, "com.example: yes # no");
    config_release(config);
    buffer_free(&text);
}

/* ---- Whose file it is ---- */

static void test_whose_file_it_is(void **state) {
    static const struct {
        const char *yaml;
        bool is_sygnal;
    } cases[] = {
        {"apps: {a: {type: gcm}}", true},
        {"apps: {a: {type: gcm}}\nhttp: {port: 1}\nqueue: {brokers: b}", true},
        {"apps: {a: {type: gcm}}\nlog: {setup: {version: 1}}", true},
        {"apps: {a: {type: gcm}}\nlog: {access: {x_forwarded_for: no}}", true},
        {"apps: {a: {type: gcm}}\ndb: x", true},
        {"apps: {a: {type: gcm}}\nqueue: {brokers: b}", false},
        {"apps: {a: {type: gcm}}\nlog: {level: info}", false},
        {"apps: {a: {type: gcm}}\nredis: {address: 'r:1'}", false},
        {"apps: {a: {type: gcm}}\nhttp:\nproxy: ~\nqueue: {brokers: b}", false},
        {"queue: {brokers: b}", false},
        {"log: text", false},
        {"[a]", false},
        {"", false},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        struct yaml_tree *tree = yaml_tree_read(
            &(struct yaml_source){.name = "f", .text = slice_of(cases[i].yaml), .literal = true},
            &error);
        assert_non_null(tree);
        if (sygnal_is(yaml_tree_root(tree)) != cases[i].is_sygnal)
            fail_msg("%s", cases[i].yaml);
        yaml_tree_free(tree);
    }
}

static void test_only_files_of_sygnal_are_imported(void **state) {
    char path[] = "/tmp/columba-sygnal-XXXXXX";
    struct error error = {0};
    struct buffer out = {0};
    int file = mkstemp(path);
    (void)state;

    assert_true(file >= 0);
    assert_int_equal(write(file, QUEUE APPS, strlen(QUEUE APPS)), strlen(QUEUE APPS));
    close(file);
    assert_false(config_import(path, &out, &error));
    assert_non_null(strstr(error.text, "is not a file of Sygnal's: use it as it is"));
    unlink(path);
    error = (struct error){0};
    assert_false(config_import(path, &out, &error));
    assert_non_null(strstr(error.text, path));
    assert_int_equal(out.size, 0);
    buffer_free(&out);
}

/* ---- Where the queue is ---- */

static void test_the_environment_says_where_the_queue_is(void **state) {
    static const char yaml[] = "http: {port: 5000}\n" APPS;
    (void)state;

    struct config *config = parse(yaml);
    assert_string_equal(config->queue.brokers, "127.0.0.1:9092");
    assert_int_equal(config->queue.replication, 3);
    assert_string_equal(config->redis.host, "127.0.0.1");
    assert_null(config->redis.password);
    assert_string_equal(config->dispatcher.proxy, "");
    config_release(config);

    setenv("COLUMBA_QUEUE_BROKERS", "kafka:9092", 1);
    setenv("COLUMBA_QUEUE_REPLICATION", "1", 1);
    setenv("COLUMBA_REDIS_ADDRESS", "redis:6380", 1);
    setenv("COLUMBA_REDIS_PASSWORD", "p: #'$x", 1);
    setenv("HTTPS_PROXY", "http://proxy.example/", 1);
    config = parse(yaml);
    unsetenv("COLUMBA_QUEUE_BROKERS");
    unsetenv("COLUMBA_QUEUE_REPLICATION");
    unsetenv("COLUMBA_REDIS_ADDRESS");
    unsetenv("COLUMBA_REDIS_PASSWORD");
    unsetenv("HTTPS_PROXY");
    assert_string_equal(config->queue.brokers, "kafka:9092");
    assert_int_equal(config->queue.replication, 1);
    assert_string_equal(config->redis.host, "redis");
    assert_int_equal(config->redis.port, 6380);
    assert_string_equal(config->redis.password, "p: #'$x");
    assert_string_equal(config->dispatcher.proxy, "http://proxy.example:80");
    config_release(config);

    setenv("HTTPS_PROXY", "socks5://proxy.example:1080", 1);
    assert_refused(yaml, "columba.yaml:1: dispatcher.proxy: is not a proxy, expected "
                         "http://host:port, with user:password@ before the host if need be, or "
                         "none (look at HTTPS_PROXY in the environment)");
    unsetenv("HTTPS_PROXY");

    setenv("COLUMBA_REDIS_PASSWORD", "p", 1);
    config = parse("http: {port: 5000}\nredis: {password_file: usual.yaml}\n" APPS);
    unsetenv("COLUMBA_REDIS_PASSWORD");
    assert_memory_equal(config->redis.password, "# As", 4);
    config_release(config);
}

/* ---- Addresses and levels ---- */

static void test_where_it_listens(void **state) {
    static const struct {
        const char *http;
        const char *listen[4];
    } cases[] = {
        {"{port: 80}", {"127.0.0.1:80"}},
        {"{bind_addresses: ['0.0.0.0']}", {"0.0.0.0:5000"}},
        {"{bind_addresses: ['127.0.0.1', '0.0.0.0']}", {"0.0.0.0:5000"}},
        {"{bind_addresses: ['0.0.0.0', '::']}", {"[::]:5000"}},
        {"{bind_addresses: ['::1', '0.0.0.0', 10.0.0.1]}", {"0.0.0.0:5000", "[::1]:5000"}},
        {"{bind_addresses: ['']}", {"[::]:5000"}},
        {"{bind_addresses: [~]}", {"[::]:5000"}},
        {"{bind_addresses: ['::1']}", {"[::1]:5000"}},
        {"{bind_addresses: localhost, port: '81'}", {"localhost:81"}},
        {"{bind_addresses: [10.0.0.1, '::1', 10.0.0.2, 10.0.0.1]}",
         {"10.0.0.1:5000", "[::1]:5000", "10.0.0.2:5000"}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[256];
        size_t count = 0;
        snprintf(yaml, sizeof yaml, "http: %s\n" APPS, cases[i].http);
        struct config *config = parse(yaml);
        for (; cases[i].listen[count] != NULL; count++)
            assert_string_equal(config->ingress.listen.items[count], cases[i].listen[count]);
        assert_int_equal(config->ingress.listen.count, count);
        config_release(config);
    }
}

static void test_how_much_it_logs(void **state) {
    static const struct {
        const char *setup;
        enum log_level level;
    } cases[] = {
        {"{}", LOG_LEVEL_INFO},
        {"{root: {level: CRITICAL}}", LOG_LEVEL_ERROR},
        {"{root: {level: 10}}", LOG_LEVEL_DEBUG},
        {"{root: {level: ERROR}, loggers: {sygnal: {level: WARN}}}", LOG_LEVEL_WARNING},
        {"{root: {level: ERROR}, loggers: {sygnal: {}}}", LOG_LEVEL_ERROR},
        {"{root: {level: LOUD}}", LOG_LEVEL_INFO},
        {"a text", LOG_LEVEL_INFO},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char yaml[256];
        snprintf(yaml, sizeof yaml, "log: {setup: %s}\nhttp: {port: 1}\n" APPS, cases[i].setup);
        struct config *config = parse(yaml);
        assert_int_equal(config->log_level, cases[i].level);
        config_release(config);
    }
}

/* ---- What cannot be meant ---- */

static void test_mistakes_are_one_line_of_the_file(void **state) {
    static const struct mistake mistakes[] = {
        {"http: {port: 1}\n\napps:\n  a:\n    type: apns\n    keyfile: k\n    topic: t\n",
         "columba.yaml:4: apps.a.key_id: is missing, expected it beside keyfile"},
        {"http: {port: 1}\napps:\n  a:\n    type: gcm\n    api_version: v1\n    project_id: p\n",
         "columba.yaml:3: apps.a.service_account_file: is missing, expected text such as "
         "/etc/columba/firebase.json"},
        {"http: {port: 1}\napps:\n  a:\n\n    type: gmc\n",
         "columba.yaml:5: apps.a.type: \"gmc\" is not a type of app, expected one of apns, fcm, "
         "webpush, unifiedpush, hms, retired"},
        {"http:\n  bind_addresses: ['::1']\n  port: many\n" APPS,
         "columba.yaml:3: ingress.listen: \"[::1]:many\" is not an address, expected host:port "
         "or \"[IPv6 address]:port\", or a list of at most 32 of them"},
        {"http:\n  bind_addresses:\n  - '::1'\n  - 10.0.0.1\n  port: many\n" APPS,
         "columba.yaml:5: ingress.listen[0]: \"[::1]:many\" is not an address, expected host:port "
         "or \"[IPv6 address]:port\", or a list of at most 32 of them"},
        {"http: 5000\n" APPS, "columba.yaml:1: http: is not a map, expected keys and their values"},
        {"http: {bind_addresses: []}\n" APPS, "columba.yaml:1: http.bind_addresses: is not a "
                                              "list, expected the addresses to listen on"},
        {"http: {port: 1}\n", "columba.yaml:1: apps: is missing, expected at least one app"},
        {"http: {port: 1}\napps: {a: {type: gcm, api_key: k}}\n",
         "columba.yaml:2: apps.a: is left out, for Google has switched off the legacy API: make a "
         "service account key in the Firebase console, and set api_version: v1, project_id and "
         "service_account_file"},
        {"http: {port: 1}\nqueue: {broker: k}\n" APPS,
         "columba.yaml:2: queue.broker: is not a key, did you mean brokers?"},
        {"http: {port: 1}\nredis: {password: p, password_file: f}\n" APPS,
         "columba.yaml:2: redis.password_file: is there beside password, expected one of the two"},
        {"http: {port: 1}\nredis: text\n" APPS,
         "columba.yaml:2: redis: is not a map, expected keys and their values"},
        {"proxy: socks5://p:1\n" APPS,
         "columba.yaml:1: dispatcher.proxy: is not a proxy, expected http://host:port, with "
         "user:password@ before the host if need be, or none"},
    };
    (void)state;

    ASSERT_ALL_REFUSED(mistakes);
}

/* ---- Merge keys ---- */

static void test_merge_keys(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE "apps: {a: {<<: text, type: retired}}\n",
         "columba.yaml:2: apps.a.<<: is not a map, expected an alias of one to merge"},
        {QUEUE "apps: {a: {<<: [text], type: retired}}\n",
         "columba.yaml:2: apps.a.<<: is not a map, expected an alias of one to merge"},
    };
    (void)state;

    struct config *config = parse(QUEUE "apps:\n"
                                        "  a: &a {" FCM ", ttl: 1h}\n"
                                        "  b: {<<: *a, ttl: 2h}\n"
                                        "  c: {<<: [{ttl: 3h}, *a], lane: own}\n");
    assert_int_equal(config->apps.count, 3);
    assert_int_equal(config->apps.list[1].ttl_ms, 7200000);
    assert_string_equal(config->apps.list[1].fcm.project_id, "p");
    assert_int_equal(config->apps.list[2].ttl_ms, 10800000);
    assert_string_equal(config->apps.list[2].lane, "own");
    config_release(config);
    ASSERT_ALL_REFUSED(mistakes);
}

static int enter(void **state) {
    static const char *const variables[] = {"COLUMBA_QUEUE_BROKERS", "COLUMBA_QUEUE_REPLICATION",
                                            "COLUMBA_REDIS_ADDRESS", "COLUMBA_REDIS_PASSWORD",
                                            "COLUMBA_TEST_BROKERS",  "HTTPS_PROXY"};
    (void)state;

    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    return chdir(SAMPLES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_become_what_is_written_beside_them),
        cmocka_unit_test(test_the_import_reads_as_the_file_itself),
        cmocka_unit_test(test_words_keep_their_meaning),
        cmocka_unit_test(test_whose_file_it_is),
        cmocka_unit_test(test_only_files_of_sygnal_are_imported),
        cmocka_unit_test(test_the_environment_says_where_the_queue_is),
        cmocka_unit_test(test_where_it_listens),
        cmocka_unit_test(test_how_much_it_logs),
        cmocka_unit_test(test_mistakes_are_one_line_of_the_file),
        cmocka_unit_test(test_merge_keys),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
