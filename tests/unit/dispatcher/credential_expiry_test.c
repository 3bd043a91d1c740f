#include "dispatcher/credential_expiry.h"

#include "tests/unit/dispatcher/fake_loop.h"

#include "common/base/log.h"
#include "dispatcher/instruments.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/dispatcher/certificate_fixture.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct fixture {
    struct metric table[DISPATCHER_METRIC_COUNT]; /* instruments.c would bring the whole core */
    struct loop *loop;
    struct metrics *metrics;
    struct credential_expiry *expiry;
    char directory[64];
    char path[80];
    char key_path[80];
    int log; /* what is logged goes there */
    int stderr_before;
};

static struct fixture *open_fixture(void) {
    struct fixture *fixture = memory_new(sizeof *fixture);

    for (size_t i = 0; i < DISPATCHER_METRIC_COUNT; i++)
        fixture->table[i] =
            (struct metric){.name = "days", .type = METRIC_GAUGE, .help = "", .labels = {"app"}};
    fixture->loop = loop_new();
    fixture->metrics = metrics_new(fixture->table, DISPATCHER_METRIC_COUNT);
    fixture->expiry = credential_expiry_new(fixture->loop, fixture->metrics);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/credential_expiry.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/apns.pem", fixture->directory);
    snprintf(fixture->key_path, sizeof fixture->key_path, "%s/apns.p8", fixture->directory);
    FILE *key = fopen(fixture->key_path, "w");
    assert_non_null(key);
    fclose(key);
    fixture->log = open(fixture->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    fixture->stderr_before = dup(STDERR_FILENO);
    assert_true(fixture->log >= 0 && dup2(fixture->log, STDERR_FILENO) >= 0);
    log_open("credential_expiry_test", LOG_LEVEL_INFO);
    return fixture;
}

static void close_fixture(struct fixture *fixture) {
    dup2(fixture->stderr_before, STDERR_FILENO);
    close(fixture->stderr_before);
    close(fixture->log);
    credential_expiry_free(fixture->expiry);
    metrics_free(fixture->metrics);
    loop_free(fixture->loop);
    unlink(fixture->path);
    unlink(fixture->key_path);
    rmdir(fixture->directory);
    free(fixture);
}

static void write_certificate(const struct fixture *fixture, int64_t ends_ms) {
    struct certificate certificate = certificate_make(ends_ms);
    struct buffer text = {0};
    FILE *file = fopen(fixture->path, "wb");

    append_certificate(&certificate, &text);
    assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
    assert_int_equal(fclose(file), 0);
    buffer_free(&text);
    certificate_release(&certificate);
}

static void configure(struct fixture *fixture) {
    struct buffer yaml = {0};
    struct error error = {0};

    buffer_append_format(&yaml,
                         "queue: {brokers: b:9092}\n"
                         "apps:\n"
                         "  by.certificate: {type: apns, certfile: %s}\n"
                         "  by.key: {type: apns, keyfile: %s, key_id: K, team_id: T, topic: t}\n",
                         fixture->path, fixture->key_path);
    struct config *config = config_parse("columba.yaml", buffer_slice(&yaml), &error);
    assert_string_equal(error.text, "");
    credential_expiry_configure(fixture->expiry, config);
    config_release(config);
    buffer_free(&yaml);
}

static double days_left(const struct fixture *fixture, const char *app_id) {
    return metrics_value(fixture->metrics, DISPATCHER_CREDENTIAL_DAYS,
                         (const char *const[]){app_id});
}

/* How many lines about the event were logged since the last time. */
static int logged(struct fixture *fixture, const char *event) {
    char text[8192] = "";
    int count = 0;

    assert_true(pread(fixture->log, text, sizeof text - 1, 0) >= 0);
    for (const char *at = text; (at = strstr(at, event)) != NULL; at++)
        count++;
    assert_int_equal(ftruncate(fixture->log, 0), 0);
    assert_int_equal(lseek(fixture->log, 0, SEEK_SET), 0);
    return count;
}

static void warns_once_a_day_from_thirty_days_on(void **state) {
    struct fixture *fixture = open_fixture();

    (void)state;
    write_certificate(fixture, fixture->loop->wall_ms + INT64_C(32) * DAY_MS);
    configure(fixture);
    assert_true(days_left(fixture, "by.certificate") == 32);
    assert_true(days_left(fixture, "by.key") == 0);
    fake_loop_run(fixture->loop, DAY_MS + 1);
    assert_int_equal(logged(fixture, "credential_"), 0);
    for (int day = 0; day < 3; day++) {
        fake_loop_run(fixture->loop, DAY_MS);
        assert_int_equal(logged(fixture, "\"credential_expires\""), 1);
    }
    assert_true(days_left(fixture, "by.certificate") < 28.1);
    close_fixture(fixture);
}

static void an_end_that_has_come_is_an_error(void **state) {
    struct fixture *fixture = open_fixture();

    (void)state;
    write_certificate(fixture, fixture->loop->wall_ms - DAY_MS);
    configure(fixture);
    assert_true(days_left(fixture, "by.certificate") == -1);
    assert_int_equal(logged(fixture, "\"credential_expired\""), 1);
    close_fixture(fixture);
}

static void a_new_certificate_is_seen_within_the_hour(void **state) {
    struct fixture *fixture = open_fixture();

    (void)state;
    configure(fixture);
    assert_true(days_left(fixture, "by.certificate") == 0);
    assert_int_equal(logged(fixture, "\"credential_unreadable\""), 1);
    write_certificate(fixture, fixture->loop->wall_ms + INT64_C(400) * DAY_MS);
    fake_loop_run(fixture->loop, DAY_MS / 24);
    assert_true(days_left(fixture, "by.certificate") > 399);
    fake_loop_run(fixture->loop, DAY_MS);
    assert_int_equal(logged(fixture, "credential_"), 0);
    close_fixture(fixture);
}

static void a_new_configuration_is_looked_at_at_once(void **state) {
    struct fixture *fixture = open_fixture();

    (void)state;
    configure(fixture);
    write_certificate(fixture, fixture->loop->wall_ms + DAY_MS);
    assert_int_equal(logged(fixture, "\"credential_unreadable\""), 1);
    configure(fixture);
    assert_true(days_left(fixture, "by.certificate") == 1);
    assert_int_equal(logged(fixture, "\"credential_expires\""), 1);
    close_fixture(fixture);
}

/* At the start, and once a day: not only when the first push needs it. */
static void a_key_file_that_is_not_there_is_told_of(void **state) {
    struct fixture *fixture = open_fixture();

    (void)state;
    write_certificate(fixture, fixture->loop->wall_ms + INT64_C(400) * DAY_MS);
    unlink(fixture->key_path);
    configure(fixture);
    assert_int_equal(logged(fixture, "\"credential_unreadable\""), 1);
    fake_loop_run(fixture->loop, DAY_MS + 1);
    assert_int_equal(logged(fixture, "\"credential_unreadable\""), 1);
    close_fixture(fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warns_once_a_day_from_thirty_days_on),
        cmocka_unit_test(an_end_that_has_come_is_an_error),
        cmocka_unit_test(a_new_certificate_is_seen_within_the_hour),
        cmocka_unit_test(a_new_configuration_is_looked_at_at_once),
        cmocka_unit_test(a_key_file_that_is_not_there_is_told_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
