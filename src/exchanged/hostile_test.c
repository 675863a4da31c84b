/* SPDX-License-Identifier: EUPL-1.2 */
/* Hostile peers and strangers against a node as it runs, confined: bodies that are slow, cut off or not what
 * was announced, containers that are bombs, JSON without bottom, keys without end. What that costs is
 * measured and bounded, and a good peer is served meanwhile. What the courier does with each kind of request
 * is in courier/hostile_test.c; here all processes of the node are watched. */
#include "exchanged/nodes_test.h"

#include "courier/client.h"
#include "courier/http_request.h"
#include "courier/server.h"
#include "courier/tls.h"

#include <openssl/ssl.h>
#include <zlib.h>

#define SILENT 150
#define SLOW 14
#define GATE_MOST_KB (UINT64_C(128) << 10)
#define PASS_MOST_KB (UINT64_C(512) << 10)
#define PASS_MOST_MS 60000
#define BOMB_BYTES (UINT64_C(1) << 30)

static struct tls_identity hostile;

static void read_identity(void)
{
        struct error error = {0};
        char certificate[300], key[300];

        snprintf(
                certificate, sizeof certificate, "%s/organisations/" HOSTILE "/tls.crt", scratch_path("pki"));
        snprintf(key, sizeof key, "%s/organisations/" HOSTILE "/tls.key", scratch_path("pki"));
        must(tls_identity_read(certificate, key, &hostile, &error), &error);
}

/* --- What the node's processes cost --- */

struct cost {
        uint64_t gate_kb, pass_kb; /* most that was resident */
        int64_t pass_ms;           /* longest */
};

