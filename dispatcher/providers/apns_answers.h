/* What an answer of APNs means: one table of statuses and reasons. Pure.
 * Source: Apple, "Handling notification responses from APNs". */
#ifndef COLUMBA_PROVIDERS_APNS_ANSWERS_H
#define COLUMBA_PROVIDERS_APNS_ANSWERS_H

#include "dispatcher/providers/provider.h"

/* The classify function of APNs' row in the table of providers. */
void apns_answers_classify(const struct classify_input *input, struct answer *out);

#endif
