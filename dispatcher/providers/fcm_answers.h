/* What an answer of FCM means: one table of statuses and error codes. Pure.
 * Source: FCM's ErrorCode page and google.rpc's error details. */
#ifndef COLUMBA_PROVIDERS_FCM_ANSWERS_H
#define COLUMBA_PROVIDERS_FCM_ANSWERS_H

#include "dispatcher/providers/provider.h"

/* The classify function of FCM's row in the table of providers. */
void fcm_answers_classify(const struct classify_input *input, struct answer *out);

#endif
