#include "common/push/hold.h"

#include "common/base/json.h"

#include <inttypes.h>

enum { DEPTH_LIMIT = 4 };

void hold_write(const struct hold *hold, struct buffer *out) {
    buffer_append_format(out, "{\"until\":%" PRId64 ",\"newest\":%" PRId64 "}", hold->until_ms,
                         hold->newest_ms);
}

bool hold_read(struct slice text, struct hold *out) {
    struct json_object *tree = json_parse(text, DEPTH_LIMIT, NULL);
    struct hold hold = {0};

    bool understood = json_member_integer(tree, "until", &hold.until_ms) &&
                      json_member_integer(tree, "newest", &hold.newest_ms) && hold.until_ms >= 0 &&
                      hold.newest_ms >= 0;
    if (understood)
        *out = hold;
    json_object_put(tree);
    return understood;
}
