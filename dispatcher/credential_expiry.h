/* Until when the certificates of the apps are good: looked at each hour, kept as a metric, and
 * logged once a day from thirty days before the end on. Keys and tokens have no end of their own;
 * of them, and of files of authorities, it is logged as often when they cannot be opened. */
#ifndef COLUMBA_DISPATCHER_CREDENTIAL_EXPIRY_H
#define COLUMBA_DISPATCHER_CREDENTIAL_EXPIRY_H

#include "common/base/loop.h"
#include "common/config/config.h"
#include "common/observe/metrics.h"

struct credential_expiry;

/* metrics is a set over dispatcher_metrics, and outlives it. */
struct credential_expiry *credential_expiry_new(struct loop *loop, struct metrics *metrics);
void credential_expiry_free(struct credential_expiry *expiry);

/* Looks at once at the files of this configuration, and from here on at no others. */
void credential_expiry_configure(struct credential_expiry *expiry, const struct config *config);

#endif
