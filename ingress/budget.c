#include "ingress/budget.h"

static size_t at_least(size_t value, size_t least) {
    return value < least ? least : value;
}

struct budget budget_share(const struct ingress_config *config, size_t workers) {
    size_t largest = (size_t)config->body_limit_bytes + (size_t)config->copies_limit_bytes;

    return (struct budget){
        .requests_limit = at_least((size_t)config->waiting_requests / workers, 1),
        .bytes_limit = at_least((size_t)config->waiting_bytes / workers, largest),
    };
}

bool budget_take_request(struct budget *budget) {
    if (budget->requests >= budget->requests_limit)
        return false;
    budget->requests++;
    return true;
}

bool budget_take_bytes(struct budget *budget, size_t bytes) {
    if (bytes > budget->bytes_limit - budget->bytes)
        return false;
    budget->bytes += bytes;
    return true;
}

void budget_return_request(struct budget *budget) {
    budget->requests--;
}

void budget_return_bytes(struct budget *budget, size_t bytes) {
    budget->bytes -= bytes;
}
