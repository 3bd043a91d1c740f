#include "common/state/keys.h"

#include <inttypes.h>
#include <stdio.h>

enum { SEEN_BUCKET_BITS = 20, CLOCKS_DIFFER_MS = 3600 * 1000 };

void key_verdict(const char *pushkey, char out[KEY_SIZE]) {
    snprintf(out, KEY_SIZE, "columba:v:%s", pushkey);
}

void key_hold(const char *pushkey, char out[KEY_SIZE]) {
    snprintf(out, KEY_SIZE, "columba:h:%s", pushkey);
}

void key_gates(const char *lane, char out[KEY_LANE_SIZE]) {
    snprintf(out, KEY_LANE_SIZE, "columba:g:%s", lane);
}

void key_lease(const char *lane, const char *name, size_t size, char *out) {
    snprintf(out, size, "columba:p:%s:%s", lane, name);
}

void key_seen(int64_t seen, int64_t generation, char out[KEY_SIZE]) {
    uint64_t bucket = (uint64_t)seen & ((UINT64_C(1) << SEEN_BUCKET_BITS) - 1);

    snprintf(out, KEY_SIZE, "columba:s:%" PRId64 ":%05" PRIx64, generation, bucket);
}

int64_t key_seen_generation(int64_t now_ms) {
    return now_ms / SEEN_GENERATION_MS;
}

int64_t key_seen_expiry_ms(int64_t generation) {
    return (generation + 2) * SEEN_GENERATION_MS + CLOCKS_DIFFER_MS;
}
