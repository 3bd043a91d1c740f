#include "dispatcher/providers/apns_alert.h"

#include "common/base/json.h"

#include <string.h>

enum part { PART_NONE, PART_FROM, PART_ROOM, PART_BODY };

struct wording {
    const char *loc_key;
    enum part parts[APNS_ALERT_ARGUMENTS_MAX];
};

/* By what a message holds, and by whether its room has a name. */
enum message { MESSAGE_UNREADABLE, MESSAGE_TEXT, MESSAGE_EMOTE, MESSAGE_IMAGE };

static const struct wording messages[][2] = {
    [MESSAGE_UNREADABLE] = {{"MSG_FROM_USER", {PART_FROM}},
                            {"MSG_FROM_USER_IN_ROOM", {PART_FROM, PART_ROOM}}},
    [MESSAGE_TEXT] = {{"MSG_FROM_USER_WITH_CONTENT", {PART_FROM, PART_BODY}},
                      {"MSG_FROM_USER_IN_ROOM_WITH_CONTENT", {PART_FROM, PART_ROOM, PART_BODY}}},
    [MESSAGE_EMOTE] = {{"ACTION_FROM_USER", {PART_FROM, PART_BODY}},
                       {"ACTION_FROM_USER_IN_ROOM", {PART_ROOM, PART_FROM, PART_BODY}}},
    [MESSAGE_IMAGE] = {{"IMAGE_FROM_USER", {PART_FROM, PART_BODY}},
                       {"IMAGE_FROM_USER_IN_ROOM", {PART_FROM, PART_BODY, PART_ROOM}}},
};

static const struct wording voice_call = {"VOICE_CALL_FROM_USER", {PART_FROM}};
static const struct wording video_call = {"VIDEO_CALL_FROM_USER", {PART_FROM}};
static const struct wording invites[] = {
    {"USER_INVITE_TO_CHAT", {PART_FROM}},
    {"USER_INVITE_TO_NAMED_ROOM", {PART_FROM, PART_ROOM}},
};

static struct slice name_of(struct slice name, struct slice otherwise) {
    const struct slice chosen = name.size > 0 ? name : otherwise;

    return (struct slice){chosen.data, slice_utf8_characters(chosen, APNS_ALERT_NAME_CHARACTERS)};
}

static struct slice room_of(const struct notification *notification) {
    return name_of(notification->room_name, notification->room_alias);
}

static struct slice body_of(const struct notification *notification) {
    return json_member_text(notification->content, "body");
}

static struct slice part_of(const struct notification *notification, enum part part) {
    if (part == PART_ROOM)
        return room_of(notification);
    if (part == PART_BODY)
        return body_of(notification);
    const struct slice from = name_of(notification->sender_display_name, notification->sender);
    return from.size > 0 ? from : slice_of(" ");
}

static enum message message_of(const struct notification *notification) {
    const struct slice body = body_of(notification);
    const struct slice type = json_member_text(notification->content, "msgtype");

    if (body.data == NULL || json_member(notification->content, "msgtype") == NULL)
        return MESSAGE_UNREADABLE;
    if (slice_is(type, "m.image"))
        return MESSAGE_IMAGE;
    if (body.size == 0)
        return MESSAGE_UNREADABLE;
    return slice_is(type, "m.emote") ? MESSAGE_EMOTE : MESSAGE_TEXT;
}

static bool is_video(const struct notification *notification) {
    static const char mark[] = "m=video";
    const struct slice sdp =
        json_member_text(json_member_object(notification->content, "offer"), "sdp");

    return sdp.size > 0 && memmem(sdp.data, sdp.size, mark, sizeof mark - 1) != NULL;
}

/* NULL: nothing is shown. */
static const struct wording *wording_of(const struct notification *notification) {
    const struct slice type = notification->type;
    const bool has_room = room_of(notification).size > 0;

    if (type.size == 0)
        return NULL;
    if (slice_is(type, "m.room.message") || slice_is(type, "m.room.encrypted"))
        return &messages[message_of(notification)][has_room];
    if (apns_alert_is_call(notification))
        return is_video(notification) ? &video_call : &voice_call;
    if (!slice_is(type, "m.room.member"))
        return &messages[MESSAGE_UNREADABLE][false];
    if (notification->user_is_target && slice_is(notification->membership, "invite"))
        return &invites[has_room];
    return NULL;
}

void apns_alert_choose(const struct notification *notification, struct apns_alert *out) {
    const struct wording *wording = wording_of(notification);

    *out = (struct apns_alert){0};
    if (wording == NULL)
        return;
    out->loc_key = wording->loc_key;
    while (out->argument_count < APNS_ALERT_ARGUMENTS_MAX &&
           wording->parts[out->argument_count] != PART_NONE) {
        out->arguments[out->argument_count] =
            part_of(notification, wording->parts[out->argument_count]);
        out->argument_count++;
    }
}

bool apns_alert_is_call(const struct notification *notification) {
    return slice_is(notification->type, "m.call.invite");
}
