#include "dispatcher/providers/aes128gcm.h"

#include "common/base/base64.h"
#include "tests/unit/dispatcher/subscription.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>

#include <cmocka.h>

/* RFC 8291, appendix A. */
static const char vector_salt[] = "DGv6ra1nlYgDCS1FRnbzlw";
static const char vector_private[] = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
static const char vector_plaintext[] = "When I grow up, I want to be a watermelon";
static const char vector_message[] =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS"
    "6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qu"
    "lcy4a-fN";

static void decode(const char *text, unsigned char *out, size_t size) {
    struct buffer bytes = {0};

    assert_true(base64_decode(slice_of(text), &bytes));
    assert_int_equal(bytes.size, size);
    memcpy(out, bytes.data, size);
    buffer_free(&bytes);
}

static struct aes128gcm_subscription vector_subscription(void) {
    struct aes128gcm_subscription subscription;

    decode(SUBSCRIPTION_P256DH, subscription.point, sizeof subscription.point);
    decode(SUBSCRIPTION_AUTH, subscription.auth, sizeof subscription.auth);
    return subscription;
}

static void vector_random(unsigned char random[AES128GCM_RANDOM_BYTES]) {
    decode(vector_salt, random, 16);
    decode(vector_private, random + 16, 32);
}

static void test_the_vector_of_the_standard(void **state) {
    const struct aes128gcm_subscription subscription = vector_subscription();
    unsigned char random[AES128GCM_RANDOM_BYTES];
    struct buffer message = {0};
    struct buffer text = {0};

    (void)state;
    vector_random(random);
    assert_true(aes128gcm_encrypt(&subscription, random, slice_of(vector_plaintext), &message));
    assert_int_equal(message.size, 144);
    base64url_encode(buffer_slice(&message), &text);
    assert_string_equal(buffer_text(&text), vector_message);
    buffer_clear(&text);
    assert_true(subscription_open(buffer_slice(&message), &text));
    assert_string_equal(buffer_text(&text), vector_plaintext);
    buffer_free(&message);
    buffer_free(&text);
}

static void test_every_size_can_be_read(void **state) {
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 3992, AES128GCM_PLAINTEXT_MAX};
    const struct aes128gcm_subscription subscription = vector_subscription();
    unsigned char random[AES128GCM_RANDOM_BYTES];
    char plaintext[AES128GCM_PLAINTEXT_MAX + 1];

    (void)state;
    memset(plaintext, 'p', sizeof plaintext);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer message = {0};
        struct buffer text = {0};
        memset(random, (int)i + 1, sizeof random);
        buffer_append_text(&message, "before");
        const struct slice given = {sizes[i] == 0 ? NULL : plaintext, sizes[i]};
        assert_true(aes128gcm_encrypt(&subscription, random, given, &message));
        assert_int_equal(message.size, 6 + sizes[i] + 103);
        assert_true(message.size - 6 <= 4096);
        assert_true(subscription_open((struct slice){message.data + 6, message.size - 6}, &text));
        assert_true(slice_equal(buffer_slice(&text), given));
        buffer_free(&message);
        buffer_free(&text);
    }
}

static void test_what_is_too_large_is_refused(void **state) {
    static const char plaintext[AES128GCM_PLAINTEXT_MAX + 1];
    const struct aes128gcm_subscription subscription = vector_subscription();
    unsigned char random[AES128GCM_RANDOM_BYTES];
    struct buffer message = {0};

    (void)state;
    vector_random(random);
    buffer_append_text(&message, "before");
    assert_false(aes128gcm_encrypt(&subscription, random,
                                   (struct slice){plaintext, sizeof plaintext}, &message));
    assert_true(slice_is(buffer_slice(&message), "before"));
    buffer_free(&message);
}

