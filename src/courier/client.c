/* SPDX-License-Identifier: EUPL-1.2 */
#include "courier/client_state.h"

#include "base/time.h"
#include "courier/http_request.h"
#include "courier/server.h"
#include "os/clock.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URL_MAX 768

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static CURLcode library_state;

static void begin_library(void)
{
        library_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int64_t client_now(const struct client *client)
{
        return client->now ? client->now(client->context) : clock_now_ms();
}

int client_new(const struct client_options *options, struct client **ret_client, struct error *error)
{
        pthread_once(&library_once, begin_library);
        const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);

        /* Of the same library in its other builds the pin would not be asked for. */
        if (library_state != CURLE_OK || !version->ssl_version ||
                strncmp(version->ssl_version, "OpenSSL/", strlen("OpenSSL/")) != 0)
                return error_set(error, -ENOTSUP,
                        "The libcurl that is installed does not use OpenSSL; install libcurl4");
        if (!organisation_is_valid(options->organisation))
                return error_set(
                        error, -EINVAL, "%.64s: is no short name of an organisation", options->organisation);
        struct client *client = calloc(1, sizeof *client);
        if (!client || !(client->curl = curl_easy_init())) {
                free(client);
                return error_set(error, -ENOMEM, "Not enough memory for sending");
        }
        snprintf(client->organisation, sizeof client->organisation, "%s", options->organisation);
        client->identity = options->identity;
        client->connect_ms = options->connect_ms > 0 ? options->connect_ms : CLIENT_CONNECT_MS;
        client->message_ms = options->message_ms > 0 ? options->message_ms : CLIENT_MESSAGE_MS;
        client->now = options->now;
        client->stop = options->stop;
        client->context = options->context;
        *ret_client = client;
        return 0;
}

void client_free(struct client *client)
{
        if (!client)
                return;
        curl_easy_cleanup(client->curl);
        free(client);
}

static CURLcode prepare_tls(CURL *curl, void *tls, void *context)
{
        struct exchange *exchange = context;

        (void)curl;
        return tls_client_prepare(tls, exchange->client->identity, &exchange->pin, &exchange->local) < 0
                       ? CURLE_SSL_CERTPROBLEM
                       : CURLE_OK;
}

static struct slice trimmed(const char *bytes, size_t length)
{
        return slice_trim(slice_make(bytes, length));
}

