/* json_check and json-c agree on every text, and what is written is read as the same value. */
#include "tests/fuzz/fuzz.h"

#include "common/base/json.h"
#include "common/base/json_check.h"

enum { DEPTH_LIMIT = 16 };

static void write_again(struct slice text, void (*write)(struct json_object *, struct buffer *)) {
    struct json_object *tree = json_parse(text, DEPTH_LIMIT, NULL);
    struct buffer again = {0};

    write(tree, &again);
    fuzz_require(slice_equal(buffer_slice(&again), text));
    buffer_free(&again);
    json_object_put(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice text = fuzz_input(data, size);
    bool is_null = false;
    struct json_object *tree = json_parse(text, DEPTH_LIMIT, &is_null);
    bool is_json = tree != NULL || is_null;
    struct buffer plain = {0};
    struct buffer sorted = {0};

    fuzz_require(json_check(text, DEPTH_LIMIT, NULL) == is_json);
    if (is_json) {
        json_write(tree, &plain);
        json_write_sorted(tree, &sorted);
        write_again(buffer_slice(&plain), json_write);
        write_again(buffer_slice(&sorted), json_write_sorted);
    }
    buffer_free(&plain);
    buffer_free(&sorted);
    json_object_put(tree);
    return 0;
}