/* Zero and what is not below the order are no private keys; 2^-32 of all random bytes are not. */
static void test_every_random_makes_a_key(void **state) {
    static const char *const order =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    const struct aes128gcm_subscription subscription = vector_subscription();
    unsigned char randoms[4][AES128GCM_RANDOM_BYTES];
    struct buffer messages[4] = {0};

    (void)state;
    memset(randoms[0], 0, sizeof randoms[0]);
    memset(randoms[1], 0xFF, sizeof randoms[1]);
    for (size_t i = 0; i < 32; i++) {
        const char digits[] = {order[2 * i], order[2 * i + 1], '\0'};
        randoms[2][16 + i] = (unsigned char)strtoul(digits, NULL, 16);
    }
    memcpy(randoms[3], randoms[2], sizeof randoms[3]);
    randoms[3][47]--;
    for (size_t i = 0; i < 4; i++) {
        struct buffer text = {0};
        memset(randoms[i], 7, 16);
        assert_true(aes128gcm_encrypt(&subscription, randoms[i], slice_of("hello"), &messages[i]));
        assert_true(subscription_open(buffer_slice(&messages[i]), &text));
        assert_true(slice_is(buffer_slice(&text), "hello"));
        for (size_t j = 0; j < i; j++)
            assert_false(slice_equal(buffer_slice(&messages[i]), buffer_slice(&messages[j])));
        buffer_free(&text);
    }
    for (size_t i = 0; i < 4; i++)
        buffer_free(&messages[i]);
}

static void test_points_off_the_curve_are_refused(void **state) {
    struct aes128gcm_subscription subscription = vector_subscription();
    const struct aes128gcm_subscription good = subscription;
    unsigned char random[AES128GCM_RANDOM_BYTES];
    struct buffer message = {0};

    (void)state;
    vector_random(random);
    assert_true(aes128gcm_is_point(good.point));
    for (size_t i = 0; i < sizeof subscription.point; i += 8) {
        subscription = good;
        subscription.point[i] ^= 1;
        assert_false(aes128gcm_is_point(subscription.point));
        assert_false(aes128gcm_encrypt(&subscription, random, slice_of("x"), &message));
        assert_int_equal(message.size, 0);
    }
    /* The hybrid form says the same point in another way, and infinity is no point to agree on. */
    subscription = good;
    subscription.point[0] = (unsigned char)(6 + (good.point[64] & 1));
    assert_false(aes128gcm_is_point(subscription.point));
    memset(subscription.point, 0, sizeof subscription.point);
    assert_false(aes128gcm_is_point(subscription.point));
    subscription.point[0] = 4;
    assert_false(aes128gcm_is_point(subscription.point));
    assert_int_equal(ERR_peek_error(), 0);
    buffer_free(&message);
}

static void test_nobody_else_can_read_it(void **state) {
    struct aes128gcm_subscription subscription = vector_subscription();
    unsigned char random[AES128GCM_RANDOM_BYTES];
    struct buffer message = {0};
    struct buffer text = {0};

    (void)state;
    vector_random(random);
    subscription.auth[0] ^= 1;
    assert_true(aes128gcm_encrypt(&subscription, random, slice_of("secret"), &message));
    assert_false(subscription_open(buffer_slice(&message), &text));
    subscription.auth[0] ^= 1;
    buffer_clear(&message);
    assert_true(aes128gcm_encrypt(&subscription, random, slice_of("secret"), &message));
    for (size_t i = 0; i < message.size; i++) {
        message.data[i] ^= 1;
        assert_false(subscription_open(buffer_slice(&message), &text));
        message.data[i] ^= 1;
    }
    assert_true(subscription_open(buffer_slice(&message), &text));
    buffer_free(&message);
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vector_of_the_standard),
        cmocka_unit_test(test_every_size_can_be_read),
        cmocka_unit_test(test_what_is_too_large_is_refused),
        cmocka_unit_test(test_every_random_makes_a_key),
        cmocka_unit_test(test_points_off_the_curve_are_refused),
        cmocka_unit_test(test_nobody_else_can_read_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
