/* SPDX-License-Identifier: EUPL-1.2 */
/* Makes, opens, seals and unseals for container.py, which lets independent programs look at the result.
 *
 *   container_tool make OUT KEY CERTIFICATE SERVICE-CONFIG|- NAME=TYPE=FILE...
 *   container_tool open FILE ROOTS SERVICES|- strict|tolerant
 *   container_tool seal OUT FILE CERTIFICATE...
 *   container_tool unseal OUT FILE KEY CERTIFICATE */
#include "container/container.h"
#include "crypto/cms_seal.h"
#include "crypto/seal.h"
#include "crypto/timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PARTS_MAX 16

static void must(int r, const struct error *error)
{
        if (r >= 0)
                return;
        fprintf(stderr, "%s\n", error->text);
        exit(1);
}

static struct buffer load(const char *path)
{
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
        FILE *file = fopen(path, "rb");
        char piece[65536];
        size_t got;

        if (!file) {
                perror(path);
                exit(1);
        }
        while ((got = fread(piece, 1, sizeof piece, file)) > 0)
                if (buffer_append(&bytes, piece, got) < 0)
                        exit(1);
        (void)fclose(file);
        return bytes;
}

static void save(const char *path, const void *bytes, size_t length)
{
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
                perror(path);
                exit(1);
        }
}

static struct certificate *load_certificate(const char *path)
{
        struct buffer bytes = load(path);
        struct certificate *certificate = NULL;
        struct error error = {0};
        must(certificate_parse(bytes.bytes, bytes.length, path, &certificate, &error), &error);
        buffer_free(&bytes);
        return certificate;
}

static struct private_key *load_key(const char *path)
{
        struct buffer bytes = load(path);
        struct private_key *key = NULL;
        struct error error = {0};
        must(private_key_parse(
                     bytes.bytes, bytes.length, (struct private_key_guard){0600, true}, path, &key, &error),
                &error);
        buffer_free(&bytes);
        return key;
}

/* Lets `openssl ts` answer. */
static struct buffer ask_service(const char *config, const struct buffer *request, const char *out)
{
        char query[4096], reply[4096];
        int status = 1;

        (void)snprintf(query, sizeof query, "%s.tsq", out);
        (void)snprintf(reply, sizeof reply, "%s.tsr", out);
        save(query, request->bytes, request->length);
        pid_t child = fork();
        if (child == 0) {
                execlp("openssl", "openssl", "ts", "-reply", "-config", config, "-queryfile", query, "-out",
                        reply, (char *)NULL);
                _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
                exit(1);
        return load(reply);
}

static void timestamp(struct container_draft *draft, const char *config, const char *out)
{
        struct buffer request = buffer_make(TIMESTAMP_REQUEST_MAX),
                      token = buffer_make(TIMESTAMP_RESPONSE_MAX);
        uint8_t nonce[TIMESTAMP_NONCE_BYTES];
        struct error error = {0};
        const uint8_t *value;
        size_t length;

        must(seal_random(nonce, sizeof nonce), &error);
        container_draft_signature_value(draft, &value, &length);
        must(timestamp_request(value, length, nonce, &request), &error);
        struct buffer response = ask_service(config, &request, out);
        must(timestamp_accept(request.bytes, request.length, response.bytes, response.length, &token, &error),
                &error);
        must(container_draft_timestamp(draft, token.bytes, token.length, &error), &error);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&token);
}

static int make(int count, char **words)
{
        struct container_part parts[PARTS_MAX] = {0};
        struct buffer contents[PARTS_MAX], out = buffer_make(CONTAINER_BYTES_MAX);
        struct private_key *key = load_key(words[1]);
        struct certificate *certificate = load_certificate(words[2]);
        struct container_draft *draft = NULL;
        struct error error = {0};
        int used = 0;

        for (int i = 4; i < count && used < PARTS_MAX; i++, used++) {
                char *type = strchr(words[i], '='), *path = type ? strchr(type + 1, '=') : NULL;
                if (!path)
                        return 2;
                *type = *path = '\0';
                contents[used] = load(path + 1);
                parts[used] = (struct container_part){
                        words[i], type + 1, contents[used].bytes, contents[used].length};
        }
        must(container_draft_new(parts, (size_t)used, &draft, &error), &error);
        must(container_draft_sign(draft, key, certificate, NULL, (int64_t)time(NULL) * 1000, &error), &error);
        if (strcmp(words[3], "-") != 0)
                timestamp(draft, words[3], words[0]);
        must(container_draft_write(draft, &out, &error), &error);
        save(words[0], out.bytes, out.length);
        container_draft_free(draft);
        for (int i = 0; i < used; i++)
                buffer_free(&contents[i]);
        private_key_free(key);
        certificate_free(certificate);
        buffer_free(&out);
        return 0;
}

