#include "dispatcher/providers/hms_oauth.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_the_form(void **state) {
    static const struct {
        const char *client_id;
        const char *client_secret;
        const char *form;
    } cases[] = {
        {"104", "abc-._~XYZ09",
         "grant_type=client_credentials&client_id=104&client_secret=abc-._~XYZ09"},
        {"a b", "s+&=%/\"\xC3\xA9",
         "grant_type=client_credentials&client_id=a%20b&client_secret=s%2B%26%3D%25%2F%22%C3%A9"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer form = {0};
        hms_oauth_form(cases[i].client_id, cases[i].client_secret, &form);
        assert_string_equal(buffer_text(&form), cases[i].form);
        buffer_free(&form);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
