/* What every fuzz target is made of. */
#ifndef COLUMBA_TESTS_FUZZ_H
#define COLUMBA_TESTS_FUZZ_H

#include "common/base/slice.h"

#include <stdint.h>
#include <stdlib.h>

/* Defined by each target, called by libFuzzer or by replay.c with one input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct slice fuzz_input(const uint8_t *data, size_t size) {
    return (struct slice){.data = (const char *)data, .size = size};
}

/* Ends the run when a property does not hold. Unlike assert() it is never compiled out. */
static inline void fuzz_require(bool holds) {
    if (!holds)
        abort();
}

#endif
