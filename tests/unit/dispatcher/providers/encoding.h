/* A push as a provider encodes it, for what golden files cannot show. */
#ifndef COLUMBA_TESTS_ENCODING_H
#define COLUMBA_TESTS_ENCODING_H

#include "dispatcher/providers/provider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct encoding {
    enum encode_result result;
    struct encode_output output;
    struct arena *arena;
    struct notification *notification;
};

/* Of the notify body's first device. */
static inline struct encoding encoding_of(const struct provider *provider, const struct app *app,
                                          struct slice body) {
    struct encoding encoding = {.arena = arena_new(1024)};
    unsigned char random[ENCODE_RANDOM_BYTES];

    memset(random, 42, sizeof random);
    assert_int_equal(notification_parse(body, 0, &encoding.notification, NULL), NOTIFICATION_OK);
    encoding.result =
        provider->encode(&(struct encode_input){.app = app,
                                                .notification = encoding.notification,
                                                .device = encoding.notification->devices,
                                                .authorization = slice_of("Bearer t"),
                                                .record_id = "",
                                                .now_ms = 1,
                                                .random = random},
                         encoding.arena, &encoding.output);
    return encoding;
}

static inline void encoding_free(struct encoding *encoding) {
    notification_free(encoding->notification);
    arena_free(encoding->arena);
}

#endif
