#include "common/base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 4648, section 10. */
static const struct {
    const char *bytes;
    const char *padded;
    const char *bare;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
};

enum { VECTOR_COUNT = sizeof vectors / sizeof vectors[0] };

static bool decodes_to(const char *text, const char *bytes) {
    struct buffer out = {0};
    bool same = base64_decode(slice_of(text), &out) && slice_is(buffer_slice(&out), bytes);

    buffer_free(&out);
    return same;
}

static void test_vectors(void **state) {
    struct buffer out = {0};

    (void)state;
    for (size_t i = 0; i < VECTOR_COUNT; i++) {
        buffer_clear(&out);
        base64url_encode(slice_of(vectors[i].bytes), &out);
        assert_string_equal(buffer_text(&out), vectors[i].bare);
        assert_true(decodes_to(vectors[i].bare, vectors[i].bytes));
        assert_true(decodes_to(vectors[i].padded, vectors[i].bytes));
    }
    buffer_free(&out);
}

/* A text that comes byte by byte is whole exactly where an encoder could have stopped. */
static void test_one_byte_at_a_time(void **state) {
    static const char padded[] = "Zm9vYg==";
    static const char *const decoded[sizeof padded] = {
        [0] = "", [4] = "foo", [6] = "foob", [8] = "foob"};
    struct buffer out = {0};

    (void)state;
    for (size_t size = 0; size < sizeof padded; size++) {
        struct slice text = {.data = padded, .size = size};
        buffer_clear(&out);
        buffer_append_text(&out, "kept");
        assert_int_equal(base64_decode(text, &out), decoded[size] != NULL);
        assert_memory_equal(buffer_text(&out), "kept", 4);
        assert_string_equal(buffer_text(&out) + 4, decoded[size] == NULL ? "" : decoded[size]);
    }
    buffer_free(&out);
}

static void test_every_length_and_byte_comes_back(void **state) {
    char bytes[256];
    struct buffer text = {0};
    struct buffer back = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct slice slice = {.data = bytes, .size = size};
        buffer_clear(&text);
        buffer_clear(&back);
        base64url_encode(slice, &text);
        assert_int_equal(strspn(buffer_text(&text), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
                                                    "stuvwxyz0123456789-_"),
                         text.size);
        assert_true(base64_decode(buffer_slice(&text), &back));
        assert_true(slice_equal(buffer_slice(&back), slice));
    }
    buffer_free(&text);
    buffer_free(&back);
}

static void test_both_alphabets(void **state) {
    (void)state;
    assert_true(decodes_to("-_-_", "\xfb\xff\xbf"));
    assert_true(decodes_to("+/+/", "\xfb\xff\xbf"));
}

static void test_refused_and_out_unchanged(void **state) {
    static const char *const bad[] = {
        "Z",   "Zm9vY", "Zm9vZ===", "=",    "==",       "===",      "====",
        "Zg=", "Zm9v=", "Zm9v==",   "Z=g=", "Zh==",     "Zh",       "Zm9=",
        "Zm9", "Zm 9v", "Zm9v\n",   "Zm.v", "Zm9v====", "Zg==Zg==",
    };
    struct buffer out = {0};

    (void)state;
    buffer_append_text(&out, "kept");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(base64_decode(slice_of(bad[i]), &out));
        assert_string_equal(buffer_text(&out), "kept");
    }
    assert_false(base64_decode((struct slice){.data = "Zm9\0", .size = 4}, &out));
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_one_byte_at_a_time),
        cmocka_unit_test(test_every_length_and_byte_comes_back),
        cmocka_unit_test(test_both_alphabets),
        cmocka_unit_test(test_refused_and_out_unchanged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
