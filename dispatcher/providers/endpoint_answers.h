/* What the answers of endpoints mean, of push services of browsers and of UnifiedPush servers: a
 * table each. Pure. Their words never become reasons: whoever hands out an endpoint also writes its
 * answers. */
#ifndef COLUMBA_PROVIDERS_ENDPOINT_ANSWERS_H
#define COLUMBA_PROVIDERS_ENDPOINT_ANSWERS_H

#include "dispatcher/providers/provider.h"

/* The classify functions of the two in the table of providers. Sources: RFC 8030, RFC 8292, the
 * error pages of Mozilla, Google and Apple; the UnifiedPush server specification. */
void endpoint_answers_webpush(const struct classify_input *input, struct answer *out);
void endpoint_answers_unifiedpush(const struct classify_input *input, struct answer *out);

#endif
