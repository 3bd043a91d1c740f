/* Allocation that cannot fail: out of memory ends the process, and the queue repeats what it held.
 */
#ifndef COLUMBA_BASE_MEMORY_H
#define COLUMBA_BASE_MEMORY_H

#include "common/base/slice.h"

/* Zeroed memory of that size; release with free(). */
void *memory_new(size_t size) __attribute__((malloc));

/* Zeroed memory for count members, checked for overflow; release with free(). */
void *memory_new_array(size_t count, size_t member_size) __attribute__((malloc));

/* realloc() with the same promise; new bytes are not zeroed. */
void *memory_resize(void *block, size_t size);

/* A terminated copy; bytes after an inner NUL are kept but invisible to C. Release with free(). */
char *memory_copy_slice(struct slice slice);
char *memory_copy_text(const char *text);

/* Overwrites a secret in a way the compiler keeps. */
void memory_wipe(void *block, size_t size);

/* Wipes and frees a C string; NULL is allowed. */
void memory_free_secret(char *secret);

#endif
