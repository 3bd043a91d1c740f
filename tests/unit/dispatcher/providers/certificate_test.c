#include "dispatcher/providers/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/dispatcher/certificate_fixture.h"

#include <openssl/err.h>

static const int64_t in_2027 = INT64_C(1800000000000);
static const int64_t in_2061 = INT64_C(2900000000000); /* behind the two digits of a year */

static void expect_end(struct buffer *content, bool is_pkcs12, const char *password,
                       int64_t expected_ms) {
    struct error error = {0};
    int64_t ends_ms = 0;

    if (!certificate_ends_ms(buffer_slice(content), is_pkcs12, password, &ends_ms, &error))
        fail_msg("%s", error.text);
    assert_true(ends_ms == expected_ms);
    assert_int_equal(ERR_peek_error(), 0);
    buffer_free(content);
}

static void expect_none(struct slice content, bool is_pkcs12, const char *password) {
    struct error error = {0};
    int64_t ends_ms = 0;

    assert_false(certificate_ends_ms(content, is_pkcs12, password, &ends_ms, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    assert_int_equal(ERR_peek_error(), 0);
}

static void reads_pem_whatever_its_key(void **state) {
    struct certificate own = certificate_make(in_2027);
    struct certificate authority = certificate_make(in_2061);
    struct buffer text = {0};

    (void)state;
    append_certificate(&own, &text);
    append_key(&own, NULL, &text);
    expect_end(&text, false, NULL, in_2027);
    append_key(&own, "open sesame", &text);
    append_certificate(&own, &text);
    append_certificate(&authority, &text);
    expect_end(&text, false, "open sesame", in_2027);
    append_certificate(&authority, &text);
    expect_end(&text, false, NULL, in_2061);
    certificate_release(&own);
    certificate_release(&authority);
}

static void reads_pkcs12_with_its_pass_phrase(void **state) {
    struct certificate own = certificate_make(in_2027);
    struct buffer box = {0};

    (void)state;
    append_pkcs12(&own, "open sesame", &box);
    expect_none(buffer_slice(&box), true, NULL);
    expect_none(buffer_slice(&box), true, "wrong");
    expect_none(buffer_slice(&box), false, "open sesame");
    expect_end(&box, true, "open sesame", in_2027);
    append_pkcs12(&own, "", &box);
    expect_end(&box, true, NULL, in_2027);
    certificate_release(&own);
}

static void says_that_there_is_none(void **state) {
    struct certificate own = certificate_make(in_2027);
    struct buffer text = {0};

    (void)state;
    append_key(&own, NULL, &text);
    expect_none(buffer_slice(&text), false, NULL);
    buffer_free(&text);
    append_certificate(&own, &text);
    expect_none((struct slice){.data = text.data, .size = text.size / 2}, false, NULL);
    expect_none(buffer_slice(&text), true, NULL);
    expect_none(slice_of(""), false, NULL);
    expect_none(slice_of(""), true, NULL);
    buffer_free(&text);
    certificate_release(&own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_pem_whatever_its_key),
        cmocka_unit_test(reads_pkcs12_with_its_pass_phrase),
        cmocka_unit_test(says_that_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
