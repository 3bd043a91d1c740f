/* The apps of the configuration: which app_id is whose, what kind of provider serves it, and on
 * which lane. Plain data, filled by config, immutable afterwards. */
#ifndef COLUMBA_PUSH_APP_H
#define COLUMBA_PUSH_APP_H

#include "common/base/slice.h"
#include "common/push/route.h"

#include <json-c/json.h>
#include <stdint.h>

enum provider_kind {
    PROVIDER_APNS,
    PROVIDER_FCM,
    PROVIDER_WEBPUSH,
    PROVIDER_UNIFIEDPUSH,
    PROVIDER_HMS,
    PROVIDER_RETIRED, /* an app that is gone: its pushkeys are rejected */
    PROVIDER_KIND_COUNT
};

/* What an FCM message is addressed by; auto decides by the form of the pushkey. */
enum fcm_target { FCM_TARGET_TOKEN, FCM_TARGET_FID, FCM_TARGET_AUTO };

/* PROD is Sygnal's other name of PRODUCTION. */
enum apns_platform { APNS_PRODUCTION, APNS_SANDBOX, APNS_PROD };

enum apns_port { APNS_PORT_443, APNS_PORT_2197 };

/* In the order of Apple's names: what a push is, and with it the suffix of its topic. */
enum apns_push_type {
    APNS_ALERT,
    APNS_BACKGROUND,
    APNS_VOIP,
    APNS_PUSHTOTALK,
    APNS_COMPLICATION,
    APNS_FILEPROVIDER,
    APNS_LOCATION,
    APNS_LIVEACTIVITY,
    APNS_WIDGETS,
    APNS_CONTROLS,
    APNS_MDM,
};

/* What makes a later push take the place of an earlier one on the phone. */
enum collapse { COLLAPSE_EVENT, COLLAPSE_ROOM, COLLAPSE_NONE };

/* Whose form FCM's data have where the pusher does not ask for one. */
enum fcm_payload { FCM_PAYLOAD_SYGNAL, FCM_PAYLOAD_FLUFFYCHAT };

/* How the content of an event is put into FCM's data, which are flat. */
enum fcm_content { FCM_CONTENT_FLAT, FCM_CONTENT_JSON, FCM_CONTENT_NONE };

/* Whether a push wakes a phone that sleeps; auto goes by the priority of the push. */
enum hms_urgency { HMS_URGENCY_AUTO, HMS_URGENCY_HIGH, HMS_URGENCY_NORMAL };

/* Strings are owned by the table; NULL is "not configured". */
struct app {
    char *pattern; /* an app_id, or a glob with * and ? */
    enum provider_kind kind;
    char *lane; /* never NULL: the provider kind's name unless configured */
    char *base_url;
    struct route route;
    bool send_badge_counts;
    int64_t ttl_ms; /* how long the provider may keep the push; 0 is the provider's own default */
    enum collapse collapse;
    struct {
        char *project_id;
        char *service_account_file;
        enum fcm_target target;
        enum fcm_payload payload;
        enum fcm_content content;
        struct json_object *options; /* fcm_options: the base of every message; NULL when none */
    } fcm;
    struct {
        char *key_file; /* signs provider tokens; NULL where a certificate stands in for them */
        char *key_id;
        char *team_id;
        char *topic;      /* NULL where the certificate says it */
        char *voip_topic; /* call invites are sent to it as VoIP pushes; NULL: like all others */
        enum apns_platform platform;
        enum apns_port port;
        enum apns_push_type push_type;
        bool converts_token; /* pushkeys are base64; else they are hex already */
    } apns;
    struct {
        char *vapid_key_file;
        char *vapid_contact_email; /* whom push services may write to: mailto: or https: */
        char **allowed_endpoints;  /* globs of hosts; ends with NULL; NULL allows all */
    } webpush;
    struct {
        bool allow_http;
    } unifiedpush;
    struct {
        char *client_id;
        char *client_secret; /* a secret */
        char *token_url;     /* NULL: Huawei's own */
        enum hms_urgency urgency;
    } hms;
};

struct apps {
    struct app *list;
    size_t count;
};

/* "apns", "fcm", "webpush", "unifiedpush", "hms", "retired": also the names of the default lanes.
 */
const char *provider_kind_name(enum provider_kind kind);

/* Sygnal's names ("gcm") are understood as well. */
bool provider_kind_parse(struct slice name, enum provider_kind *out);

/* The app that serves this app_id: the exact pattern, else the matching glob with the most
 * characters that are not wildcards (the earlier one of equals). NULL when there is none. */
const struct app *apps_find(const struct apps *apps, struct slice app_id);

/* Whether the glob (* any run, ? any one byte) matches the whole text. At most as many steps
 * as the product of their lengths, whatever the input. */
bool app_pattern_matches(const char *pattern, struct slice text);

void apps_free(struct apps *apps);

#endif
