/* A provider is one pure file and one line in the table of provider.c: how to check a pushkey,
 * which credential it needs, what request a notification becomes, what an answer means. No I/O, no
 * clock, no state; no allocation beyond the arena. */
#ifndef COLUMBA_PROVIDERS_PROVIDER_H
#define COLUMBA_PROVIDERS_PROVIDER_H

#include "common/base/arena.h"
#include "common/base/http.h"
#include "common/push/app.h"
#include "common/push/notification.h"

enum credential_kind {
    CREDENTIAL_NONE,
    CREDENTIAL_GOOGLE_OAUTH, /* a service account key, RFC 7523 */
    CREDENTIAL_HMS_OAUTH,    /* a client id and its secret, RFC 6749 */
    CREDENTIAL_APNS_TOKEN,   /* a signed token; none where a client certificate stands in */
    CREDENTIAL_VAPID,        /* a token for each origin, signed with the app's key, RFC 8292 */
};

/* What encoding has to say. */
enum encode_result {
    ENCODE_SEND,
    ENCODE_DROP,   /* nothing to show: the reason says why */
    ENCODE_REJECT, /* this pushkey can never be sent to */
    ENCODE_DEAD,   /* this push cannot be made to fit, or may not be sent */
};

struct encode_input {
    const struct app *app;
    const struct notification *notification;
    const struct device *device;
    struct slice authorization;  /* the credential as a header value; empty for CREDENTIAL_NONE */
    const char *record_id;       /* columba-id */
    int64_t now_ms;              /* wall clock */
    const unsigned char *random; /* ENCODE_RANDOM_BYTES, fit for keys, for this encoding alone */
};

enum { ENCODE_RANDOM_BYTES = 48 };

struct encode_output {
    struct http_request request; /* in the arena, when ENCODE_SEND */
    const char *reason;          /* static text, otherwise */
};

/* What an answer means. Each names one row of the provider's table. */
enum answer_meaning {
    ANSWER_DELIVERED,
    ANSWER_REJECT,        /* this pushkey is dead: said beyond doubt */
    ANSWER_AMBIGUOUS,     /* dead pushkey or our configuration: rejects only when earned */
    ANSWER_DROP,          /* this message is not wanted any more, the pushkey lives */
    ANSWER_DEAD,          /* this message can never be sent: our bug, or theirs */
    ANSWER_RETRY_PUSHKEY, /* wait, this pushkey alone */
    ANSWER_RETRY_APP,     /* wait, everything of the app's project */
    ANSWER_RETRY_HOST,    /* wait, the whole host */
    ANSWER_CONFIGURATION, /* our configuration is wrong: nobody is rejected, mending heals it */
    ANSWER_REFRESH,       /* the credential is stale: refresh, once again at once */
    ANSWER_AGAIN,         /* it was the connection: once again at once, on a fresh one */
    ANSWER_COUNT
};

enum { ANSWER_REASON_SIZE = 48 };

struct answer {
    enum answer_meaning meaning;
    char reason[ANSWER_REASON_SIZE]; /* the provider's word, or "http_502"; always set, for logs and
                                        metrics */
    int64_t retry_after_ms;          /* 0: not said */
};

struct classify_input {
    const struct app *app;
    const struct device *device;
    const struct http_response *response;
    int64_t now_ms; /* wall clock */
};

struct provider {
    enum provider_kind kind;
    enum credential_kind credential;
    /* NULL when this device may be sent to, else why it never can be (static text). */
    const char *(*check)(const struct app *app, const struct device *device);
    /* Whom a credential of this kind is made out to, where that hangs on the device: an origin, in
     * the arena. NULL where it does not. */
    struct slice (*audience)(const struct app *app, const struct device *device,
                             struct arena *arena);
    /* The origin of the host that is called, where a stranger has named it; in the arena. NULL
     * where it is the provider's own. */
    struct slice (*host)(const struct app *app, const struct device *device, struct arena *arena);
    enum encode_result (*encode)(const struct encode_input *input, struct arena *arena,
                                 struct encode_output *out);
    void (*classify)(const struct classify_input *input, struct answer *out);
};

/* What the client has put into its pusher to find in every push: NULL when nothing. False, with the
 * reason, when it is no object: no push can then be made for this pushkey. */
bool encode_default_payload(const struct device *device, struct json_object **out,
                            const char **reason);

/* Names what a later push takes the place of: the same room, else the same event sent again. The
 * pusher's data are in it, which tell accounts apart that share a pushkey. ENCODE_COLLAPSE_ID_SIZE
 * characters of base64url in the arena; empty when there is neither. */
struct slice encode_collapse_id(const struct encode_input *input, enum collapse by,
                                struct arena *arena);

enum { ENCODE_COLLAPSE_ID_SIZE = 32 };

/* Of a pushkey that is a provider's token: NULL, or why it cannot be one (static text). */
const char *check_token(struct slice pushkey);

/* The app's base_url, or the provider's own, without a slash at its end. */
struct slice encode_base_url(const struct app *app, const char *own);

/* Whether the push is nothing but counts, and none of them is to be sent. */
bool encode_has_nothing(const struct encode_input *input);

/* How long the provider may keep a push, rounded up; fallback_seconds unless configured. */
int64_t encode_ttl_seconds(const struct app *app, int64_t fallback_seconds);

/* NULL for a kind without a provider (retired). */
const struct provider *provider_for(enum provider_kind kind);

/* Retry-After (RFC 9110, 10.2.3): seconds or an HTTP date, as milliseconds from now; 0 when
 * absent, malformed or past; at most a day. */
int64_t retry_after_ms(struct slice header, int64_t now_ms);

/* The Date of an answer; false without a readable one. now_ms only tells the century of a year of
 * two digits. */
bool answer_date_ms(const struct http_response *response, int64_t now_ms, int64_t *out);

/* The Retry-After of an answer: a date in it is held against the answer's own Date where it has
 * one, so that a wrong clock on either side does not matter. */
int64_t answer_retry_after_ms(const struct http_response *response, int64_t now_ms);

/* What the other side calls it, when that looks like a word: reasons become labels of metrics. Else
 * "http_<status>". */
void answer_reason_write(struct slice word, int status, char out[ANSWER_REASON_SIZE]);

/* Fills in when to try again, for the meanings that say so: as the answer asks for, else
 * otherwise_ms.
 */
void answer_take_retry_after(const struct classify_input *input, int64_t otherwise_ms,
                             struct answer *out);

extern const struct provider provider_apns;
extern const struct provider provider_fcm;
extern const struct provider provider_hms;
extern const struct provider provider_unifiedpush;
extern const struct provider provider_webpush;

#endif