static bool names_field(const char *line, size_t length, const char *name, struct slice *ret_value)
{
        size_t n = strlen(name);

        if (length <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
                return false;
        *ret_value = trimmed(line + n + 1, length - n - 1);
        return true;
}

static void read_range(struct exchange *exchange, struct slice value)
{
        struct slice rest = value;

        if (!slice_starts(rest, "bytes "))
                return;
        rest = slice_make(rest.text + 6, rest.length - 6);
        exchange->has_range = slice_number(slice_cut(&rest, '-'), INT64_MAX, &exchange->range_from) == 0;
}

static size_t see_field(char *line, size_t size, size_t count, void *context)
{
        struct exchange *exchange = context;
        size_t length = size * count;
        struct slice value;
        int64_t at_ms;

        exchange->head_length += length;
        if (exchange->head_length > CLIENT_HEAD_BYTES_MAX) {
                exchange->head_too_long = true;
                return 0;
        }
        if (names_field(line, length, "Rogatory-Time", &value) &&
                time_parse_rfc3339(value, &at_ms, NULL, NULL) == 0) {
                exchange->peer_ms = at_ms;
                exchange->peer_precision_ms = 1;
        } else if (names_field(line, length, "Date", &value) && exchange->peer_ms == TIME_UNKNOWN &&
                   http_date_read(value, &at_ms) == 0) {
                /* Cut to the second: it was half a second later, give or take as much. */
                exchange->peer_ms = at_ms + 500;
                exchange->peer_precision_ms = 500;
        } else if (names_field(line, length, "Content-Range", &value)) {
                read_range(exchange, value);
        }
        return length;
}

static size_t see_body(char *bytes, size_t size, size_t count, void *context)
{
        struct exchange *exchange = context;
        size_t length = size * count;

        if (exchange->body) {
                curl_easy_getinfo(exchange->client->curl, CURLINFO_RESPONSE_CODE, &exchange->status);
                if (exchange->status == 200 || exchange->status == 206)
                        return exchange->body(bytes, size, count, exchange->body_context);
        }
        if (length > sizeof exchange->answer - exchange->answer_length) {
                exchange->answer_too_long = true;
                return 0;
        }
        memcpy(exchange->answer + exchange->answer_length, bytes, length);
        exchange->answer_length += length;
        return length;
}

static size_t give_body(char *bytes, size_t size, size_t count, void *context)
{
        struct exchange *exchange = context;
        size_t length = 0;

        if (content_read(exchange->content, exchange->sent, bytes, size * count, &length, &exchange->local) <
                0)
                return CURL_READFUNC_ABORT;
        exchange->sent += length;
        return length;
}

/* A host is a name or an address and nothing that would change where a URL leads. */
static bool host_is_plain(const char *host)
{
        size_t length = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");
        return length > 0 && length < 254 && host[length] == '\0' && host[0] != '-';
}

static bool set_options(struct exchange *exchange, const char *url)
{
        CURL *curl = exchange->client->curl;
        bool good = true;

#define SET(option, value) good = curl_easy_setopt(curl, option, value) == CURLE_OK && good
        SET(CURLOPT_URL, url);
        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, ""); /* also none that http_proxy and its like name */
        SET(CURLOPT_NOPROXY, "*");
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->client->connect_ms);
        SET(CURLOPT_LOW_SPEED_LIMIT, (long)CLIENT_SLOW_BYTES_PER_S);
        SET(CURLOPT_LOW_SPEED_TIME, (long)CLIENT_SLOW_S);
        SET(CURLOPT_SSLVERSION, (long)(CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3));
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L); /* the certificate itself is pinned, whatever names stand in it */
        SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_SSL_CTX_FUNCTION, prepare_tls);
        SET(CURLOPT_SSL_CTX_DATA, exchange);
        SET(CURLOPT_HEADERFUNCTION, see_field);
        SET(CURLOPT_HEADERDATA, exchange);
        SET(CURLOPT_WRITEFUNCTION, see_body);
        SET(CURLOPT_WRITEDATA, exchange);
        SET(CURLOPT_ERRORBUFFER, exchange->reason);
        /* Every request proves anew who is on the other side. */
        SET(CURLOPT_FRESH_CONNECT, 1L);
        SET(CURLOPT_FORBID_REUSE, 1L);
#undef SET
        return good;
}

int exchange_begin(struct exchange *exchange, struct client *client, const struct client_peer *peer,
        const char *path, struct error *error)
{
        char url[URL_MAX], now[TIME_TEXT_MAX];

        memset(exchange, 0, sizeof *exchange);
        exchange->client = client;
        exchange->peer_ms = TIME_UNKNOWN;
        if (!host_is_plain(peer->host) || peer->port == 0 || !fingerprint_is_valid(peer->fingerprint) ||
                !organisation_is_valid(peer->organisation))
                return error_set(error, -EINVAL,
                        "%.64s: its address or fingerprint in the directory cannot be used (%.64s port %u)",
                        peer->organisation, peer->host, peer->port);
        snprintf(exchange->pin.fingerprint, sizeof exchange->pin.fingerprint, "%s", peer->fingerprint);
        bool ipv6 = strchr(peer->host, ':');
        snprintf(url, sizeof url, "https://%s%s%s:%u%s", ipv6 ? "[" : "", peer->host, ipv6 ? "]" : "",
                peer->port, path);
        curl_easy_reset(client->curl);
        if (!set_options(exchange, url))
                return error_set(error, -ENOTSUP, "The libcurl that is installed lacks what sending needs");
        return exchange_field(exchange, "Rogatory-Time", time_format_utc(client_now(client), now), error);
}

int exchange_field(struct exchange *exchange, const char *name, const char *value, struct error *error)
{
        char line[256];

        snprintf(line, sizeof line, "%s: %s", name, value);
        struct curl_slist *fields = curl_slist_append(exchange->fields, line);
        if (!fields)
                return error_set(error, -ENOMEM, "Not enough memory for sending");
        exchange->fields = fields;
        return 0;
}

