#include "dispatcher/providers/jwt.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "tests/unit/dispatcher/es256.h"
#include <cmocka.h>

/* RFC 7515, A.3. */
static const char rfc_scalar[] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
static const char rfc_x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
static const char rfc_y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
static const char rfc_claims[] =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
static const char rfc_content[] =
    "eyJhbGciOiJFUzI1NiJ9"
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ.";
static const char rfc_signature[] =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

static struct slice rfc_point(struct buffer *out) {
    buffer_append_byte(out, 4);
    assert_true(base64_decode(slice_of(rfc_x), out));
    assert_true(base64_decode(slice_of(rfc_y), out));
    return buffer_slice(out);
}

static struct slice rfc_header(void) {
    return slice_of("{\"alg\":\"ES256\"}");
}

/* That the key signs what the RFC's example signs, so that the RFC's public point believes it. */
static void assert_is_rfc_key(struct slice text) {
    struct jwt_key *key = jwt_key_read_es256(text, NULL);
    struct buffer expected = {0};
    struct buffer point = {0};
    struct buffer token = {0};

    assert_non_null(key);
    jwt_key_write_public(key, &point);
    assert_true(slice_equal(buffer_slice(&point), rfc_point(&expected)));
    assert_true(jwt_sign_es256(key, rfc_header(), slice_of(rfc_claims), &token, NULL));
    assert_memory_equal(buffer_text(&token), rfc_content, strlen(rfc_content));
    assert_int_equal(token.size, strlen(rfc_content) + strlen(rfc_signature));
    assert_true(es256_verify(buffer_slice(&expected), buffer_slice(&token)));
    buffer_free(&expected);
    buffer_free(&point);
    buffer_free(&token);
    jwt_key_free(key);
}

static EVP_PKEY *rfc_pair(void) {
    struct buffer point = {0};
    struct buffer scalar = {0};
    char curve[] = "P-256";

    assert_true(base64_decode(slice_of(rfc_scalar), &scalar));
    rfc_point(&point);
    BIGNUM *number = BN_bin2bn((const unsigned char *)scalar.data, 32, NULL);
    unsigned char native[32];
    BN_bn2nativepad(number, native, sizeof native);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data, point.size),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pair = NULL;
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &pair, EVP_PKEY_KEYPAIR, parameters);
    EVP_PKEY_CTX_free(context);
    BN_free(number);
    buffer_free(&scalar);
    buffer_free(&point);
    assert_non_null(pair);
    return pair;
}

enum form { FORM_PKCS8, FORM_SEC1, FORM_ENCRYPTED };

static void write_pem(EVP_PKEY *pair, enum form form, struct buffer *out) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;

    if (form == FORM_SEC1)
        PEM_write_bio_PrivateKey_traditional(bio, pair, NULL, NULL, 0, NULL, NULL);
    else if (form == FORM_ENCRYPTED)
        PEM_write_bio_PKCS8PrivateKey(bio, pair, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);
    else
        PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL);
    const long size = BIO_get_mem_data(bio, &pem);
    buffer_append(out, (struct slice){.data = pem, .size = (size_t)size});
    BIO_free(bio);
}

static void test_the_example_of_the_rfc_verifies(void **state) {
    struct buffer point = {0};
    struct buffer token = {0};

    (void)state;
    rfc_point(&point);
    buffer_append_text(&token, rfc_content);
    buffer_append_text(&token, rfc_signature);
    assert_true(es256_verify(buffer_slice(&point), buffer_slice(&token)));
    token.data[30] ^= 1;
    assert_false(es256_verify(buffer_slice(&point), buffer_slice(&token)));
    buffer_free(&point);
    buffer_free(&token);
}

static void test_every_form_of_a_key_is_read(void **state) {
    EVP_PKEY *pair = rfc_pair();
    struct buffer text = {0};

    (void)state;
    assert_is_rfc_key(slice_of(rfc_scalar));
    assert_is_rfc_key(slice_of(" jpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9LI=\r\n"));
    write_pem(pair, FORM_PKCS8, &text);
    assert_is_rfc_key(buffer_slice(&text));
    buffer_clear(&text);
    write_pem(pair, FORM_SEC1, &text);
    assert_non_null(strstr(buffer_text(&text), "BEGIN EC PRIVATE KEY"));
    assert_is_rfc_key(buffer_slice(&text));
    buffer_free(&text);
    EVP_PKEY_free(pair);
}

/* As `openssl ecparam -genkey` writes it: the curve in a block of its own comes first. */
static void test_a_block_before_the_key_is_passed_over(void **state) {
    EVP_PKEY *pair = rfc_pair();
    struct buffer text = {0};

    (void)state;
    buffer_append_text(&text, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                              "-----END EC PARAMETERS-----\n");
    write_pem(pair, FORM_SEC1, &text);
    assert_is_rfc_key(buffer_slice(&text));
    buffer_free(&text);
    EVP_PKEY_free(pair);
}

