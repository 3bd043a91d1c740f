#include "common/config/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The forms of YAML 1.2.2, section 10.3.2. */

static bool is_one_of(const char *text, const char *const *words) {
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static size_t count_digits(const char *text) {
    size_t count = 0;

    while (isdigit((unsigned char)text[count]))
        count++;
    return count;
}

/* The base and the digits of an integer; NULL when it is none. */
static const char *integer_digits(const char *text, int *base) {
    bool has_sign = text[0] == '-' || text[0] == '+';
    const char *digits = text + has_sign;

    *base = 10;
    if (!has_sign && text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
        *base = text[1] == 'o' ? 8 : 16;
        size_t length = strspn(text + 2, *base == 8 ? "01234567" : "0123456789abcdefABCDEF");
        return length > 0 && text[2 + length] == '\0' ? text + 2 : NULL;
    }
    size_t length = count_digits(digits);
    return length > 0 && digits[length] == '\0' ? text : NULL;
}

static bool is_float(const char *text) {
    if (text[0] == '-' || text[0] == '+')
        text++;
    size_t whole = count_digits(text);
    text += whole;
    size_t fraction = 0;
    if (*text == '.') {
        fraction = count_digits(text + 1);
        text += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text += text[1] == '-' || text[1] == '+' ? 2 : 1;
        size_t exponent = count_digits(text);
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static bool is_not_finite(const char *text) {
    static const char *const words[] = {".nan", ".NaN", ".NAN", NULL};
    static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};

    return is_one_of(text, words) ||
           is_one_of(text + (text[0] == '-' || text[0] == '+'), infinities);
}

/* The shortest of the two forms that reads as the same number again. */
static struct json_object *json_of_double(double number) {
    char text[32];

    snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) < number || strtod(text, NULL) > number)
        snprintf(text, sizeof text, "%.17g", number);
    return json_object_new_double_s(number, text);
}

static bool number_to_json(const struct yaml_node *node, struct json_object **out,
                           struct error *error) {
    int base = 10;
    const char *digits = integer_digits(node->text, &base);

    errno = 0;
    if (digits != NULL) {
        long long number = strtoll(digits, NULL, base);
        if (errno == 0)
            *out = json_object_new_int64(number);
    } else {
        double number = strtod(node->text, NULL);
        if (isfinite(number))
            *out = json_of_double(number);
    }
    if (*out == NULL)
        return yaml_refuse(node, error,
                           "is a number that JSON cannot hold, expected a smaller one "
                           "or quotes around it");
    return true;
}

static bool text_to_json(const struct yaml_node *node, struct json_object **out,
                         struct error *error) {
    static const char *const truths[] = {"true", "True", "TRUE", NULL};
    static const char *const lies[] = {"false", "False", "FALSE", NULL};
    int base = 10;

    if (yaml_is_null(node))
        return true;
    if (node->plain && is_one_of(node->text, truths))
        *out = json_object_new_boolean(1);
    else if (node->plain && is_one_of(node->text, lies))
        *out = json_object_new_boolean(0);
    else if (node->plain && (integer_digits(node->text, &base) != NULL || is_float(node->text)))
        return number_to_json(node, out, error);
    else if (node->plain && is_not_finite(node->text))
        return yaml_refuse(node, error,
                           "is a number that JSON cannot hold, expected a finite one "
                           "or quotes around it");
    else
        *out = json_object_new_string(node->text);
    return true;
}

bool yaml_to_json(const struct yaml_node *node, struct json_object **out, struct error *error) {
    bool done = true;

    *out = NULL;
    if (node->kind == YAML_TEXT)
        return text_to_json(node, out, error);
    bool is_map = node->kind == YAML_MAP;
    *out = is_map ? json_object_new_object() : json_object_new_array();
    for (size_t i = 0; done && i < node->count; i++) {
        struct json_object *child = NULL;
        done = yaml_to_json(&node->children[i], &child, error);
        if (done && is_map)
            json_object_object_add(*out, node->children[i].key, child);
        else if (done)
            json_object_array_add(*out, child);
    }
    if (!done) {
        json_object_put(*out);
        *out = NULL;
    }
    return done;
}
