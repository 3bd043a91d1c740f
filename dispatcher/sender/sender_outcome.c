#include "dispatcher/sender/sender_outcome.h"

static const struct {
    CURLcode code;
    const char *reason;
} unreached[] = {
    {CURLE_URL_MALFORMAT, "bad_url"},
    {CURLE_UNSUPPORTED_PROTOCOL, "bad_url"},
    {CURLE_COULDNT_RESOLVE_HOST, "dns"},
    {CURLE_COULDNT_CONNECT, "refused"},
    {CURLE_OPERATION_TIMEDOUT, "connect_timeout"},
    {CURLE_SSL_CONNECT_ERROR, "tls"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls"},
    {CURLE_SSL_CACERT_BADFILE, "tls"},
    {CURLE_SSL_CERTPROBLEM, "tls"},
    {CURLE_SSL_CIPHER, "tls"},
    {CURLE_SSL_ISSUER_ERROR, "tls"},
    {CURLE_SSL_INVALIDCERTSTATUS, "tls"},
};

static const char *unreached_reason(CURLcode code) {
    for (size_t i = 0; i < sizeof unreached / sizeof unreached[0]; i++)
        if (unreached[i].code == code)
            return unreached[i].reason;
    return "connect_failed";
}

bool sender_outcome_is_of_connection(const struct sender_failure *failure) {
    static const CURLcode codes[] = {CURLE_HTTP2, CURLE_GOT_NOTHING, CURLE_SEND_ERROR,
                                     CURLE_RECV_ERROR, CURLE_ABORTED_BY_CALLBACK};
    bool is_listed = false;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        is_listed = is_listed || failure->code == codes[i];
    return is_listed && failure->begun && !failure->refused && !failure->timed_out;
}

enum sender_result sender_outcome_judge(const struct sender_failure *failure, const char **reason) {
    if (failure->forbidden && !failure->begun) {
        *reason = "forbidden_address";
        return SENDER_UNREACHED;
    }
    if (failure->busy && !failure->begun) {
        *reason = "address_busy";
        return SENDER_UNREACHED;
    }
    if (failure->timed_out) {
        *reason = failure->begun ? "timeout" : "connect_timeout";
        return failure->begun ? SENDER_LOST : SENDER_UNREACHED;
    }
    if (!failure->begun) {
        bool has_expired = failure->code == CURLE_OPERATION_TIMEDOUT;
        *reason = failure->tunnelless && !has_expired ? "proxy" : unreached_reason(failure->code);
        return SENDER_UNREACHED;
    }
    *reason = failure->refused ? "refused_stream" : "reset";
    return failure->refused || !failure->written ? SENDER_UNSENT : SENDER_LOST;
}
