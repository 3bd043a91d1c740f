/* Guesses what somebody meant to write. Pure. */
#ifndef COLUMBA_CONFIG_NEAREST_H
#define COLUMBA_CONFIG_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

/* How many letters have to be put in, left out, replaced or swapped with their neighbour to make
 * one text of the other; anything longer than 64 letters is far from everything (SIZE_MAX). */
size_t nearest_distance(const char *a, const char *b);

/* Whether one may be a slip for the other: a few letters apart, given how long they are. */
bool nearest_is_slip(const char *a, const char *b);

#endif
