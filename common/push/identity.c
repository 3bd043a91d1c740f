#include "common/push/identity.h"

#include "common/base/base64.h"
#include "common/base/hash.h"
#include "common/base/json.h"

#include <string.h>

enum { PUSHKEY_HASH_BYTES = 16, NUMBER_BYTES = 8, PARTS_MAX = 4 };

static void write_big_endian(uint64_t number, char out[NUMBER_BYTES]) {
    for (int i = NUMBER_BYTES - 1; i >= 0; i--) {
        out[i] = (char)(unsigned char)number;
        number >>= 8;
    }
}

static int64_t read_big_endian(const unsigned char bytes[NUMBER_BYTES]) {
    uint64_t bits = 0;
    int64_t number = 0;

    for (int i = 0; i < NUMBER_BYTES; i++)
        bits = (bits << 8) | bytes[i];
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Each part goes in behind its length, so that no two lists of parts read the same. */
static int64_t hash_parts(const struct slice *parts, size_t count) {
    char lengths[PARTS_MAX][NUMBER_BYTES];
    struct slice prefixed[2 * PARTS_MAX];
    unsigned char hash[HASH_SHA256_BYTES];

    for (size_t i = 0; i < count; i++) {
        write_big_endian(parts[i].size, lengths[i]);
        prefixed[2 * i] = (struct slice){.data = lengths[i], .size = NUMBER_BYTES};
        prefixed[2 * i + 1] = parts[i];
    }
    hash_sha256(prefixed, 2 * count, hash);
    return read_big_endian(hash);
}

void identity_pushkey(struct slice app_id, struct slice pushkey, char out[IDENTITY_PUSHKEY_SIZE]) {
    const struct slice parts[] = {app_id, {.data = "", .size = 1}, pushkey};
    unsigned char hash[HASH_SHA256_BYTES];
    struct buffer text = {0};

    hash_sha256(parts, sizeof parts / sizeof *parts, hash);
    base64url_encode((struct slice){.data = (const char *)hash, .size = PUSHKEY_HASH_BYTES}, &text);
    memcpy(out, buffer_text(&text), IDENTITY_PUSHKEY_SIZE);
    buffer_free(&text);
}

int64_t identity_event(struct slice app_id, struct slice pushkey, struct slice event,
                       struct json_object *data) {
    struct buffer text = {0};

    if (data != NULL)
        json_write_sorted(data, &text);
    const struct slice parts[] = {app_id, pushkey, event, buffer_slice(&text)};
    int64_t identity = hash_parts(parts, sizeof parts / sizeof *parts);
    buffer_free(&text);
    return identity;
}

int64_t identity_record(struct slice columba_id) {
    return hash_parts(&columba_id, 1);
}
