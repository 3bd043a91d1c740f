/* Chains: the deliveries of one pushkey that are in flight here. One at a time goes on, a few wait
 * in line behind it, others stand beside the line on their way out. While any is here the chain
 * knows what the fleet keeps of the pushkey, so that what one of them leaves in Redis does not
 * undo what another left. Pure. */
#ifndef COLUMBA_DISPATCHER_CHAIN_H
#define COLUMBA_DISPATCHER_CHAIN_H

#include "common/push/hold.h"

#include <stdbool.h>
#include <stddef.h>

struct delivery;
struct chains;

/* So many may wait behind the first: at any time, and while there is room for it. */
enum { CHAIN_LINE_MAX = 8, CHAIN_LINE_ROOMY_MAX = 64 };

/* A delivery's place; zero-initialised it has none. */
struct chain_place {
    struct chain *chain;
    bool is_in_line;
    struct delivery *behind;
};

struct chains *chains_new(void);

/* Deliveries that are still members are not touched. */
void chains_free(struct chains *chains);

/* Joins the chain of its pushkey: at the end of the line, or beside it. False: line_max wait in it
 * already, and it stands beside it. */
bool chain_join(struct chains *chains, struct delivery *delivery, size_t line_max);
void chain_join_beside(struct chains *chains, struct delivery *delivery);

/* Whether it is its turn. */
bool chain_is_first(const struct delivery *delivery);

/* Whose turn it is in its line; NULL when it stands beside it. */
const struct delivery *chain_first(const struct delivery *delivery);

/* Of all lines: who waits behind the first, and how much memory that takes. */
size_t chains_waiting(const struct chains *chains);
size_t chains_waiting_bytes(const struct chains *chains);

/* Out of the line without its turn having come; stays beside it. */
void chain_step_aside(struct delivery *delivery);

/* Leaves, if it is a member. Returns the one whose turn it is now, NULL when that is no other. */
struct delivery *chain_leave(struct chains *chains, struct delivery *delivery);

/* ---- What is kept of the pushkey. The delivery is a member. ---- */

/* Redis has answered; hold is NULL when it has none. */
void chain_learn(struct delivery *delivery, const struct hold *hold);

/* As far as is known here; zeros when nothing is. */
const struct hold *chain_hold(const struct delivery *delivery);

/* A push with counts, accepted then, has reached the pushkey or may have. */
void chain_note_newest(struct delivery *delivery, int64_t accepted_ms);

/* A copy with counts is going to live in a retry topic: from now on the newest has to be kept where
 * its reader will see it. */
void chain_keep(struct delivery *delivery);

/* And nothing is sent to the pushkey before then. */
void chain_hold_until(struct delivery *delivery, int64_t until_ms);

/* Whether Redis has to be told of the hold. Not before it has said what it knows itself: that would
 * be overwritten. */
bool chain_has_news(const struct delivery *delivery);

/* Redis has taken this one. */
void chain_kept(struct delivery *delivery, const struct hold *hold);

#endif
