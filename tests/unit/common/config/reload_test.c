#include "common/config/reload.h"

#include "watched_file.h"

enum { MANY = 2000, FEW = 12 };

#define ONE QUEUE "apps: {one: {type: retired}}\n"
#define TWO QUEUE "apps: {one: {type: retired}, two: {type: retired}}\n"
#define ONLY_TWO QUEUE "apps: {two: {type: retired}}\n"

static const struct program program = {.name = "test", .section = "ingress"};

struct fixture {
    const struct program *program; /* NULL: one that sends nothing */
    struct watched_file file;
    struct config_reload *reload;
    const struct config *taken; /* the last one told of, held */
};

static void on_taken(void *context, const struct config *config) {
    struct fixture *fixture = context;

    config_release(fixture->taken);
    fixture->taken = config_hold(config);
    counted(&fixture->file);
}

static void open_as_is(struct fixture *fixture) {
    struct error error = {0};

    const struct program *by = fixture->program == NULL ? &program : fixture->program;
    struct config *config = by->sends ? config_load(fixture->file.path, &error)
                                      : config_load_without_keys(fixture->file.path, &error);
    assert_non_null(config);
    log_open("test", LOG_LEVEL_ERROR);
    fixture->reload = config_reload_open(&(struct config_reload_parts){.loop = fixture->file.loop,
                                                                       .program = by,
                                                                       .path = fixture->file.path,
                                                                       .config = config,
                                                                       .period_ms = PERIOD_MS,
                                                                       .taken = on_taken,
                                                                       .context = fixture});
    config_release(config);
}

static void open_with(struct fixture *fixture, const char *text) {
    *fixture = (struct fixture){0};
    watched_file_open(&fixture->file, text);
    open_as_is(fixture);
}

static void close_all(struct fixture *fixture) {
    config_release(fixture->taken);
    config_reload_close(fixture->reload);
    watched_file_close(&fixture->file);
}

static void reload_from(struct fixture *fixture, const char *text) {
    write_text(fixture->file.path, "w", text);
    config_reload_now(fixture->reload);
}

static void assert_says(const struct fixture *fixture, const char *expected) {
    struct buffer out = {0};

    config_reload_write(fixture->reload, &out);
    if (strstr(buffer_text(&out), expected) == NULL)
        fail_msg("%s\nis not in %s", expected, buffer_text(&out));
    buffer_free(&out);
}

static void a_changed_file_is_taken_over(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, ONE);
    assert_true(config_reload_report(fixture.reload).loaded_ms > 0);
    write_text(fixture.file.path, "w", TWO);
    turn(&fixture.file, MANY);
    assert_int_equal(fixture.file.changes, 1);
    assert_int_equal(fixture.taken->apps.count, 2);
    assert_ptr_equal(config_reload_current(fixture.reload), fixture.taken);
    assert_int_equal(config_reload_report(fixture.reload).taken_count, 1);
    assert_says(&fixture, "\"failed\":false,\"reason\":null,\"needs_restart\":null}");
    close_all(&fixture);
}

static void the_snapshot_before_lives_as_long_as_it_is_held(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, ONE);
    const struct config *before = config_hold(config_reload_current(fixture.reload));
    reload_from(&fixture, TWO);
    reload_from(&fixture, ONE "ingress: {unknown_app: reject}\n");
    assert_string_equal(before->apps.list[0].pattern, "one");
    assert_int_equal(before->ingress.unknown_app, UNKNOWN_APP_DROP);
    assert_int_equal(fixture.taken->ingress.unknown_app, UNKNOWN_APP_REJECT);
    config_release(before);
    close_all(&fixture);
}

static void a_broken_file_leaves_what_was_there(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, ONE);
    const struct config *before = config_reload_current(fixture.reload);
    reload_from(&fixture, TWO "nonsense: 1\n");
    assert_ptr_equal(config_reload_current(fixture.reload), before);
    assert_int_equal(fixture.file.changes, 0);
    assert_true(config_reload_report(fixture.reload).has_failed);
    assert_int_equal(config_reload_report(fixture.reload).refused_count, 1);
    assert_says(&fixture, "\"failed\":true,\"reason\":\"");
    assert_says(&fixture, "nonsense: is not a key");

    reload_from(&fixture, TWO);
    assert_false(config_reload_report(fixture.reload).has_failed);
    assert_int_equal(fixture.taken->apps.count, 2);
    assert_says(&fixture, "\"failed\":false,\"reason\":null");
    close_all(&fixture);
}

