#include "tests/unit/common/config/parse.h"

#include "common/base/buffer.h"

#include <unistd.h>

static char path[] = "/tmp/columba-secret-XXXXXX";

static int make_file(void **state) {
    int file = mkstemp(path);

    (void)state;
    return file < 0 ? -1 : close(file);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static void fill_file(const char *content, size_t size) {
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    fclose(file);
}

/* The text with the path in the place of each @. */
static const char *with_path(const char *text, struct buffer *out) {
    buffer_clear(out);
    for (; *text != '\0'; text++)
        if (*text == '@')
            buffer_append_text(out, path);
        else
            buffer_append_byte(out, *text);
    return buffer_text(out);
}

static void assert_refused_here(const char *yaml, const char *expected) {
    struct buffer text = {0};
    struct buffer error = {0};

    assert_refused(with_path(yaml, &text), with_path(expected, &error));
    buffer_free(&text);
    buffer_free(&error);
}

static void test_one_newline_is_cut_off(void **state) {
    static const struct {
        const char *content;
        const char *secret;
    } cases[] = {{"s3cret", "s3cret"}, {"s3cret\n", "s3cret"},   {"s3cret\n\n", "s3cret\n"},
                 {" a b ", " a b "},   {"${HOME}\n", "${HOME}"}, {"null", "null"}};
    struct buffer yaml = {0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill_file(cases[i].content, strlen(cases[i].content));
        struct config *config = parse(with_path(QUEUE APPS "redis: {password_file: '@'}\n", &yaml));
        assert_string_equal(config->redis.password, cases[i].secret);
        config_release(config);
    }
    buffer_free(&yaml);
}

static void test_a_property_can_stand_in_a_file(void **state) {
    struct buffer yaml = {0};

    (void)state;
    fill_file("kafka\n", 6);
    struct config *config = parse(with_path(
        "queue: {brokers: a, properties: {sasl.username: u, sasl.password_file: '@'}}\n" APPS,
        &yaml));
    assert_int_equal(config->queue.properties.count, 2);
    assert_string_equal(config->queue.properties.items[1].name, "sasl.password");
    assert_string_equal(config->queue.properties.items[1].value, "kafka");
    config_release(config);
    buffer_free(&yaml);
}

static void test_files_that_hold_no_secret(void **state) {
    static const char yaml[] = QUEUE APPS "redis:\n  password_file: '@'\n";

    (void)state;
    fill_file("", 0);
    assert_refused_here(yaml,
                        "columba.yaml:4: redis.password_file: @: is empty, expected a secret");
    fill_file("\n", 1);
    assert_refused_here(yaml,
                        "columba.yaml:4: redis.password_file: @: is empty, expected a secret");
    fill_file("a\0b", 3);
    assert_refused_here(yaml,
                        "columba.yaml:4: redis.password_file: @: holds a NUL byte, expected text");
    static const struct mistake mistakes[] = {
        {QUEUE APPS "redis: {password_file: /no/such}\n",
         "columba.yaml:3: redis.password_file: /no/such: No such file or directory, expected a "
         "file that can be read"},
        {QUEUE APPS "redis: {password_file: /tmp}\n",
         "columba.yaml:3: redis.password_file: /tmp: Is a directory, expected a file that can be "
         "read"},
        {QUEUE APPS "redis: {password_file: /dev/zero}\n",
         "columba.yaml:3: redis.password_file: /dev/zero: larger than 65536 bytes, expected a file "
         "that can be read"},
        {QUEUE APPS "redis: {password_file: [a]}\n",
         "columba.yaml:3: redis.password_file: is not a path, expected that of a file"},
        {QUEUE APPS "redis: {password_file: ''}\n",
         "columba.yaml:3: redis.password_file: is not a path, expected that of a file"},
    };
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_both_are_too_many(void **state) {
    (void)state;
    assert_refused(QUEUE APPS "redis:\n  password: hunter2\n  password_file: /x\n",
                   "columba.yaml:5: redis.password_file: is there beside password, expected one of "
                   "the two");
    fill_file("x", 1);
    assert_refused_here("queue:\n  brokers: a\n  properties:\n    sasl.password: hunter2\n"
                        "    sasl.password_file: '@'\n",
                        "columba.yaml:5: queue.properties.sasl.password_file: is there beside its "
                        "other form, expected one of the two");
    assert_refused_here("queue:\n  brokers: a\n  properties:\n    sasl.password_file: '@'\n"
                        "    sasl.password: hunter2\n",
                        "columba.yaml:5: queue.properties.sasl.password: is there beside its other "
                        "form, expected one of the two");
}

static void test_properties_that_promises_stand_on(void **state) {
    static const char *const refused[] = {"bootstrap.servers",
                                          "metadata.broker.list",
                                          "group.id",
                                          "enable.auto.commit",
                                          "auto.commit.enable",
                                          "enable.auto.offset.store",
                                          "enable.idempotence",
                                          "acks",
                                          "request.required.acks",
                                          "partitioner",
                                          "partition.assignment.strategy",
                                          "message.timeout.ms",
                                          "delivery.timeout.ms",
                                          "allow.auto.create.topics",
                                          "auto.offset.reset"};
    struct buffer yaml = {0};
    struct buffer expected = {0};

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct error error = {0};
        buffer_clear(&yaml);
        buffer_clear(&expected);
        buffer_append_format(&yaml, "queue: {brokers: a, properties: {%s: x}}\n", refused[i]);
        buffer_append_format(&expected,
                             "columba.yaml:1: queue.properties.%s: is not for the operator, "
                             "expected nothing here: ",
                             refused[i]);
        assert_null(config_parse("columba.yaml", buffer_slice(&yaml), &error));
        assert_memory_equal(error.text, buffer_text(&expected), expected.size);
        assert_true(strlen(error.text) > expected.size);
    }
    buffer_free(&yaml);
    buffer_free(&expected);
    static const struct mistake mistakes[] = {
        {"queue: {brokers: a, properties: {acks: all}}\n",
         "columba.yaml:1: queue.properties.acks: is not for the operator, expected nothing here: a "
         "push is answered when the in-sync replicas have it"},
        {"queue: {brokers: a, properties: {acks_file: /x}}\n",
         "columba.yaml:1: queue.properties.acks_file: is not for the operator, expected nothing "
         "here: a push is answered when the in-sync replicas have it"},
        {"queue: {brokers: a, properties: [x]}\n",
         "columba.yaml:1: queue.properties: is not a map, expected a map of names and texts"},
        {"queue: {brokers: a, properties: {sasl.password: {x: y}}}\n",
         "columba.yaml:1: queue.properties.sasl.password: is not a single value, expected text"},
        {"queue: {brokers: a, properties: {sasl.password: }}\n",
         "columba.yaml:1: queue.properties.sasl.password: is not a single value, expected text"},
    };
    ASSERT_ALL_REFUSED(mistakes);
}

static void test_errors_never_show_a_secret(void **state) {
    static const struct mistake mistakes[] = {
        {QUEUE APPS "redis: {password: ''}\n",
         "columba.yaml:3: redis.password: is empty, expected text"},
        {QUEUE APPS "redis: {password: [hunter2]}\n",
         "columba.yaml:3: redis.password: is not a single value, expected text"},
        {QUEUE APPS "redis: {passwort: hunter2}\n",
         "columba.yaml:3: redis.passwort: is not a key, did you mean password?"},
        {QUEUE APPS "redis: {password: \"hunter2\\0\"}\n",
         "columba.yaml:3: redis.password: holds a NUL byte, expected text"},
        {QUEUE APPS "redis: {password: !x hunter2}\n",
         "columba.yaml:3: redis.password: has a YAML tag, expected none"},
        {QUEUE APPS "redis: {password: 'hunter2${'}\n",
         "columba.yaml:3: redis.password: has a ${ without a }, expected ${NAME} ($$ writes one "
         "dollar)"},
    };

    (void)state;
    ASSERT_ALL_REFUSED(mistakes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_newline_is_cut_off),
        cmocka_unit_test(test_a_property_can_stand_in_a_file),
        cmocka_unit_test(test_files_that_hold_no_secret),
        cmocka_unit_test(test_both_are_too_many),
        cmocka_unit_test(test_properties_that_promises_stand_on),
        cmocka_unit_test(test_errors_never_show_a_secret),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
