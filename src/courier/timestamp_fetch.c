/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/timestamp_fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ANSWER_TYPE "application/timestamp-reply"
#define HEAD_BYTES_MAX 16384

struct fetch {
        CURL *curl;
        struct curl_slist *fields;
        struct buffer *response;
        size_t head_length;
        bool too_long, out_of_memory;
        char reason[CURL_ERROR_SIZE];
};

static size_t see_head(char *line, size_t size, size_t count, void *context)
{
        struct fetch *fetch = context;

        (void)line;
        fetch->head_length += size * count;
        fetch->too_long = fetch->too_long || fetch->head_length > HEAD_BYTES_MAX;
        return fetch->too_long ? 0 : size * count;
}

static size_t see_body(char *bytes, size_t size, size_t count, void *context)
{
        struct fetch *fetch = context;

        int r = buffer_append(fetch->response, bytes, size * count);
        fetch->too_long = r == -EFBIG;
        fetch->out_of_memory = r == -ENOMEM;
        return r < 0 ? 0 : size * count;
}

static bool set_options(struct fetch *fetch, const struct timestamp_service *service, struct slice request)
{
        struct curl_blob authorities = {.data = (void *)(uintptr_t)service->authorities.text,
                .len = service->authorities.length,
                .flags = CURL_BLOB_COPY};
        long whole = (long)(service->whole_ms > 0 ? service->whole_ms : TIMESTAMP_FETCH_MS);
        bool good = true;

        fetch->fields = curl_slist_append(NULL, "Content-Type: application/timestamp-query");
        struct curl_slist *more = curl_slist_append(fetch->fields, "Accept: " ANSWER_TYPE);
        /* A field without a value is left out. */
        if (!more || !curl_slist_append(fetch->fields, "Expect:"))
                return false;
#define SET(option, value) good = curl_easy_setopt(fetch->curl, option, value) == CURLE_OK && good
        SET(CURLOPT_URL, service->url);
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, "");
        SET(CURLOPT_NOPROXY, "*");
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_CONNECTTIMEOUT_MS,
                whole < TIMESTAMP_FETCH_CONNECT_MS ? whole : (long)TIMESTAMP_FETCH_CONNECT_MS);
        SET(CURLOPT_TIMEOUT_MS, whole);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        if (service->authorities.length > 0)
                SET(CURLOPT_CAINFO_BLOB, &authorities);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request.length);
        SET(CURLOPT_POSTFIELDS, request.text);
        SET(CURLOPT_HTTPHEADER, fetch->fields);
        SET(CURLOPT_HEADERFUNCTION, see_head);
        SET(CURLOPT_HEADERDATA, fetch);
        SET(CURLOPT_WRITEFUNCTION, see_body);
        SET(CURLOPT_WRITEDATA, fetch);
        SET(CURLOPT_ERRORBUFFER, fetch->reason);
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_FORBID_REUSE, 1L);
#undef SET
        return good;
}

/* "application/timestamp-reply; charset=..." */
static bool is_answer_type(const char *type)
{
        size_t length = strlen(ANSWER_TYPE);

        return type && strncasecmp(type, ANSWER_TYPE, length) == 0 &&
               (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

static int judge(struct fetch *fetch, CURLcode code, const char *url, struct error *error)
{
        long status = 0;
        const char *type = NULL;

        if (fetch->out_of_memory)
                return error_set(error, -ENOMEM, "not enough memory for a timestamp");
        /* libcurl says so of a field that is longer than it takes, too. */
        if (code == CURLE_OUT_OF_MEMORY)
                return error_set(error, -EFBIG,
                        "the timestamp service %s answers with a head that is too long, or there is not "
                        "enough memory",
                        url);
        if (fetch->too_long)
                return error_set(error, -EFBIG,
                        "the timestamp service %s answers more than %zu bytes, which no timestamp has", url,
                        fetch->response->ceiling);
        if (code != CURLE_OK)
                return error_set(error, -EHOSTUNREACH, "the timestamp service %s does not answer: %s", url,
                        *fetch->reason ? fetch->reason : curl_easy_strerror(code));
        curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(fetch->curl, CURLINFO_CONTENT_TYPE, &type);
        if (status != 200)
                return error_set(error, -EPROTO,
                        "the timestamp service %s answers with the status %ld and not with a timestamp", url,
                        status);
        if (!is_answer_type(type))
                return error_set(error, -EPROTO,
                        "the timestamp service %s answers with something else than " ANSWER_TYPE, url);
        return 0;
}

int timestamp_fetch(const struct timestamp_service *service, struct slice request,
        struct buffer *ret_response, struct error *error)
{
        struct fetch fetch = {.curl = NULL, .response = ret_response};
        char host[TIMESTAMP_HOST_MAX];
        uint16_t port;

        int r = timestamp_service_place(service->url, host, &port, error);
        if (r < 0)
                return r;
        if (strncasecmp(service->url, "https:", 6) == 0 && service->authorities.length == 0)
                return error_set(error, -EINVAL,
                        "%s: name the certificate that the service's for TLS must lead to, or use http:// (a "
                        "timestamp is signed, and the request holds a digest)",
                        service->url);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(fetch.curl = curl_easy_init()))
                return error_set(error, -ENOMEM, "not enough memory for a timestamp");
        if (set_options(&fetch, service, request))
                r = judge(&fetch, curl_easy_perform(fetch.curl), service->url, error);
        else
                r = error_set(error, -ENOTSUP,
                        "the libcurl that is installed lacks what a timestamp service needs");
        curl_easy_cleanup(fetch.curl);
        curl_slist_free_all(fetch.fields);
        curl_global_cleanup();
        if (r < 0)
                buffer_clear(ret_response);
        return r;
}
