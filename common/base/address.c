#include "common/base/address.h"

#include "common/base/slice.h"

#include <ctype.h>
#include <string.h>

/* Inside brackets an IPv4 address is fine too, so that "[${POD_IP}]:8008" fits either family. */
static bool is_host_byte(char byte, bool in_brackets) {
    if (isalnum((unsigned char)byte) || byte == '.')
        return true;
    return strchr(in_brackets ? ":%" : "-_", byte) != NULL;
}

bool address_split(const char *address, char *host, size_t host_size, int *port) {
    bool in_brackets = address[0] == '[';
    const char *start = address + in_brackets;
    size_t length = 0;
    long long number = 0;

    while (start[length] != '\0' && is_host_byte(start[length], in_brackets))
        length++;
    const char *colon = start + length;
    if (in_brackets && *colon++ != ']')
        return false;
    struct slice digits = slice_of(colon + (*colon == ':'));
    if (length == 0 || length >= host_size || *colon != ':' || digits.size == 0 ||
        !isdigit((unsigned char)digits.data[0]) || !slice_to_int64(digits, &number) ||
        number > 65535)
        return false;
    memcpy(host, start, length);
    host[length] = '\0';
    *port = (int)number;
    return true;
}
