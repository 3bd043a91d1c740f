/* For credentials that are signed here: keys, and what can be said of a signed token. */
#ifndef COLUMBA_TESTS_CREDENTIAL_SIGNED_H
#define COLUMBA_TESTS_CREDENTIAL_SIGNED_H

#include "tests/unit/dispatcher/credential_fixture.h"
#include "tests/unit/dispatcher/es256.h"

/* The two keys of RFC 8291, appendix A. */
static const char first_key[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char second_key[] = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";

/* The cached credential; the caller frees it. */
static inline char *cached(struct world *world, struct slice audience) {
    struct credential seen;

    assert_true(credential_cached(world->credentials, &world->app, audience, &seen));
    assert_true(seen.authorization.size > 0);
    assert_false(seen.is_of_old_key);
    return memory_copy_slice(seen.authorization);
}

static inline void expect_same(struct world *world, struct slice audience, const char *value) {
    char *seen = cached(world, audience);

    assert_string_equal(seen, value);
    free(seen);
}

static inline char *expect_other(struct world *world, struct slice audience, const char *value) {
    char *seen = cached(world, audience);

    assert_string_not_equal(seen, value);
    return seen;
}

static inline void forget(struct world *world, struct slice audience, const char *value) {
    credential_forget(world->credentials, &world->app, audience, slice_of(value));
}

/* What the claims of the token in the header value say of that name. */
static inline bool claims_contain(const char *header, const char *text) {
    const char *token = strstr(header, "eyJ");
    struct buffer claims = {0};

    assert_non_null(token);
    assert_true(es256_part((struct slice){token, strcspn(token, ", ")}, 1, &claims));
    const bool found = strstr(buffer_text(&claims), text) != NULL;
    buffer_free(&claims);
    return found;
}

#endif
