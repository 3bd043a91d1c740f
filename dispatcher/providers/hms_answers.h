/* What an answer of Huawei's Push Kit means: one table of statuses and result codes. Pure.
 * Source: Huawei, Push Kit, "Response codes" of downlink messages. */
#ifndef COLUMBA_PROVIDERS_HMS_ANSWERS_H
#define COLUMBA_PROVIDERS_HMS_ANSWERS_H

#include "dispatcher/providers/provider.h"

/* The classify function of HMS' row in the table of providers. */
void hms_answers_classify(const struct classify_input *input, struct answer *out);

#endif
