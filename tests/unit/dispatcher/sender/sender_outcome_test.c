#include "dispatcher/sender/sender_outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct example {
    struct sender_failure failure;
    enum sender_result result;
    const char *reason;
};

static const struct example examples[] = {
    {{.code = CURLE_COULDNT_RESOLVE_HOST}, SENDER_UNREACHED, "dns"},
    {{.code = CURLE_COULDNT_CONNECT}, SENDER_UNREACHED, "refused"},
    {{.code = CURLE_SSL_CONNECT_ERROR}, SENDER_UNREACHED, "tls"},
    {{.code = CURLE_PEER_FAILED_VERIFICATION}, SENDER_UNREACHED, "tls"},
    {{.code = CURLE_SSL_CACERT_BADFILE}, SENDER_UNREACHED, "tls"},
    {{.code = CURLE_OPERATION_TIMEDOUT}, SENDER_UNREACHED, "connect_timeout"},
    {{.code = CURLE_URL_MALFORMAT}, SENDER_UNREACHED, "bad_url"},
    {{.code = CURLE_RECV_ERROR}, SENDER_UNREACHED, "connect_failed"},
    {{.code = CURLE_COULDNT_CONNECT, .forbidden = true}, SENDER_UNREACHED, "forbidden_address"},
    {{.timed_out = true, .forbidden = true}, SENDER_UNREACHED, "forbidden_address"},
    {{.code = CURLE_COULDNT_CONNECT, .busy = true}, SENDER_UNREACHED, "address_busy"},
    {{.code = CURLE_COULDNT_CONNECT, .busy = true, .forbidden = true},
     SENDER_UNREACHED,
     "forbidden_address"},
    {{.code = CURLE_RECV_ERROR, .tunnelless = true}, SENDER_UNREACHED, "proxy"},
    {{.code = CURLE_COULDNT_RESOLVE_PROXY, .tunnelless = true}, SENDER_UNREACHED, "proxy"},
    {{.code = CURLE_OPERATION_TIMEDOUT, .tunnelless = true}, SENDER_UNREACHED, "connect_timeout"},
    {{.timed_out = true, .tunnelless = true}, SENDER_UNREACHED, "connect_timeout"},
    /* It stood before, and a second address was looked at when it was gone. */
    {{.code = CURLE_COULDNT_CONNECT, .begun = true, .written = true, .forbidden = true},
     SENDER_LOST,
     "reset"},
    {{.code = CURLE_COULDNT_CONNECT, .begun = true, .written = true, .busy = true},
     SENDER_LOST,
     "reset"},
    {{.timed_out = true}, SENDER_UNREACHED, "connect_timeout"},
    {{.timed_out = true, .begun = true}, SENDER_LOST, "timeout"},
    {{.timed_out = true, .begun = true, .written = true}, SENDER_LOST, "timeout"},
    {{.code = CURLE_SEND_ERROR, .begun = true}, SENDER_UNSENT, "reset"},
    {{.code = CURLE_SEND_ERROR, .begun = true, .written = true}, SENDER_LOST, "reset"},
    {{.code = CURLE_RECV_ERROR, .begun = true, .written = true}, SENDER_LOST, "reset"},
    {{.code = CURLE_HTTP2, .begun = true, .written = true}, SENDER_LOST, "reset"},
    {{.code = CURLE_HTTP2_STREAM, .begun = true, .written = true}, SENDER_LOST, "reset"},
    {{.code = CURLE_ABORTED_BY_CALLBACK, .begun = true, .written = true, .refused = true},
     SENDER_UNSENT,
     "refused_stream"},
    /* The provider may have acted before the connection died that could not be had again. */
    {{.code = CURLE_COULDNT_CONNECT, .begun = true, .written = true}, SENDER_LOST, "reset"},
};

static void judges(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const char *reason = NULL;
        enum sender_result result = sender_outcome_judge(&examples[i].failure, &reason);
        assert_int_equal(result, examples[i].result);
        assert_string_equal(reason, examples[i].reason);
    }
}

/* A stream that is reset, or slow, is one request's matter. */
static void tells_a_broken_connection(void **state) {
    static const CURLcode broken[] = {CURLE_HTTP2, CURLE_GOT_NOTHING, CURLE_SEND_ERROR,
                                      CURLE_RECV_ERROR, CURLE_ABORTED_BY_CALLBACK};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct sender_failure failure = {.code = broken[i], .begun = true, .written = true};
        assert_true(sender_outcome_is_of_connection(&failure));
        failure.timed_out = true;
        assert_false(sender_outcome_is_of_connection(&failure));
        failure = (struct sender_failure){.code = broken[i], .begun = true, .refused = true};
        assert_false(sender_outcome_is_of_connection(&failure));
        assert_false(sender_outcome_is_of_connection(&(struct sender_failure){.code = broken[i]}));
    }
    assert_false(sender_outcome_is_of_connection(
        &(struct sender_failure){.code = CURLE_HTTP2_STREAM, .begun = true, .written = true}));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges),
                                       cmocka_unit_test(tells_a_broken_connection)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
