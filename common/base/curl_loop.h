/* Drives a libcurl multi handle from the loop: its sockets, its timer, and the word that a
 * transfer has ended. */
#ifndef COLUMBA_BASE_CURL_LOOP_H
#define COLUMBA_BASE_CURL_LOOP_H

#include "common/base/loop.h"

#include <curl/curl.h>

struct curl_loop;

/* The transfer has left the multi handle and may be added again, or cleaned up. */
typedef void curl_loop_ended(void *context, CURL *easy, CURLcode code);

/* connections: at most so many to one host. */
struct curl_loop *curl_loop_new(struct loop *loop, int64_t connections, curl_loop_ended *ended,
                                void *context);

/* Every transfer has ended or was removed. */
void curl_loop_free(struct curl_loop *multi);

/* The easy handle stays the caller's, who keeps it until its transfer has ended or was removed.
 * Calls back exactly once, never within this call, unless removed before. */
void curl_loop_add(struct curl_loop *multi, CURL *easy);
void curl_loop_remove(struct curl_loop *multi, CURL *easy);

#endif
