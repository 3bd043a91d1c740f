/* Any bytes as a notify body: each device, written on its own, is read as the same push, and
 * writing that changes nothing more. */
#include "tests/fuzz/fuzz.h"

#include "common/push/app.h"
#include "common/push/identity.h"
#include "common/push/notification.h"

enum { DEVICE_LIMIT = 16 };

static void require_same_device(const struct device *a, const struct device *b) {
    fuzz_require(slice_equal(a->app_id, b->app_id));
    fuzz_require(slice_equal(a->pushkey, b->pushkey));
    fuzz_require(a->pushkey_ts == b->pushkey_ts);
    fuzz_require(a->fault == b->fault);
    fuzz_require(json_object_equal(a->data, b->data));
    fuzz_require(json_object_equal(a->tweaks, b->tweaks));
    fuzz_require(identity_event(a->app_id, a->pushkey, slice_of("$e"), a->data) ==
                 identity_event(b->app_id, b->pushkey, slice_of("$e"), b->data));
}

static void require_same_push(const struct notification *a, const struct notification *b) {
    fuzz_require(slice_equal(a->event_id, b->event_id));
    fuzz_require(slice_equal(a->id, b->id));
    fuzz_require(slice_equal(a->room_id, b->room_id));
    fuzz_require(slice_equal(a->type, b->type));
    fuzz_require(slice_equal(a->sender, b->sender));
    fuzz_require(slice_equal(a->sender_display_name, b->sender_display_name));
    fuzz_require(slice_equal(a->room_name, b->room_name));
    fuzz_require(slice_equal(a->room_alias, b->room_alias));
    fuzz_require(slice_equal(a->membership, b->membership));
    fuzz_require(slice_equal(notification_event(a), notification_event(b)));
    fuzz_require(a->user_is_target == b->user_is_target);
    fuzz_require(a->low_priority == b->low_priority);
    fuzz_require(a->has_unread == b->has_unread && a->unread == b->unread);
    fuzz_require(a->has_missed_calls == b->has_missed_calls && a->missed_calls == b->missed_calls);
    fuzz_require(json_object_equal(a->content, b->content));
    fuzz_require(notification_is_badge_only(a) == notification_is_badge_only(b));
}

static void check_device(struct notification *push, size_t index) {
    struct buffer first = {0};
    struct buffer second = {0};
    struct notification *single = NULL;

    notification_write_single(push, index, &first);
    fuzz_require(notification_parse(buffer_slice(&first), 1, &single, NULL) == NOTIFICATION_OK);
    fuzz_require(single->device_count == 1);
    require_same_push(push, single);
    require_same_device(&push->devices[index], &single->devices[0]);
    notification_write_single(single, 0, &second);
    fuzz_require(slice_equal(buffer_slice(&first), buffer_slice(&second)));
    notification_free(single);
    buffer_free(&first);
    buffer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct notification *push = NULL;
    struct error error = {0};
    enum notification_fault fault =
        notification_parse(fuzz_input(data, size), DEVICE_LIMIT, &push, &error);

    fuzz_require((fault == NOTIFICATION_OK) == (push != NULL));
    fuzz_require((fault == NOTIFICATION_OK) == (error.text[0] == '\0'));
    for (size_t i = 0; push != NULL && i < push->device_count; i++) {
        check_device(push, i);
        app_pattern_matches("im.*.app?", push->devices[i].app_id);
    }
    notification_free(push);
    return 0;
}
