/* An answer as libmicrohttpd wants it. */
#ifndef COLUMBA_INGRESS_RESPONSE_H
#define COLUMBA_INGRESS_RESPONSE_H

#include "ingress/answer.h"
#include "ingress/route.h"

#include <microhttpd.h>

/* What nearly every request gets, made once. Zero-initialised is valid. */
struct responses {
    struct MHD_Response *nothing_rejected;
    struct MHD_Response *nothing_rejected_closing;
};

void responses_free(struct responses *responses);

/* Takes the answer's body. closing asks the caller to open another connection next time. */
enum MHD_Result response_queue_take(struct responses *responses, struct MHD_Connection *connection,
                                    const struct routing *route, struct answer *answer,
                                    bool closing);

#endif
