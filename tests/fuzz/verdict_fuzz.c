/* Whatever Redis holds: what is understood is written and understood again. */
#include "tests/fuzz/fuzz.h"

#include "common/push/verdict.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buffer line = {0};
    struct verdict verdict;
    struct verdict again;

    if (!verdict_read(fuzz_input(data, size), &verdict))
        return 0;
    fuzz_require(verdict_lifetime_ms(&verdict) > 0);
    fuzz_require(verdict_holds(&verdict, verdict.pushkey_ts_ms));
    verdict_write(&verdict, &line);
    fuzz_require(memchr(line.data, '\n', line.size) == NULL);
    fuzz_require(verdict_read(buffer_slice(&line), &again));
    fuzz_require(strcmp(verdict.reason, again.reason) == 0);
    fuzz_require(verdict.code == again.code && verdict.at_ms == again.at_ms);
    fuzz_require(verdict.pushkey_ts_ms == again.pushkey_ts_ms);
    buffer_free(&line);
    return 0;
}
