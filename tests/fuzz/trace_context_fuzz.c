/* The traceparent header of any caller. What is taken is written as version 00, and read back. */
#include "tests/fuzz/fuzz.h"

#include "common/base/trace_context.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct trace_context context;
    struct trace_context again;
    char text[TRACE_CONTEXT_TEXT_SIZE];

    if (!trace_context_parse(fuzz_input(data, size), &context))
        return 0;
    trace_context_format(&context, text);
    fuzz_require(strlen(text) == TRACE_CONTEXT_TEXT_SIZE - 1);
    fuzz_require(trace_context_parse(slice_of(text), &again));
    fuzz_require(memcmp(&context, &again, sizeof context) == 0);
    return 0;
}
