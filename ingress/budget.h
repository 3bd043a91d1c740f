/* One worker's share of what may wait in memory: requests, and the bytes of their bodies and
 * copies. Pure. */
#ifndef COLUMBA_INGRESS_BUDGET_H
#define COLUMBA_INGRESS_BUDGET_H

#include "common/config/config.h"

struct budget {
    size_t requests_limit;
    size_t bytes_limit;
    size_t requests;
    size_t bytes;
};

/* The share of one of so many workers: never less than the largest single request needs. */
struct budget budget_share(const struct ingress_config *config, size_t workers);

/* False, and nothing taken, when the share is used up. */
bool budget_take_request(struct budget *budget);
bool budget_take_bytes(struct budget *budget, size_t bytes);

void budget_return_request(struct budget *budget);
void budget_return_bytes(struct budget *budget, size_t bytes);

#endif
