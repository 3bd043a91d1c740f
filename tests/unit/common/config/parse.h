/* Configurations from a text in a test. */
#ifndef COLUMBA_TESTS_CONFIG_PARSE_H
#define COLUMBA_TESTS_CONFIG_PARSE_H

#include "common/config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The least that is valid, without a last line break: more members of apps may follow. */
#define QUEUE "queue: {brokers: 'kafka:9092'}\n"
#define APPS "apps: {gone: {type: retired}}\n"
#define FCM "type: fcm, project_id: p, service_account_file: /key.json"

static inline struct config *parse(const char *yaml) {
    struct error error = {0};
    struct config *config = config_parse("columba.yaml", slice_of(yaml), &error);

    if (config == NULL)
        fail_msg("%s\n%s", error.text, yaml);
    return config;
}

static inline void assert_refused(const char *yaml, const char *expected) {
    struct error error = {0};
    struct config *config = config_parse("columba.yaml", slice_of(yaml), &error);

    if (config != NULL)
        fail_msg("was taken, but expected %s\n%s", expected, yaml);
    assert_string_equal(error.text, expected);
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_null(strchr(error.text, '\n'));
}

struct mistake {
    const char *yaml;
    const char *error;
};

static inline void assert_all_refused(const struct mistake *mistakes, size_t count) {
    for (size_t i = 0; i < count; i++)
        assert_refused(mistakes[i].yaml, mistakes[i].error);
}

#define ASSERT_ALL_REFUSED(mistakes)                                                               \
    assert_all_refused(mistakes, sizeof(mistakes) / sizeof((mistakes)[0]))

#endif
