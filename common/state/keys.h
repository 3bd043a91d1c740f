/* The names of the keys in Redis. Pure. */
#ifndef COLUMBA_STATE_KEYS_H
#define COLUMBA_STATE_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum { KEY_SIZE = 64, KEY_LANE_SIZE = 320, SEEN_GENERATION_MS = 25 * 3600 * 1000 };

/* columba:v:<h> */
void key_verdict(const char *pushkey, char out[KEY_SIZE]);

/* columba:h:<h> */
void key_hold(const char *pushkey, char out[KEY_SIZE]);

/* columba:s:<generation>:<20 bits>. A seen mark is a member of an integer set: some ten bytes
 * where a key of its own costs two hundred. The generation is now / 25 h: two are looked up, the
 * present one is written. */
void key_seen(int64_t seen, int64_t generation, char out[KEY_SIZE]);
int64_t key_seen_generation(int64_t now_ms);

/* columba:g:<lane>, a hash of gate_entry by name. It lives that long behind the last entry that was
 * written, so that what an operator closed without an end stays closed. */
enum { GATES_LIFETIME_DAYS = 30 };
#define GATES_LIFETIME_MS (INT64_C(86400000) * GATES_LIFETIME_DAYS)
void key_gates(const char *lane, char out[KEY_LANE_SIZE]);

/* columba:p:<lane>:<name>: who probes that gate. */
void key_lease(const char *lane, const char *name, size_t size, char *out);

/* A hash: every dispatcher that runs, and how it is. */
#define KEY_MEMBERS "columba:d"

/* When nobody looks the generation up any more, by the wall clock of whoever is latest. */
int64_t key_seen_expiry_ms(int64_t generation);

#endif
