#include "deploy/columbactl/fleet.h"

#include "common/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { FRESH_MS = 15 * 1000, DEPTH_LIMIT = 16 };

static int by_instance(const void *a, const void *b) {
    const struct fleet_member *left = a;
    const struct fleet_member *right = b;

    return strcmp(left->instance, right->instance);
}

void fleet_read(const struct inspect_members *members, int64_t now_ms, struct fleet *out) {
    *out = (struct fleet){.members = memory_new_array(members->count + 1, sizeof *out->members)};
    for (size_t i = 0; i < members->count; i++) {
        struct fleet_member *member = &out->members[out->count];
        member->instance = members->list[i].instance;
        member->status = json_parse(slice_of(members->list[i].status), DEPTH_LIMIT, NULL);
        if (json_member_integer(member->status, "at", &member->at_ms) &&
            member->at_ms > now_ms - FRESH_MS)
            out->count++;
        else
            json_object_put(member->status);
    }
    qsort(out->members, out->count, sizeof *out->members, by_instance);
}

void fleet_free(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->count; i++)
        json_object_put(fleet->members[i].status);
    free(fleet->members);
    *fleet = (struct fleet){0};
}

struct json_object *fleet_lane(const struct fleet_member *member, const char *lane) {
    struct json_object *lanes = json_member_array(member->status, "lanes");

    for (size_t i = 0; lanes != NULL && i < json_object_array_length(lanes); i++) {
        struct json_object *entry = json_object_array_get_idx(lanes, i);
        if (slice_is(json_member_text(entry, "lane"), lane))
            return entry;
    }
    return NULL;
}
