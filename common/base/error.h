/* How a function says that it failed: a code for the caller, a sentence for the operator. */
#ifndef COLUMBA_BASE_ERROR_H
#define COLUMBA_BASE_ERROR_H

#include <stdbool.h>

enum error_code {
    ERROR_NONE,
    ERROR_CONFIG,      /* the operator wrote something that cannot be meant */
    ERROR_SYSTEM,      /* the operating system refused */
    ERROR_PARSE,       /* bytes from outside are not what they should be */
    ERROR_TOO_LARGE,   /* a bound would be passed */
    ERROR_NOT_FOUND,   /* the named thing does not exist */
    ERROR_UNAVAILABLE, /* the other side is away, or says it cannot now */
    ERROR_TIMEOUT,     /* the other side did not answer in time */
    ERROR_REFUSED,     /* the other side will never take this */
};

struct error {
    enum error_code code;
    char text[480];
};

/* Fills error (which may be NULL) and returns false, so that `return error_set(…)` reads well.
 * Texts longer than the field are cut. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text already there. Returns false. */
bool error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