static uint64_t number_behind(const char *text, const char *name)
{
        const char *at = strstr(text, name);
        return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static size_t read_proc(char *text, size_t size, long pid, const char *name)
{
        char path[64];
        size_t length = 0;

        snprintf(path, sizeof path, "/proc/%ld/%s", pid, name);
        FILE *file = fopen(path, "re");
        if (file) {
                length = fread(text, 1, size - 1, file);
                (void)fclose(file);
        }
        text[length] = '\0';
        return length;
}

/* The gate is the oldest child and lives as long as the node; whatever is younger is measured as a pass. */
static void watch(unsigned which, struct cost *cost)
{
        static long long first, seen;
        static int64_t seen_ms;
        char children[4096], text[8192], name[64];

        snprintf(name, sizeof name, "task/%ld/children", (long)nodes[which]);
        read_proc(children, sizeof children, nodes[which], name);
        char *at = children, *end;
        for (long long pid, number = 0; (pid = strtoll(at, &end, 10)) > 0; at = end, number++) {
                if (!read_proc(text, sizeof text, (long)pid, "status"))
                        continue;
                uint64_t kb = number_behind(text, "VmHWM:");
                if (number == 0 && (first == 0 || first == pid)) {
                        first = pid;
                        cost->gate_kb = kb > cost->gate_kb ? kb : cost->gate_kb;
                        continue;
                }
                if (pid != seen)
                        seen_ms = clock_steady_ms();
                seen = pid;
                int64_t took_ms = clock_steady_ms() - seen_ms;
                cost->pass_kb = kb > cost->pass_kb ? kb : cost->pass_kb;
                cost->pass_ms = took_ms > cost->pass_ms ? took_ms : cost->pass_ms;
        }
}

/* --- Connections --- */

static int dial(void)
{
        struct sockaddr_in to = {
                .sin_family = AF_INET, .sin_port = htons(ports[DE]), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct timeval patience = {.tv_sec = 30};
        int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(s >= 0);
        setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(s, (struct sockaddr *)&to, sizeof to) < 0) {
                close(s);
                return -1;
        }
        return s;
}

static SSL *dial_tls(int version)
{
        int s = dial();
        SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
        SSL *session;

        assert_true(s >= 0);
        SSL_CTX_set_max_proto_version(tls, version);
        assert_int_equal(SSL_CTX_use_certificate(tls, hostile.certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(tls, hostile.key), 1);
        session = SSL_new(tls);
        SSL_CTX_free(tls);
        SSL_set_fd(session, s);
        if (SSL_connect(session) == 1)
                return session;
        SSL_free(session);
        close(s);
        return NULL;
}

static void hang_up(SSL *session)
{
        if (!session)
                return;
        int s = SSL_get_fd(session);
        SSL_free(session);
        close(s);
}

static int write_head(char *text, size_t size, unsigned number, unsigned long long length)
{
        uint8_t digest[DIGEST_BYTES] = {0};
        char value[HTTP_CONTENT_DIGEST_MAX];

        return snprintf(text, size,
                "POST " SERVER_MESSAGES_PATH
                "7d9f2f0a-6c1e-4f57-9b1c-%012u HTTP/1.1\r\nHost: x\r\nContent-Type: " SERVER_MESSAGE_TYPE
                "\r\nContent-Digest: %s\r\nContent-Length: %llu\r\n\r\n",
                number, http_content_digest_write(digest, value), length);
}

/* --- Contents --- */

static void put(struct buffer *out, uint64_t value, unsigned bytes)
{
        for (unsigned i = 0; i < bytes; i++)
                must(buffer_append(out, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1), NULL);
}

/* A gibibyte of zeros as message.json, in about a mebibyte. */
static struct buffer make_bomb(void)
{
        static const char type[] = "application/vnd.etsi.asic-e+zip";
        static uint8_t zeros[1 << 16], packed[1 << 16];
        struct buffer out = buffer_make(8 << 20), body = buffer_make(8 << 20);
        z_stream stream = {.next_in = NULL};
        uLong check = crc32(0, NULL, 0);

        assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
        for (uint64_t done = 0; done <= BOMB_BYTES; done += sizeof zeros) {
                bool last = done == BOMB_BYTES;
                stream.next_in = zeros;
                stream.avail_in = last ? 0 : sizeof zeros;
                check = last ? check : crc32(check, zeros, sizeof zeros);
                do {
                        stream.next_out = packed;
                        stream.avail_out = sizeof packed;
                        deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
                        must(buffer_append(&body, packed, sizeof packed - stream.avail_out), NULL);
                } while (stream.avail_out == 0);
        }
        deflateEnd(&stream);
        const struct {
                const char *name;
                const void *bytes;
                size_t length, whole;
                uLong check;
                unsigned method, at;
        } entries[] = {{"mimetype", type, sizeof type - 1, sizeof type - 1,
                               crc32(crc32(0, NULL, 0), (const Bytef *)type, sizeof type - 1), 0, 0},
                {"message.json", body.bytes, body.length, BOMB_BYTES, check, 8, 30 + 8 + sizeof type - 1}};
        for (unsigned pass = 0, start = 0; pass < 2; pass++) {
                start = (unsigned)out.length;
                for (unsigned i = 0; i < 2; i++) {
                        put(&out, pass ? 0x02014b50 : 0x04034b50, 4);
                        put(&out, 20, pass ? 4 : 2);
                        put(&out, (uint64_t)entries[i].method << 16, 4);
                        put(&out, UINT64_C(0x5b7a6000), 4);
                        put(&out, entries[i].check, 4);
                        put(&out, entries[i].length, 4);
                        put(&out, entries[i].whole, 4);
                        put(&out, strlen(entries[i].name), 2);
                        put(&out, 0, 2);
                        if (pass) {
                                put(&out, 0, 8);
                                put(&out, 0, 2);
                                put(&out, entries[i].at, 4);
                        }
                        must(buffer_append(&out, entries[i].name, strlen(entries[i].name)), NULL);
                        if (!pass)
                                must(buffer_append(&out, entries[i].bytes, entries[i].length), NULL);
                }
                if (pass) {
                        unsigned length = (unsigned)out.length - start;
                        put(&out, 0x06054b50, 4);
                        put(&out, 0, 4);
                        put(&out, 2 | 2 << 16, 4);
                        put(&out, length, 4);
                        put(&out, start, 4);
                        put(&out, 0, 2);
                }
        }
        buffer_free(&body);
        return out;
}

static struct buffer read_pki(const char *name)
{
        struct buffer bytes = buffer_make(1 << 20);
        struct error error = {0};
        char path[300];

        snprintf(path, sizeof path, "%s/organisations/" HOSTILE "/%s", scratch_path("pki"), name);
        must(file_read(path, &bytes, &error), &error);
        return bytes;
}

/* Sealed as it should be, by somebody whom the directory knows; what is sealed is the test's. */
static struct buffer seal(const void *json, size_t length)
{
        struct buffer key_bytes = read_pki("seal.key"), certificate_bytes = read_pki("seal.crt"),
                      out = buffer_make(64 << 20);
        const struct container_part part = {"message.json", "application/json", json, length};
        struct private_key *key;
        struct certificate *certificate;
        struct container_draft *draft;
        struct error error = {0};

        must(private_key_parse(key_bytes.bytes, key_bytes.length,
                     (struct private_key_guard){.mode = 0600, .owned = true}, "seal.key", &key, &error),
                &error);
        must(certificate_parse(
                     certificate_bytes.bytes, certificate_bytes.length, "seal.crt", &certificate, &error),
                &error);
        must(container_draft_new(&part, 1, &draft, &error), &error);
        must(container_draft_sign(draft, key, certificate, NULL, clock_now_ms(), &error), &error);
        must(container_draft_write(draft, &out, &error), &error);
        container_draft_free(draft);
        certificate_free(certificate);
        private_key_free(key);
        buffer_free(&key_bytes);
        buffer_free(&certificate_bytes);
        return out;
}

static struct buffer make_content(unsigned kind)
{
        struct buffer out = buffer_make(64 << 20);
        size_t length = kind == 1 ? (size_t)MESSAGE_BYTES_MAX : (size_t)10 << 20;
        uint8_t *bytes = malloc(length);

        assert_non_null(bytes);
        for (size_t i = 0; i < length; i++)
                bytes[i] = kind == 1 ? (uint8_t)(i * 2654435761u >> 21) : kind == 4 ? '"' : '[';
        if (kind == 0)
                out = make_bomb();
        else if (kind == 1) /* no container at all, and as long as may be */
                must(buffer_append(&out, bytes, length), NULL);
        else if (kind == 2 || kind == 4) /* without bottom; a text without end */
                out = seal(bytes, kind == 2 ? length : 1 + (length - 1) / 2 * 2 - 1);
        else { /* many members of one name */
                struct buffer json = buffer_make(16 << 20);
                must(buffer_append(&json, "{", 1), NULL);
                while (json.length < 8 << 20)
                        must(buffer_append(&json, "\"a\":{\"a\":1},", 12), NULL);
                must(buffer_append(&json, "\"a\":1}", 6), NULL);
                out = seal(json.bytes, json.length);
                buffer_free(&json);
        }
        free(bytes);
        return out;
}
#define CONTENTS 5

static void bring(unsigned number, const struct buffer *bytes)
{
        const struct client_options options = {
                .organisation = HOSTILE, .identity = &hostile, .connect_ms = 20000};
        char fingerprint[FINGERPRINT_TEXT_MAX], id[ID_TEXT_MAX], path[300];
        struct tls_identity theirs;
        struct client *client;
        struct client_result result;
        struct content *content;
        struct error error = {0};

        snprintf(path, sizeof path, "%s/organisations/" PROVIDER "/tls.crt", scratch_path("pki"));
        char key[300];
        snprintf(key, sizeof key, "%s/organisations/" PROVIDER "/tls.key", scratch_path("pki"));
        must(tls_identity_read(path, key, &theirs, &error), &error);
        assert_int_equal(tls_fingerprint(theirs.certificate, fingerprint), 0);
        tls_identity_free(&theirs);
        const struct client_peer peer = {
                .organisation = PROVIDER, .host = "127.0.0.1", .port = ports[DE], .fingerprint = fingerprint};
        snprintf(id, sizeof id, "7d9f2f0a-6c1e-4f57-8b1c-%012u", number);
        must(client_new(&options, &client, &error), &error);
        must(content_of(scratch, bytes->bytes, bytes->length, &content, &error), &error);
        must(client_deliver(client, &peer, id, content, &result, &error), &error);
        if (result.end != CLIENT_DELIVERED)
                fail_msg("not taken: %s", result.reason);
        content_free(content);
        client_free(client);
}

/* --- The tests --- */

static void good_peer_is_served(struct cost *cost)
{
        int64_t delivered = number_of(AT, "SELECT count(*) FROM outbox WHERE state = 1"),
                give_up = clock_steady_ms() + PATIENCE_MS;
        char id[MODEL_ID_MAX];

        send_report(AT, DE, id);
        while (number_of(AT, "SELECT count(*) FROM outbox WHERE state = 1") == delivered) {
                if (clock_steady_ms() > give_up)
                        fail_msg("the good peer is not served");
                watch(DE, cost);
                usleep(2000);
        }
}

static void slow_silent_and_wrong(struct cost *cost)
{
        static const char words[] = "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxx";
        int silent[SILENT];
        SSL *slow[SLOW];
        char head[1024];

        for (unsigned i = 0; i < SILENT; i++)
                silent[i] = dial();
        for (unsigned i = 0; i < SLOW; i++) {
                slow[i] = dial_tls(TLS1_3_VERSION);
                int length = write_head(head, sizeof head, i, MESSAGE_BYTES_MAX);
                if (slow[i])
                        SSL_write(slow[i], head, length);
        }
        good_peer_is_served(cost);
        assert_null(dial_tls(TLS1_2_VERSION)); /* where there is renegotiation */
        SSL *keys = slow[0];
        for (unsigned i = 0; keys && i < 20000 && SSL_key_update(keys, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
                             SSL_do_handshake(keys) == 1;
                i++)
                if (i % 1000 == 0)
                        watch(DE, cost);
        for (unsigned i = 1; i < SLOW; i++) /* less than was announced, and gone */
                if (slow[i])
                        SSL_write(slow[i], words, sizeof words - 1);
        good_peer_is_served(cost);
        for (unsigned i = 0; i < SLOW; i++)
                hang_up(slow[i]);
        for (unsigned i = 0; i < SILENT; i++)
                if (silent[i] >= 0)
                        close(silent[i]);
        SSL *wrong = dial_tls(TLS1_3_VERSION);
        if (wrong)
                SSL_write(wrong, words, sizeof words - 1);
        hang_up(wrong);
}

static void hostile_peers_cost_bounded_memory_and_time(void **state)
{
        struct cost cost = {0};

        (void)state;
        read_identity();
        start_node(AT);
        start_node(DE);
        AWAIT(said(AT, "event=ready") && said(DE, "event=ready"));
        watch(DE, &cost);
        print_message("before: gate %llu kB\n", (unsigned long long)cost.gate_kb);
        slow_silent_and_wrong(&cost);
        for (unsigned kind = 0; kind < CONTENTS; kind++) {
                struct buffer bytes = make_content(kind);
                int64_t began_ms = clock_steady_ms();
                bring(kind, &bytes);
                int64_t give_up = began_ms + PATIENCE_MS;
                while (number_of(DE, "SELECT count(*) FROM inbox WHERE sender = '" HOSTILE
                                     "' AND state = 0") != 0) {
                        if (clock_steady_ms() > give_up)
                                fail_msg("content %u waits on", kind);
                        watch(DE, &cost);
                        usleep(1000);
                }
                print_message("content %u: %zu bytes, handled after %lld ms\n", kind, bytes.length,
                        (long long)(clock_steady_ms() - began_ms));
                buffer_free(&bytes);
        }
        good_peer_is_served(&cost);
        print_message("gate %llu kB, pass %llu kB at most; longest pass %lld ms\n",
                (unsigned long long)cost.gate_kb, (unsigned long long)cost.pass_kb, (long long)cost.pass_ms);
        assert_int_equal(number_of(DE, "SELECT count(*) FROM book_message WHERE sender = '" HOSTILE
                                       "' AND refused = 0"),
                0);
        assert_false(said(DE, "signal="));
        assert_true(cost.gate_kb > 0 && cost.pass_kb > 0 && cost.pass_ms < PASS_MOST_MS);
#if !defined(__SANITIZE_ADDRESS__)
        assert_true(cost.gate_kb < GATE_MOST_KB && cost.pass_kb < PASS_MOST_KB);
#endif
        kill_node(AT, SIGTERM);
        kill_node(DE, SIGTERM);
        check_log(DE);
        tls_identity_free(&hostile);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
                hostile_peers_cost_bounded_memory_and_time, make_nodes, stop_nodes)};

        return nodes_begin(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
