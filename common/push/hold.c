#include "common/push/hold.h"

#include "common/base/json.h"

enum { DEPTH_LIMIT = 4 };

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
