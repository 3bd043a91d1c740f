/* What became of a request that has no whole response, from what libcurl tells of it. Pure. */
#ifndef COLUMBA_SENDER_OUTCOME_H
#define COLUMBA_SENDER_OUTCOME_H

#include "dispatcher/sender.h"

#include <curl/curl.h>

struct sender_failure {
    CURLcode code;
    bool begun;      /* there was a connection, and libcurl turned to writing the request */
    bool written;    /* some of it was given to that connection */
    bool refused;    /* the server gave the stream back untouched */
    bool timed_out;  /* our own deadline passed */
    bool forbidden;  /* the host has an address that the route does not permit */
    bool busy;       /* the host has an address with as many sockets as it may have */
    bool tunnelless; /* the proxy did not lead to the host */
};

/* In doubt it is SENDER_LOST. reason is static text. */
enum sender_result sender_outcome_judge(const struct sender_failure *failure, const char **reason);

/* Whether it was the connection that broke, with all that it carried, and not this request:
 * CURLE_ABORTED_BY_CALLBACK is how we keep libcurl from sending it again on another one. */
bool sender_outcome_is_of_connection(const struct sender_failure *failure);

#endif
