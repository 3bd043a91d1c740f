#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_code code, const char *format, ...) {
    va_list arguments;

    if (error != NULL) {
        error->code = code;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool error_prefix(struct error *error, const char *format, ...) {
    va_list arguments;
    char prefix[sizeof error->text];
    char text[sizeof error->text];

    if (error != NULL) {
        va_start(arguments, format);
        vsnprintf(prefix, sizeof prefix, format, arguments);
        va_end(arguments);
        memcpy(text, error->text, sizeof text);
        if (snprintf(error->text, sizeof error->text, "%s: %s", prefix, text) < 0)
            error->text[0] = '\0';
    }
    return false;
}
