#include "common/config/value.h"

#include "common/base/address.h"
#include "common/base/slice.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* From the largest to the smallest, as the format functions take them. */
static const struct unit duration_units[] = {
    {"d", 24 * 3600 * 1000}, {"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}};
static const struct unit size_units[] = {
    {"GiB", 1024 * 1024 * 1024}, {"MiB", 1024 * 1024}, {"KiB", 1024}, {"", 1}};

enum {
    DURATION_UNIT_COUNT = sizeof duration_units / sizeof duration_units[0],
    SIZE_UNIT_COUNT = sizeof size_units / sizeof size_units[0],
};

bool value_integer_parse(const char *text, int64_t *out, struct error *error) {
    long long number = 0;

    if (!slice_to_int64(slice_of(text), &number))
        return error_set(error, ERROR_CONFIG, "is not a whole number");
    *out = number;
    return true;
}

/* The number and what stands behind it. False unless it begins with digits that fit. */
static bool split_number(const char *text, int64_t *number, const char **unit) {
    size_t digits = 0;
    long long value = 0;

    while (isdigit((unsigned char)text[digits]))
        digits++;
    *unit = text + digits;
    if (!slice_to_int64((struct slice){.data = text, .size = digits}, &value))
        return false;
    *number = value;
    return true;
}

static bool scale(const char *unit, const struct unit *units, size_t count, int64_t *number) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(unit, units[i].name) == 0)
            return !__builtin_mul_overflow(*number, units[i].factor, number);
    return false;
}

bool value_duration_parse(const char *text, int64_t *out_ms, struct error *error) {
    int64_t number = 0;
    const char *unit = NULL;
    bool has_number = split_number(text, &number, &unit);

    if (has_number && unit[0] == '\0' && number != 0)
        return error_set(error, ERROR_CONFIG, "has no unit (ms, s, m, h, d)");
    if (!has_number ||
        (unit[0] != '\0' && !scale(unit, duration_units, DURATION_UNIT_COUNT, &number)))
        return error_set(error, ERROR_CONFIG, "is not a number with a unit (ms, s, m, h, d)");
    *out_ms = number;
    return true;
}

bool value_size_parse(const char *text, int64_t *out_bytes, struct error *error) {
    int64_t number = 0;
    const char *unit = NULL;

    if (!split_number(text, &number, &unit) || !scale(unit, size_units, SIZE_UNIT_COUNT, &number))
        return error_set(error, ERROR_CONFIG, "is not a number of bytes, KiB, MiB or GiB");
    *out_bytes = number;
    return true;
}

bool value_boolean_parse(const char *text, bool *out, struct error *error) {
    static const struct {
        const char *text;
        bool value;
    } words[] = {{"true", true},   {"True", true},   {"TRUE", true},
                 {"false", false}, {"False", false}, {"FALSE", false}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].text) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return error_set(error, ERROR_CONFIG, "is not a boolean");
}

static void format(int64_t number, const struct unit *units, size_t count,
                   char out[VALUE_TEXT_SIZE]) {
    size_t i = 0;

    while (i + 1 < count && (number == 0 || number % units[i].factor != 0))
        i++;
    snprintf(out, VALUE_TEXT_SIZE, "%" PRId64 "%s", number / units[i].factor,
             number == 0 ? "" : units[i].name);
}

void value_duration_format(int64_t ms, char out[VALUE_TEXT_SIZE]) {
    format(ms, duration_units, DURATION_UNIT_COUNT, out);
}

void value_size_format(int64_t bytes, char out[VALUE_TEXT_SIZE]) {
    format(bytes, size_units, SIZE_UNIT_COUNT, out);
}

bool value_ratio_parse(const char *text, double *out) {
    enum { FRACTION_DIGITS_MAX = 15 };
    size_t whole = strspn(text, "0123456789");
    const char *fraction = text + whole;
    double number = 0;
    double place = 1;

    if (whole == 0 || whole > 2)
        return false;
    for (size_t i = 0; i < whole; i++)
        number = number * 10 + (text[i] - '0');
    if (*fraction == '.') {
        size_t count = strspn(++fraction, "0123456789");
        if (count == 0 || count > FRACTION_DIGITS_MAX)
            return false;
        for (; count > 0; count--)
            number += (*fraction++ - '0') * (place /= 10);
    }
    if (*fraction != '\0' || number > 1)
        return false;
    *out = number;
    return true;
}

bool value_is_name(const char *text) {
    for (const char *at = text; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("._-", *at) == NULL)
            return false;
    return true;
}

bool value_is_base_url(const char *text) {
    static const char *const schemes[] = {"https://", "http://"};
    const char *host = NULL;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && host == NULL; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            host = text + strlen(schemes[i]);
    if (host == NULL || host[0] == '\0' || strchr("/:", host[0]) != NULL)
        return false;
    for (const char *at = host; *at != '\0'; at++)
        if (!isgraph((unsigned char)*at) || strchr("@?#\"<>\\^`{|}", *at) != NULL)
            return false;
    return true;
}

/* What a user may be made of (RFC 3986, section 3.2.1), and libcurl decodes. */
static bool is_userinfo(struct slice text) {
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.data[i]) &&
            (text.data[i] == '\0' || strchr("-._~%!$&'()*+,;=:", text.data[i]) == NULL))
            return false;
    return text.size > 0;
}

bool value_proxy_parse(const char *text, struct buffer *out) {
    static const char scheme[] = "http://";
    char host[ADDRESS_HOST_SIZE];
    int port = 0;
    size_t size = strlen(text);

    if (strncmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *user = text + sizeof scheme - 1;
    const char *at = strrchr(user, '@');
    if (at != NULL && !is_userinfo((struct slice){.data = user, .size = (size_t)(at - user)}))
        return false;
    const char *bracket = strchr(at == NULL ? user : at, ']');
    const char *colon = strchr(bracket != NULL ? bracket : at == NULL ? user : at, ':');
    buffer_clear(out);
    buffer_append(out, (struct slice){.data = text, .size = size - (text[size - 1] == '/')});
    buffer_append_text(out, colon == NULL ? ":80" : "");
    const char *whole = buffer_text(out);
    const char *authority = whole + ((at == NULL ? user : at + 1) - text);
    return address_split(authority, host, sizeof host, &port) && port > 0;
}

static bool ends_with_domain(const char *host, size_t size, const char *domain) {
    const size_t length = strlen(domain);

    return size >= length && strncasecmp(host + size - length, domain, length) == 0 &&
           (size == length || host[size - length - 1] == '.');
}

bool value_is_contact(const char *text) {
    static const char *const nobodys[] = {"localhost", "local", "invalid"};
    const bool is_url = strncmp(text, "https://", strlen("https://")) == 0;
    const char *host = is_url ? text + strlen("https://") : strrchr(text, '@');

    for (const char *at = text; *at != '\0'; at++)
        if (!isgraph((unsigned char)*at) || strchr("\"<>\\", *at) != NULL)
            return false;
    if (host == NULL || (!is_url && (host == text || strchr(text, '@') != host)))
        return false;
    host += !is_url;
    const size_t size = strcspn(host, is_url ? "/:?#@" : "/:?#");
    for (size_t i = 0; i < sizeof nobodys / sizeof nobodys[0]; i++)
        if (ends_with_domain(host, size, nobodys[i]))
            return false;
    return size > 0 && memchr(host, '.', size) != NULL && (is_url || host[size] == '\0');
}
