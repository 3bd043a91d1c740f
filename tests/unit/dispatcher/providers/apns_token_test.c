#include "dispatcher/providers/apns_token.h"

#include "tests/unit/dispatcher/es256.h"

/* The key of RFC 8291, appendix A. */
static const char private_key[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";

static void test_the_header(void **state) {
    static const char scheme[] = "bearer ";
    struct jwt_key *key = jwt_key_read_es256(slice_of(private_key), NULL);
    struct buffer header = {0};
    struct buffer point = {0};

    (void)state;
    assert_non_null(key);
    jwt_key_write_public(key, &point);
    assert_true(
        apns_token_write(key, "ABC123DEFG", "TEAM\"1", INT64_C(1700000000999), &header, NULL));
    assert_memory_equal(header.data, scheme, strlen(scheme));
    const struct slice token = {header.data + strlen(scheme), header.size - strlen(scheme)};
    es256_expect_part(token, 0, "{\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}");
    es256_expect_part(token, 1, "{\"iss\":\"TEAM\\\"1\",\"iat\":1700000000}");
    assert_true(es256_verify(buffer_slice(&point), token));
    buffer_free(&header);
    buffer_free(&point);
    jwt_key_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