CURLcode exchange_run(struct exchange *exchange)
{
        CURL *curl = exchange->client->curl;

        /* A field without a value is left out; neither is part of the profile. */
        struct curl_slist *fields = curl_slist_append(exchange->fields, "Expect:");
        if (!fields)
                return CURLE_OUT_OF_MEMORY;
        exchange->fields = fields;
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->fields);
        exchange->begun_ms = client_now(exchange->client);
        CURLcode code = curl_easy_perform(curl);
        exchange->ended_ms = client_now(exchange->client);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->status);
        if (code == CURLE_OK)
                return code;
        if (exchange->pin.refusal)
                snprintf(exchange->reason, sizeof exchange->reason, "%s (it has %s)", exchange->pin.refusal,
                        exchange->pin.seen[0] ? exchange->pin.seen : "none");
        else if (exchange->head_too_long || exchange->answer_too_long)
                snprintf(exchange->reason, sizeof exchange->reason,
                        "its answer is longer than an answer may be");
        else if (exchange->reason[0] == '\0')
                snprintf(exchange->reason, sizeof exchange->reason, "%s", curl_easy_strerror(code));
        return code;
}

void exchange_end(struct exchange *exchange)
{
        curl_slist_free_all(exchange->fields);
        exchange->fields = NULL;
        /* It holds pointers into what ends now. */
        curl_easy_reset(exchange->client->curl);
}

bool exchange_is_unreachable(CURLcode code)
{
        switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_OPERATION_TIMEDOUT:
                return true;
        default:
                return false;
        }
}

void exchange_words(const struct exchange *exchange, char *ret_words, size_t size)
{
        json_t *object = json_loadb(exchange->answer, exchange->answer_length, JSON_REJECT_DUPLICATES, NULL);
        const char *words = json_string_value(json_object_get(object, "words"));

        /* It is shown to people: nothing that a terminal would obey. */
        size_t n = 0;
        for (; words && *words && n + 1 < size; words++)
                ret_words[n++] = (char)(*words >= 0x20 && *words < 0x7f ? *words : '?');
        ret_words[n] = '\0';
        json_decref(object);
}

/* The peer's clock showed peer_ms somewhere between our begun and ended. */
static struct skew skew_of(const struct exchange *exchange)
{
        if (exchange->peer_ms == TIME_UNKNOWN || exchange->ended_ms < exchange->begun_ms)
                return (struct skew){.measured_ms = TIME_UNKNOWN};
        int64_t half = (exchange->ended_ms - exchange->begun_ms + 1) / 2;
        return (struct skew){.ahead_ms = exchange->peer_ms - (exchange->begun_ms + half),
                .uncertainty_ms = half + exchange->peer_precision_ms,
                .measured_ms = exchange->ended_ms};
}

static bool says(const json_t *object, const char *member, const char *value)
{
        const char *text = json_string_value(json_object_get(object, member));
        return text && strcmp(text, value) == 0;
}

/* Says the answer that this very message is durable there? */
static bool read_acknowledgement(const struct exchange *exchange, const struct client_peer *peer,
        const char *id, struct client_result *result)
{
        json_t *object = json_loadb(exchange->answer, exchange->answer_length, JSON_REJECT_DUPLICATES, NULL);
        char digest[DIGEST_TEXT_MAX];

        bool good = says(object, "message", id) &&
                    says(object, "sha256", digest_format(content_digest(exchange->content), digest)) &&
                    says(object, "sender", exchange->client->organisation) &&
                    says(object, "recipient", peer->organisation) &&
                    says(object, "state", exchange->status == 201 ? "accepted" : "recognised");
        const json_t *ahead = json_object_get(object, "your_clock_ahead_ms");
        json_int_t value = json_integer_value(ahead);
        if (good && json_is_integer(ahead) && value > -TIME_LIMIT && value < TIME_LIMIT)
                result->told = (struct skew){.ahead_ms = -value,
                        .uncertainty_ms = exchange->ended_ms - exchange->begun_ms,
                        .measured_ms = exchange->ended_ms};
        json_decref(object);
        return good;
}