static void test_a_compressed_public_part_comes_out_whole(void **state) {
    EVP_PKEY *pair = rfc_pair();
    struct buffer text = {0};

    (void)state;
    assert_int_equal(EVP_PKEY_set_utf8_string_param(
                         pair, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"),
                     1);
    write_pem(pair, FORM_SEC1, &text);
    assert_is_rfc_key(buffer_slice(&text));
    buffer_free(&text);
    EVP_PKEY_free(pair);
}

static void assert_refused(struct slice text, const char *expected) {
    struct error error = {0};

    assert_null(jwt_key_read_es256(text, &error));
    assert_int_equal(error.code, ERROR_CONFIG);
    if (strstr(error.text, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.text, expected);
    assert_null(jwt_key_read_es256(text, NULL));
    assert_int_equal(ERR_peek_error(), 0);
}

static void test_what_is_no_such_key_is_refused(void **state) {
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", "neither"},
        {"   \n", "neither"},
        {"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9A", "neither"},
        {"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LIA", "neither"},
        {"jpsQnnGQmL-YBIffH1136cspYG6 0iY7X1fCE9-E9LI", "neither"},
        /* 0, the order of the curve, and all bits set. */
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""},
        {"_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE", ""},
        {"__________________________________________8", ""},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "in PEM"},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "in PEM"},
    };

    (void)state;
    assert_refused((struct slice){0}, "neither");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(slice_of(cases[i].text), cases[i].expected);
}

static void test_keys_of_another_kind_are_refused(void **state) {
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    EVP_PKEY *other_curve = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    EVP_PKEY *pair = rfc_pair();
    struct buffer text = {0};

    (void)state;
    write_pem(rsa, FORM_PKCS8, &text);
    assert_refused(buffer_slice(&text), "P-256");
    buffer_clear(&text);
    write_pem(other_curve, FORM_PKCS8, &text);
    assert_refused(buffer_slice(&text), "P-256");
    buffer_clear(&text);
    write_pem(pair, FORM_ENCRYPTED, &text);
    assert_refused(buffer_slice(&text), "pass phrase");
    buffer_free(&text);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(other_curve);
    EVP_PKEY_free(pair);
}

/* The public part of a file is not taken on trust: receivers would be told a wrong one. */
static void test_a_public_part_of_another_key_is_refused(void **state) {
    EVP_PKEY *pair = rfc_pair();
    struct buffer point = {0};
    unsigned char *der = NULL;

    (void)state;
    rfc_point(&point);
    const int size = i2d_PrivateKey(pair, &der);
    unsigned char *found = memmem(der, (size_t)size, point.data, point.size);
    EVP_PKEY *stranger = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_non_null(found);
    EVP_PKEY_get_octet_string_param(stranger, OSSL_PKEY_PARAM_PUB_KEY, found, 65, NULL);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    PEM_write_bio(bio, "EC PRIVATE KEY", "", der, size);
    const long pem_size = BIO_get_mem_data(bio, &pem);
    assert_refused((struct slice){.data = pem, .size = (size_t)pem_size}, "disagree");
    BIO_free(bio);
    OPENSSL_free(der);
    EVP_PKEY_free(stranger);
    EVP_PKEY_free(pair);
    buffer_free(&point);
}

/* Numbers that happen to be short are padded: among this many signatures there are some. */
static void test_every_signature_has_its_full_length(void **state) {
    struct jwt_key *key = jwt_key_read_es256(slice_of(rfc_scalar), NULL);
    struct buffer point = {0};
    struct buffer out = {0};

    (void)state;
    jwt_key_write_public(key, &point);
    buffer_append_text(&out, "bearer ");
    const size_t start = out.size;
    for (int i = 0; i < 1000; i++) {
        out.size = start;
        assert_true(jwt_sign_es256(key, rfc_header(), slice_of("{\"iss\":\"TEAM\"}"), &out, NULL));
        const struct slice token = {.data = out.data + start, .size = out.size - start};
        assert_true(es256_verify(buffer_slice(&point), token));
    }
    assert_memory_equal(out.data, "bearer ", start);
    buffer_free(&out);
    buffer_free(&point);
    jwt_key_free(key);
    jwt_key_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc_verifies),
        cmocka_unit_test(test_every_form_of_a_key_is_read),
        cmocka_unit_test(test_a_block_before_the_key_is_passed_over),
        cmocka_unit_test(test_a_compressed_public_part_comes_out_whole),
        cmocka_unit_test(test_what_is_no_such_key_is_refused),
        cmocka_unit_test(test_keys_of_another_kind_are_refused),
        cmocka_unit_test(test_a_public_part_of_another_key_is_refused),
        cmocka_unit_test(test_every_signature_has_its_full_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
