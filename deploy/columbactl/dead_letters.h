/* The dead letters of one lane that no operator has handled yet. Which ones have been, the brokers
 * remember: in the commits of a group of our own, <prefix>ctl.dead.<lane>, which nobody joins. */
#ifndef COLUMBA_CTL_DEAD_LETTERS_H
#define COLUMBA_CTL_DEAD_LETTERS_H

#include "common/config/config.h"
#include "common/queue/queue.h"
#include "deploy/columbactl/place.h"

struct dead_letters;

/* Asks for the ends of the lane's dead-letter topic and for what was handled. */
struct dead_letters *dead_letters_open(const struct config *config, const char *lane,
                                       int64_t timeout_ms, struct error *error);
void dead_letters_close(struct dead_letters *letters);

/* Looks at this one alone; false when it is not there, or has been handled. */
bool dead_letters_narrow(struct dead_letters *letters, const struct place *place,
                         struct error *error);

/* One that is not handled, borrowed for the call; false: stop with the error it set. */
typedef bool dead_letters_found(void *context, const struct queue_record *record,
                                struct error *error);

/* Reads them in the order of their partitions. */
bool dead_letters_read(struct dead_letters *letters, int64_t timeout_ms, dead_letters_found *found,
                       void *context, struct error *error);

/* Whether nothing was left unread for lack of time. */
bool dead_letters_is_complete(const struct dead_letters *letters);

/* Takes note of it; it is remembered from the next dead_letters_remember on. */
void dead_letters_handle(struct dead_letters *letters, const struct queue_record *record);
bool dead_letters_remember(struct dead_letters *letters, int64_t timeout_ms, struct error *error);

#endif
