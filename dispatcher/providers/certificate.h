/* Until when a client certificate is good, as its file says. Pure. */
#ifndef COLUMBA_PROVIDERS_CERTIFICATE_H
#define COLUMBA_PROVIDERS_CERTIFICATE_H

#include "common/base/error.h"
#include "common/base/slice.h"

#include <stdint.h>

/* The end of the first certificate of a PEM file, or of the one that has the key of a PKCS#12 file,
 * in ms since 1970. password may be NULL. False when there is none that can be read; the error does
 * not name the file. */
bool certificate_ends_ms(struct slice content, bool is_pkcs12, const char *password, int64_t *out,
                         struct error *error);

#endif
