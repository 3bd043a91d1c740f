/* Drives a libcurl multi handle from the loop: its sockets, its timer, and the word that a
 * transfer has ended. */
#ifndef COLUMBA_DISPATCHER_SENDER_MULTI_H
#define COLUMBA_DISPATCHER_SENDER_MULTI_H

#include "common/base/loop.h"

#include <curl/curl.h>

struct sender_multi;

/* The transfer has left the multi handle and may be added again. */
typedef void sender_multi_ended(void *context, CURL *easy, CURLcode code);

/* connections: at most so many to one host. */
struct sender_multi *sender_multi_new(struct loop *loop, int64_t connections,
                                      sender_multi_ended *ended, void *context);

/* Every transfer has ended or was removed. */
void sender_multi_free(struct sender_multi *multi);

/* Calls back exactly once, never within this call, unless removed before. */
void sender_multi_add(struct sender_multi *multi, CURL *easy);
void sender_multi_remove(struct sender_multi *multi, CURL *easy);

#endif