static void a_file_that_is_gone_leaves_what_was_there(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, ONE);
    unlink(fixture.file.path);
    config_reload_now(fixture.reload);
    assert_says(&fixture, "No such file or directory");
    assert_int_equal(config_reload_current(fixture.reload)->apps.count, 1);
    reload_from(&fixture, ONE);
    assert_false(config_reload_report(fixture.reload).has_failed);
    close_all(&fixture);
}

static void traffic_is_remembered_through_reloads(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, TWO);
    const struct config *config = config_reload_current(fixture.reload);
    config_note_traffic(config, &config->apps.list[0], loop_wall_ms(fixture.file.loop));
    reload_from(&fixture, TWO "ingress: {unknown_app: reject}\n");
    reload_from(&fixture, ONLY_TWO);
    assert_says(&fixture, "apps.one: is missing, but had a push within a day");
    assert_int_equal(config_reload_current(fixture.reload)->apps.count, 2);
    reload_from(&fixture, ONE);
    assert_int_equal(config_reload_current(fixture.reload)->apps.count, 1);
    close_all(&fixture);
}

static void keys_that_take_a_restart_are_named_until_they_are_back(void **state) {
    struct fixture fixture;

    (void)state;
    open_with(&fixture, ONE);
    reload_from(&fixture, TWO "ingress: {workers: 3}\n");
    assert_int_equal(fixture.taken->apps.count, 2);
    assert_says(&fixture,
                "\"failed\":false,\"reason\":null,\"needs_restart\":\"ingress.workers\"}");
    reload_from(&fixture, TWO "ingress: {workers: 3, unknown_app: reject}\n");
    assert_says(&fixture, "\"needs_restart\":\"ingress.workers\"}");
    reload_from(&fixture, TWO);
    assert_says(&fixture, "\"needs_restart\":null}");
    close_all(&fixture);
}

/* ---- Files of secrets ---- */

static const struct program sender = {.name = "test", .section = "dispatcher", .sends = true};

/* An app whose client_secret is in a file beside the configuration. */
static void write_with_secret(struct fixture *fixture, const char *secret, char path[PATH_SIZE]) {
    struct buffer text = {0};

    path_of(&fixture->file, "secret", path);
    if (secret != NULL)
        write_text(path, "w", secret);
    buffer_append_format(
        &text, QUEUE "apps: {one: {type: hms, client_id: '1', client_secret_file: %s}}\n", path);
    write_text(fixture->file.path, "w", buffer_text(&text));
    buffer_free(&text);
}

static void open_with_secret(struct fixture *fixture, const struct program *by,
                             char path[PATH_SIZE]) {
    *fixture = (struct fixture){.program = by};
    watched_file_open(&fixture->file, "");
    write_with_secret(fixture, "first\n", path);
    open_as_is(fixture);
}

static const char *secret_of(const struct fixture *fixture) {
    return config_reload_current(fixture->reload)->apps.list[0].hms.client_secret;
}

static void another_secret_is_taken_over_by_itself(void **state) {
    struct fixture fixture;
    char path[PATH_SIZE];

    (void)state;
    open_with_secret(&fixture, &sender, path);
    assert_string_equal(secret_of(&fixture), "first");
    write_text(path, "w", "second\n");
    turn(&fixture.file, MANY);
    assert_int_equal(fixture.file.changes, 1);
    assert_string_equal(secret_of(&fixture), "second");
    write_text(path, "w", "third\n");
    turn(&fixture.file, MANY);
    assert_string_equal(secret_of(&fixture), "third");
    assert_int_equal(config_reload_report(fixture.reload).taken_count, 2);
    unlink(path);
    close_all(&fixture);
}

static void await_refusal(struct fixture *fixture, int64_t count) {
    for (int i = 0; i < MANY && config_reload_report(fixture->reload).refused_count < count; i++)
        turn(&fixture->file, 1);
    turn(&fixture->file, FEW);
    assert_int_equal(config_reload_report(fixture->reload).refused_count, count);
}