static int open_container(char **words)
{
        struct buffer bytes = load(words[0]), roots = load(words[1]), text = buffer_make(1 << 20);
        struct certificate_set signers = {0}, services = {0};
        struct findings findings = {0};
        struct container container;
        struct error error = {0};

        must(certificate_set_parse(&signers, roots.bytes, roots.length, words[1], &error), &error);
        if (strcmp(words[2], "-") != 0) {
                struct buffer more = load(words[2]);
                must(certificate_set_parse(&services, more.bytes, more.length, words[2], &error), &error);
                buffer_free(&more);
        }
        struct container_rules rules = {.trust = {.signers = &signers,
                                                .timestamps = &services,
                                                .instant_ms = (int64_t)time(NULL) * 1000,
                                                .timestamp_required = services.count > 0},
                .deviations_refused = strcmp(words[3], "strict") == 0};
        int r = container_open(bytes.bytes, bytes.length, &rules, &findings, &container);
        (void)findings_write(&findings, &text);
        printf("%.*s%s\n", (int)text.length, (const char *)text.bytes, r == 0 ? "opened" : "refused");
        if (r == 0)
                container_free(&container);
        findings_free(&findings);
        certificate_set_free(&signers);
        certificate_set_free(&services);
        buffer_free(&bytes);
        buffer_free(&roots);
        buffer_free(&text);
        return r == 0 ? 0 : 1;
}

static int seal(int count, char **words)
{
        struct certificate *recipients[PARTS_MAX];
        struct buffer plain = load(words[1]), out = buffer_make(CONTAINER_BYTES_MAX);
        struct error error = {0};
        size_t used = 0;

        for (int i = 2; i < count && used < PARTS_MAX; i++)
                recipients[used++] = load_certificate(words[i]);
        must(cms_seal(plain.bytes, plain.length, (const struct certificate *const *)recipients, used, &out,
                     &error),
                &error);
        save(words[0], out.bytes, out.length);
        while (used > 0)
                certificate_free(recipients[--used]);
        buffer_free(&plain);
        buffer_free(&out);
        return 0;
}

static int unseal(char **words)
{
        struct buffer der = load(words[1]), text = buffer_make(1 << 20);
        struct private_key *key = load_key(words[2]);
        struct certificate *certificate = load_certificate(words[3]);
        struct findings findings = {0};
        struct cms_plaintext plain;
        int r = cms_open(der.bytes, der.length, key, certificate, words[1], &findings, &plain);

        (void)findings_write(&findings, &text);
        printf("%.*s", (int)text.length, (const char *)text.bytes);
        if (r == 0) {
                save(words[0], plain.bytes, plain.length);
                cms_plaintext_free(&plain);
        }
        findings_free(&findings);
        private_key_free(key);
        certificate_free(certificate);
        buffer_free(&der);
        buffer_free(&text);
        return r == 0 ? 0 : 1;
}

int main(int count, char **words)
{
        const char *word = count > 1 ? words[1] : "";

        if (strcmp(word, "make") == 0 && count > 6)
                return make(count - 2, words + 2);
        if (strcmp(word, "open") == 0 && count == 6)
                return open_container(words + 2);
        if (strcmp(word, "seal") == 0 && count > 4)
                return seal(count - 2, words + 2);
        if (strcmp(word, "unseal") == 0 && count == 6)
                return unseal(words + 2);
        fprintf(stderr, "container_tool make|open|seal|unseal ...\n");
        return 2;
}
