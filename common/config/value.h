/* The values a configuration is made of, from text and back. Pure; the errors are what follows the
 * value in a sentence ("has no unit"). */
#ifndef COLUMBA_CONFIG_VALUE_H
#define COLUMBA_CONFIG_VALUE_H

#include "common/base/buffer.h"
#include "common/base/error.h"

#include <stdint.h>

enum { VALUE_TEXT_SIZE = 32 };

/* Digits, with a minus before them perhaps. */
bool value_integer_parse(const char *text, int64_t *out, struct error *error);

/* Digits and one of ms, s, m, h, d; 0 needs no unit. */
bool value_duration_parse(const char *text, int64_t *out_ms, struct error *error);

/* Bytes: digits, with KiB, MiB or GiB behind them perhaps. */
bool value_size_parse(const char *text, int64_t *out_bytes, struct error *error);

/* Digits, with a point and more of them perhaps; 0 to 1. */
bool value_ratio_parse(const char *text, double *out);

/* true, True, TRUE, false, False, FALSE: the YAML 1.2 core schema. */
bool value_boolean_parse(const char *text, bool *out, struct error *error);

/* In the largest unit that divides it. */
void value_duration_format(int64_t ms, char out[VALUE_TEXT_SIZE]);
void value_size_format(int64_t bytes, char out[VALUE_TEXT_SIZE]);

/* Letters, digits, `.`, `_` and `-`: what Kafka allows in the name of a topic. */
bool value_is_name(const char *text);

/* An e-mail address, with mailto: before it perhaps, or an https URL; not of localhost, .local or
 * .invalid, which push services refuse to take for somebody to write to. */
bool value_is_contact(const char *text);

/* An absolute http or https URL with a host, without user, query or fragment. */
bool value_is_base_url(const char *text);

/* http://[user:password@]host[:port], both of the user percent-encoded; out gets it with its port,
 * 80 where there is none, and without a slash at its end. */
bool value_proxy_parse(const char *text, struct buffer *out);

#endif