static void a_secret_that_is_gone_leaves_what_was_there_until_it_is_back(void **state) {
    struct fixture fixture;
    char path[PATH_SIZE];

    (void)state;
    open_with_secret(&fixture, &sender, path);
    unlink(path);
    await_refusal(&fixture, 1);
    assert_says(&fixture, "No such file or directory, expected a file that can be read");
    assert_string_equal(secret_of(&fixture), "first");

    write_text(path, "w", "");
    await_refusal(&fixture, 2);
    assert_says(&fixture, "is empty, expected a secret");

    write_text(path, "w", "second");
    turn(&fixture.file, MANY);
    assert_string_equal(secret_of(&fixture), "second");
    assert_false(config_reload_report(fixture.reload).has_failed);
    unlink(path);
    close_all(&fixture);
}

/* The mount of a new secret may come later than the file that names it. */
static void a_secret_that_only_a_refused_file_names_is_waited_for(void **state) {
    struct fixture fixture;
    char path[PATH_SIZE];

    (void)state;
    fixture = (struct fixture){.program = &sender};
    watched_file_open(&fixture.file, ONE);
    open_as_is(&fixture);
    write_with_secret(&fixture, NULL, path);
    await_refusal(&fixture, 1);
    write_text(path, "w", "late");
    turn(&fixture.file, MANY);
    assert_int_equal(fixture.file.changes, 1);
    assert_string_equal(secret_of(&fixture), "late");
    unlink(path);
    close_all(&fixture);
}

static void who_sends_nothing_does_not_look_at_keys(void **state) {
    struct fixture fixture;
    char path[PATH_SIZE];

    (void)state;
    open_with_secret(&fixture, &program, path);
    assert_null(secret_of(&fixture));
    write_text(path, "w", "second");
    turn(&fixture.file, FEW);
    unlink(path);
    turn(&fixture.file, FEW);
    assert_int_equal(fixture.file.changes, 0);
    assert_int_equal(config_reload_report(fixture.reload).refused_count, 0);
    close_all(&fixture);
}

/* A certificate is shown when a connection is made: another one takes new connections. */
static void another_certificate_is_another_route(void **state) {
    struct fixture fixture = {.program = &sender};
    struct buffer text = {0};
    char path[PATH_SIZE];

    (void)state;
    watched_file_open(&fixture.file, "");
    path_of(&fixture.file, "secret", path);
    buffer_append_format(&text, QUEUE "apps: {one: {type: apns, certfile: %s}}\n", path);
    write_text(fixture.file.path, "w", buffer_text(&text));
    open_as_is(&fixture);
    const struct config *first = config_hold(config_reload_current(fixture.reload));
    write_text(path, "w", "the first that is there");
    turn(&fixture.file, MANY);
    assert_int_equal(fixture.file.changes, 1);
    const struct config *second = config_hold(config_reload_current(fixture.reload));
    assert_false(route_equal(&first->apps.list[0].route, &second->apps.list[0].route));
    write_text(path, "w", "another");
    turn(&fixture.file, MANY);
    assert_false(route_equal(&second->apps.list[0].route,
                             &config_reload_current(fixture.reload)->apps.list[0].route));
    write_text(path, "w", "the first that is there");
    turn(&fixture.file, MANY);
    assert_true(route_equal(&second->apps.list[0].route,
                            &config_reload_current(fixture.reload)->apps.list[0].route));
    config_release(first);
    config_release(second);
    unlink(path);
    buffer_free(&text);
    close_all(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_file_is_taken_over),
        cmocka_unit_test(the_snapshot_before_lives_as_long_as_it_is_held),
        cmocka_unit_test(a_broken_file_leaves_what_was_there),
        cmocka_unit_test(a_file_that_is_gone_leaves_what_was_there),
        cmocka_unit_test(traffic_is_remembered_through_reloads),
        cmocka_unit_test(keys_that_take_a_restart_are_named_until_they_are_back),
        cmocka_unit_test(another_secret_is_taken_over_by_itself),
        cmocka_unit_test(a_secret_that_is_gone_leaves_what_was_there_until_it_is_back),
        cmocka_unit_test(a_secret_that_only_a_refused_file_names_is_waited_for),
        cmocka_unit_test(who_sends_nothing_does_not_look_at_keys),
        cmocka_unit_test(another_certificate_is_another_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
