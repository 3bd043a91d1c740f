#include "common/observe/process_metrics.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static double value_of(const char *name) {
    struct buffer out = {0};
    char start[80];

    process_metrics_write(&out);
    snprintf(start, sizeof start, "\n%s ", name);
    const char *line = strstr(buffer_text(&out), start);
    if (line == NULL)
        fail_msg("no %s in\n%s", name, buffer_text(&out));
    double value = strtod(line + strlen(start), NULL);
    buffer_free(&out);
    return value;
}

static void cpu_time_grows_with_work(void **state) {
    double before = value_of("process_cpu_seconds_total");

    (void)state;
    while (value_of("process_cpu_seconds_total") <= before)
        continue;
}

static void memory_grows_with_use(void **state) {
    enum { BLOCK_BYTES = 64 << 20 };
    double before = value_of("process_resident_memory_bytes");
    char *block = malloc(BLOCK_BYTES);

    (void)state;
    assert_non_null(block);
    memset(block, 1, BLOCK_BYTES);
    assert_true(value_of("process_resident_memory_bytes") > before + BLOCK_BYTES / 2);
    assert_int_equal(block[BLOCK_BYTES - 1], 1);
    free(block);
}

static void the_start_was_a_moment_ago(void **state) {
    double now = (double)time(NULL);

    (void)state;
    assert_true(value_of("process_start_time_seconds") > now - 120);
    assert_true(value_of("process_start_time_seconds") < now + 2);
}

static void open_descriptors_are_counted(void **state) {
    double before = value_of("process_open_fds");
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(before >= 3);
    assert_true(value_of("process_open_fds") == before + 1);
    close(descriptor);
    assert_true(value_of("process_open_fds") == before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_time_grows_with_work),
        cmocka_unit_test(memory_grows_with_use),
        cmocka_unit_test(the_start_was_a_moment_ago),
        cmocka_unit_test(open_descriptors_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
