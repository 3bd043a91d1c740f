#include "dispatcher/providers/google_oauth.h"

#include "common/base/base64.h"
#include "common/base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "tests/unit/dispatcher/service_account.h"
#include <cmocka.h>

static const int64_t now_ms = INT64_C(1700000000123);
static const char token_uri[] = "https://oauth.example/token";

static int make_key(void **state) {
    *state = service_account_new_key();
    return *state == NULL;
}

static int free_key(void **state) {
    EVP_PKEY_free(*state);
    return 0;
}

static struct google_oauth_key *parse(struct buffer *json, struct error *error) {
    struct google_oauth_key *key = google_oauth_key_parse(buffer_slice(json), error);

    buffer_free(json);
    return key;
}

static struct google_oauth_key *parse_valid(EVP_PKEY *private_key) {
    struct buffer json = {0};

    service_account_write(private_key, token_uri, &json);
    return parse(&json, NULL);
}

static void test_a_key_file_is_read(void **state) {
    struct google_oauth_key *key = parse_valid(*state);

    assert_non_null(key);
    assert_string_equal(google_oauth_key_token_uri(key), token_uri);
    assert_string_equal(google_oauth_key_project_id(key), "example-project");
    google_oauth_key_free(key);
    google_oauth_key_free(NULL);
}

static void test_what_may_be_missing(void **state) {
    struct buffer json = {0};

    buffer_append_text(&json, "{\"client_email\":\"a@b\",\"private_key\":\"");
    service_account_write_pem(*state, NULL, &json);
    buffer_append_text(&json, "\"}");
    struct google_oauth_key *key = parse(&json, NULL);
    assert_non_null(key);
    assert_string_equal(google_oauth_key_token_uri(key), "https://oauth2.googleapis.com/token");
    assert_null(google_oauth_key_project_id(key));
    google_oauth_key_free(key);
}

static void test_what_is_wrong_is_named(void **state) {
    static const struct {
        const char *json;
        const char *expected;
    } cases[] = {
        {"", "not a JSON object"},
        {"-----BEGIN PRIVATE KEY-----", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{\"type\":\"authorized_user\"}", "\"authorized_user\""},
        {"{\"type\":\"service_account\"}", "client_email"},
        {"{\"web\":{\"client_id\":\"x\"}}", "client_email"},
        {"{\"client_email\":7}", "client_email"},
        {"{\"client_email\":\"a@b\"}", "private_key is missing"},
        {"{\"client_email\":\"a@b\",\"private_key\":null}", "private_key is missing"},
        {"{\"client_email\":\"a@b\",\"private_key\":\"secret-bytes\"}", "not a private key in PEM"},
        {"{\"client_email\":\"a@b\",\"private_key\":\"secret-bytes\",\"token_uri\":\"file:///x\"}",
         "token_uri"},
        {"{\"client_email\":\"a@b\",\"private_key\":\"secret-bytes\",\"token_uri\":\"https://a "
         "b\"}",
         "token_uri"},
        {"{\"client_email\":\"a@b\",\"private_key\":\"secret-bytes\",\"token_uri\":\"https://\"}",
         "token_uri"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        assert_null(google_oauth_key_parse(slice_of(cases[i].json), &error));
        if (strstr(error.text, cases[i].expected) == NULL)
            fail_msg("%s gave: %s", cases[i].json, error.text);
        assert_int_equal(error.code, ERROR_CONFIG);
        assert_null(strstr(error.text, "secret-bytes"));
        assert_null(strchr(error.text, '\n'));
    }
}

/* A key of another kind, a short one, and one that wants a passphrase from a terminal. */
static void test_unfit_keys_are_refused(void **state) {
    EVP_PKEY *keys[] = {
        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
        *state,
    };
    const char *passphrases[] = {NULL, NULL, "secret"};
    const char *expected[] = {"RSA", "2048", "PEM"};

    for (size_t i = 0; i < 3; i++) {
        struct buffer json = {0};
        struct error error = {0};
        buffer_append_text(&json, "{\"client_email\":\"a@b\",\"private_key\":\"");
        service_account_write_pem(keys[i], passphrases[i], &json);
        buffer_append_text(&json, "\"}");
        assert_null(parse(&json, &error));
        assert_non_null(strstr(error.text, expected[i]));
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

static struct json_object *decode_part(struct slice part) {
    struct buffer json = {0};

    assert_true(base64_decode(part, &json));
    struct json_object *tree = json_parse(buffer_slice(&json), 4, NULL);
    buffer_free(&json);
    return tree;
}

static bool verifies(EVP_PKEY *key, struct slice text, struct slice signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct buffer bytes = {0};

    assert_true(base64_decode(signature, &bytes));
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    const int outcome = EVP_DigestVerify(context, (const unsigned char *)bytes.data, bytes.size,
                                         (const unsigned char *)text.data, text.size);
    EVP_MD_CTX_free(context);
    buffer_free(&bytes);
    return outcome == 1;
}

static void test_the_form_carries_a_signed_assertion(void **state) {
    static const char start[] =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    struct google_oauth_key *key = parse_valid(*state);
    struct buffer form = {0};
    int64_t number = 0;

    assert_true(google_oauth_form(key, now_ms, &form, NULL));
    const char *text = buffer_text(&form);
    assert_memory_equal(text, start, strlen(start));
    const char *header = text + strlen(start);
    const char *claims = strchr(header, '.') + 1;
    const char *signature = strchr(claims, '.') + 1;
    assert_int_equal(strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-_."),
                     strlen(header));

    struct json_object *tree = decode_part((struct slice){header, (size_t)(claims - header - 1)});
    assert_true(slice_is(json_member_text(tree, "alg"), "RS256"));
    assert_true(slice_is(json_member_text(tree, "kid"), "3f1c"));
    json_object_put(tree);

    tree = decode_part((struct slice){claims, (size_t)(signature - claims - 1)});
    assert_true(slice_is(json_member_text(tree, "iss"), "push@example-project.iam.example"));
    assert_true(slice_is(json_member_text(tree, "scope"),
                         "https://www.googleapis.com/auth/firebase.messaging"));
    assert_true(slice_is(json_member_text(tree, "aud"), token_uri));
    assert_true(json_member_integer(tree, "iat", &number));
    assert_int_equal(number, 1700000000);
    assert_true(json_member_integer(tree, "exp", &number));
    assert_int_equal(number, 1700003600);
    json_object_put(tree);

    assert_true(verifies(*state, (struct slice){header, (size_t)(signature - header - 1)},
                         slice_of(signature)));
    buffer_free(&form);
    google_oauth_key_free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_key_file_is_read),
        cmocka_unit_test(test_what_may_be_missing),
        cmocka_unit_test(test_what_is_wrong_is_named),
        cmocka_unit_test(test_unfit_keys_are_refused),
        cmocka_unit_test(test_the_form_carries_a_signed_assertion),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
