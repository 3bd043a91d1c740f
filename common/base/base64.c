#include "common/base/base64.h"

#include <stdint.h>

void base64url_encode(struct slice bytes, struct buffer *out) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned bit_count = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        bits = (bits << 8) | (unsigned char)bytes.data[i];
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            buffer_append_byte(out, alphabet[(bits >> bit_count) & 63]);
        }
    }
    if (bit_count > 0)
        buffer_append_byte(out, alphabet[(bits << (6 - bit_count)) & 63]);
}

static int value_of(char character) {
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '+' || character == '-')
        return 62;
    if (character == '/' || character == '_')
        return 63;
    return -1;
}

bool base64_decode(struct slice text, struct buffer *out) {
    size_t size_before = out->size;
    size_t length = text.size;
    uint32_t bits = 0;
    unsigned bit_count = 0;

    for (int padding = 0; padding < 2 && length > 0 && text.data[length - 1] == '='; padding++)
        length--;
    bool valid = length % 4 != 1 && (length == text.size || text.size % 4 == 0);
    for (size_t i = 0; valid && i < length; i++) {
        int value = value_of(text.data[i]);
        valid = value >= 0;
        bits = (bits << 6) | ((uint32_t)value & 63);
        bit_count += 6;
        if (valid && bit_count >= 8) {
            bit_count -= 8;
            buffer_append_byte(out, (char)((bits >> bit_count) & 255));
        }
    }
    valid = valid && (bits & ((1u << bit_count) - 1)) == 0;
    if (!valid)
        out->size = size_before;
    return valid;
}