/* What no later attempt would change; 403 and 404 are not among them: a directory or a node may be behind. */
static bool is_for_good(long status)
{
        return status == 400 || status == 405 || status == 409 || status == 411 || status == 413 ||
               status == 415 || status == 422;
}

static void judge(const struct exchange *exchange, const struct client_peer *peer, const char *id,
        CURLcode code, struct client_result *result)
{
        char words[256];

        result->status = (int)exchange->status;
        result->skew = skew_of(exchange);
        result->told.measured_ms = TIME_UNKNOWN;
        /* A peer that refuses early closes while we still send: its answer counts all the same. */
        if (code != CURLE_OK && !(exchange->status >= 400 && exchange->answer_length > 0)) {
                result->end = exchange_is_unreachable(code) && exchange->status == 0 ? CLIENT_UNREACHABLE
                                                                                     : CLIENT_NOT_NOW;
                snprintf(result->reason, sizeof result->reason, "%s: %.300s", peer->organisation,
                        exchange->reason);
                return;
        }
        if (exchange->status == 200 || exchange->status == 201) {
                if (read_acknowledgement(exchange, peer, id, result)) {
                        result->end = CLIENT_DELIVERED;
                        result->was_there = exchange->status == 200;
                        memcpy(result->acknowledgement, exchange->answer, exchange->answer_length);
                        result->acknowledgement_length = exchange->answer_length;
                        return;
                }
                result->end = CLIENT_NOT_NOW;
                snprintf(result->reason, sizeof result->reason,
                        "%s: its acknowledgement is not about this message", peer->organisation);
                return;
        }
        exchange_words(exchange, words, sizeof words);
        result->end = is_for_good(exchange->status) ? CLIENT_REFUSED : CLIENT_NOT_NOW;
        snprintf(result->reason, sizeof result->reason, "%s: status %ld: %s", peer->organisation,
                exchange->status, words[0] ? words : "no reason was given");
}

static int set_up_message(struct exchange *exchange, const struct content *content, struct error *error)
{
        char digest[HTTP_CONTENT_DIGEST_MAX];
        CURL *curl = exchange->client->curl;

        exchange->content = content;
        int r = exchange_field(exchange, "Content-Type", SERVER_MESSAGE_TYPE, error);
        if (r == 0)
                r = exchange_field(exchange, "Content-Digest",
                        http_content_digest_write(content_digest(content), digest), error);
        if (r < 0)
                return r;
        if (curl_easy_setopt(curl, CURLOPT_POST, 1L) != CURLE_OK ||
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)content_length(content)) !=
                        CURLE_OK ||
                curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body) != CURLE_OK ||
                curl_easy_setopt(curl, CURLOPT_READDATA, exchange) != CURLE_OK ||
                curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)exchange->client->message_ms) != CURLE_OK)
                return error_set(error, -ENOTSUP, "The libcurl that is installed lacks what sending needs");
        return 0;
}

int client_deliver(struct client *client, const struct client_peer *peer, const char *id,
        const struct content *content, struct client_result *ret_result, struct error *error)
{
        char path[sizeof SERVER_MESSAGES_PATH + ID_TEXT_MAX];
        struct exchange exchange;

        if (!id_is_valid(id))
                return error_set(error, -EINVAL, "%.40s: is no id of a message", id);
        memset(ret_result, 0, sizeof *ret_result);
        snprintf(path, sizeof path, SERVER_MESSAGES_PATH "%s", id);
        int r = exchange_begin(&exchange, client, peer, path, error);
        if (r == 0)
                r = set_up_message(&exchange, content, error);
        if (r == 0) {
                CURLcode code = exchange_run(&exchange);
                if (exchange.local.code < 0) {
                        r = error_set(error, exchange.local.code, "%s", exchange.local.text);
                } else if (code == CURLE_OUT_OF_MEMORY) {
                        r = error_set(error, -ENOMEM, "Not enough memory for sending");
                } else {
                        judge(&exchange, peer, id, code, ret_result);
                }
        }
        exchange_end(&exchange);
        return r;
}
