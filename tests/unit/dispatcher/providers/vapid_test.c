#include "dispatcher/providers/vapid.h"

#include "tests/unit/dispatcher/es256.h"

/* The key of RFC 8291, appendix A. */
static const char private_key[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char public_key[] =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

/* vapid t=<token>, k=<point> */
static void test_the_header(void **state) {
    static const struct {
        const char *contact;
        const char *claims;
    } cases[] = {
        {"push@example.org", "{\"aud\":\"https://push.example:8443\",\"exp\":1700043200,"
                             "\"sub\":\"mailto:push@example.org\"}"},
        {"mailto:push@example.org", "{\"aud\":\"https://push.example:8443\",\"exp\":1700043200,"
                                    "\"sub\":\"mailto:push@example.org\"}"},
        {"https://example.org/\"contact\"",
         "{\"aud\":\"https://push.example:8443\",\"exp\":1700043200,"
         "\"sub\":\"https://example.org/\\\"contact\\\"\"}"},
    };
    static const char start[] = "vapid t=";
    static const char middle[] = ", k=";
    struct jwt_key *key = jwt_key_read_es256(slice_of(private_key), NULL);
    struct buffer point = {0};

    (void)state;
    assert_non_null(key);
    jwt_key_write_public(key, &point);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer header = {0};
        assert_true(vapid_write(key, slice_of("https://push.example:8443"), cases[i].contact,
                                INT64_C(1700000000999), &header, NULL));
        const char *text = buffer_text(&header);
        const char *end = strstr(text, middle);
        assert_memory_equal(text, start, strlen(start));
        assert_non_null(end);
        assert_string_equal(end + strlen(middle), public_key);
        const struct slice token = {text + strlen(start), (size_t)(end - text) - strlen(start)};
        es256_expect_part(token, 0, "{\"typ\":\"JWT\",\"alg\":\"ES256\"}");
        es256_expect_part(token, 1, cases[i].claims);
        assert_true(es256_verify(buffer_slice(&point), token));
        buffer_free(&header);
    }
    buffer_free(&point);
    jwt_key_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
