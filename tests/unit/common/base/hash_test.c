#include "common/base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_sha256(const struct slice *parts, size_t count, const char *expected) {
    unsigned char digest[HASH_SHA256_BYTES];
    char hex[2 * HASH_SHA256_BYTES + 1];

    hash_sha256(parts, count, digest);
    for (size_t i = 0; i < HASH_SHA256_BYTES; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(hex, expected);
}

/* FIPS 180-4, as in NIST's examples. */
static const char empty_digest[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_digest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
static const char two_blocks_digest[] =
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

static void test_vectors(void **state) {
    const struct slice abc = slice_of("abc");
    const struct slice longer = slice_of(two_blocks);

    (void)state;
    assert_sha256(NULL, 0, empty_digest);
    assert_sha256(&abc, 1, abc_digest);
    assert_sha256(&longer, 1, two_blocks_digest);
}

static void test_parts_are_one_text(void **state) {
    struct slice parts[sizeof two_blocks];

    (void)state;
    for (size_t i = 0; i + 1 < sizeof two_blocks; i++)
        parts[i] = (struct slice){.data = two_blocks + i, .size = 1};
    assert_sha256(parts, sizeof two_blocks - 1, two_blocks_digest);
    const struct slice with_empty[] = {slice_of("a"), {0}, slice_of("bc"), slice_of("")};
    assert_sha256(with_empty, 4, abc_digest);
}

/* The vectors of the FNV authors for the 64-bit FNV-1a. */
static void test_table_key(void **state) {
    (void)state;
    assert_true(hash_table_key(slice_of("")) == 0xcbf29ce484222325u);
    assert_true(hash_table_key(slice_of("a")) == 0xaf63dc4c8601ec8cu);
    assert_true(hash_table_key(slice_of("foobar")) == 0x85944171f73967e8u);
    assert_true(hash_table_key((struct slice){.data = "a\0", .size = 2}) !=
                hash_table_key(slice_of("a")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_parts_are_one_text),
        cmocka_unit_test(test_table_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
