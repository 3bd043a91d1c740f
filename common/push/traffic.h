/* When each app of a configuration last had a push. Time is the caller's wall clock; any thread may
 * note and read. */
#ifndef COLUMBA_PUSH_TRAFFIC_H
#define COLUMBA_PUSH_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

struct traffic;

/* Of so many apps, none of which has had any. */
struct traffic *traffic_new(size_t app_count);
void traffic_free(struct traffic *traffic);

/* The app had a push. To within a minute, so that busy threads seldom write to what they share. */
void traffic_note(struct traffic *traffic, size_t app, int64_t now_ms);

/* 0: never. */
int64_t traffic_last_ms(const struct traffic *traffic, size_t app);

#endif
