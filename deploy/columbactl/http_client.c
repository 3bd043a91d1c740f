#include "deploy/columbactl/http_client.h"

#include <curl/curl.h>

enum { BODY_BYTES_MAX = 1024 * 1024 };

static size_t receive(char *data, size_t size, size_t count, void *context) {
    struct buffer *body = context;

    if (body->size + size * count > BODY_BYTES_MAX)
        return 0;
    buffer_append(body, (struct slice){.data = data, .size = size * count});
    return size * count;
}

static enum error_code code_of(CURLcode code) {
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        return ERROR_CONFIG;
    return code == CURLE_OPERATION_TIMEDOUT ? ERROR_TIMEOUT : ERROR_UNAVAILABLE;
}

bool http_client_ask(const char *url, const struct slice *body, int64_t timeout_ms,
                     struct http_reply *out, struct error *error) {
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = NULL;
    char reason[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode code;

    *out = (struct http_reply){0};
    if (curl == NULL)
        return error_set(error, ERROR_SYSTEM, "libcurl does not start");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out->body);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "columbactl/" COLUMBA_VERSION);
    if (body != NULL) {
        headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
    }
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    out->status = status;
    if (code == CURLE_OK)
        return true;
    buffer_free(&out->body);
    return error_set(error, code_of(code), "%s: %s", url,
                     reason[0] == '\0' ? curl_easy_strerror(code) : reason);
}
