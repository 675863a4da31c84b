/* SPDX-License-Identifier: EUPL-1.2 */
/* Evidence beside a message: fetched piece by piece into .NAME.part, compared, and only then called NAME. */
#include "courier/client_state.h"

#include "base/time.h"
#include "courier/server.h"
#include "os/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_BYTES (1u << 20) /* so often it is asked whether the rest is still wanted */

struct download {
        struct exchange exchange;
        const struct client_file *wanted;
        char part[PATH_MAX], final[PATH_MAX];
        int file;
        uint64_t have;        /* bytes in the file */
        uint64_t looked;      /* of them, when it was last asked whether the rest is wanted */
        bool began, over;     /* the first byte of the body came; more came than there can be */
        const char *unwanted; /* why the rest is not; NULL */
};

/* 1: it is what the manifest says; 0: it is not. */
static int is_right(int file, const char *name, const struct client_file *wanted, struct error *error)
{
        uint8_t digest[DIGEST_BYTES], second[64];
        uint64_t length;

        int r = evidence_digests(file, name, digest, second, &length, error);
        if (r < 0)
                return r;
        return length == wanted->length && memcmp(digest, wanted->digest, sizeof digest) == 0 &&
               memcmp(second, wanted->second_digest, sizeof second) == 0;
}

/* Where the body belongs is known with its first byte only: a server may send the whole instead of the rest.
 */
static bool place_body(struct download *download)
{
        struct exchange *exchange = &download->exchange;

        download->began = true;
        if (exchange->status == 206)
                return exchange->has_range && exchange->range_from == download->have;
        download->have = 0;
        if (ftruncate(download->file, 0) == 0)
                return true;
        error_set(&exchange->local, -errno, "%s: cannot be cut: %s", download->part, strerrordesc_np(errno));
        return false;
}

/* A file without a name is of a folder that somebody removed: its order was withdrawn. */
static bool is_wanted(struct download *download)
{
        const struct client *client = download->exchange.client;
        struct stat status;

        if (client->stop && client->stop(client->context))
                download->unwanted = "its turn is over; it goes on later";
        else if (download->have >= download->looked + LOOK_BYTES || download->have < download->looked) {
                download->looked = download->have;
                if (fstat(download->file, &status) == 0 && status.st_nlink == 0)
                        download->unwanted = "it was removed here meanwhile";
        }
        return !download->unwanted;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
        struct download *download = context;
        size_t length = size * count, done = 0;

        if ((!download->began && !place_body(download)) || !is_wanted(download))
                return 0;
        if (length > download->wanted->length - download->have) {
                download->over = true;
                return 0;
        }
        while (done < length) {
                ssize_t n =
                        pwrite(download->file, bytes + done, length - done, (off_t)(download->have + done));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        error_set(&download->exchange.local, -errno, "%s: cannot be written: %s",
                                download->part, strerrordesc_np(errno));
                        return 0;
                }
                done += (size_t)n;
        }
        download->have += length;
        return length;
}

static int request(struct download *download, struct client *client, const struct client_peer *peer,
        CURLcode *ret_code, struct error *error)
{
        const struct client_file *wanted = download->wanted;
        struct exchange *exchange = &download->exchange;
        char path[512], text[DIGEST_TEXT_MAX], value[128];

        snprintf(path, sizeof path, SERVER_EVIDENCE_PATH "%s/%s", wanted->manifest, wanted->name);
        int r = exchange_begin(exchange, client, peer, path, error);
        if (r < 0)
                return r;
        exchange->body = take_body;
        exchange->body_context = download;
        if (download->have > 0) {
                snprintf(value, sizeof value, "bytes=%llu-", (unsigned long long)download->have);
                r = exchange_field(exchange, "Range", value, error);
                snprintf(value, sizeof value, "\"%s\"", digest_format(wanted->digest, text));
                if (r == 0)
                        r = exchange_field(exchange, "If-Range", value, error);
        }
        if (r == 0)
                *ret_code = exchange_run(exchange);
        if (r == 0 && exchange->local.code < 0)
                r = error_set(error, exchange->local.code, "%s", exchange->local.text);
        return r;
}

static int publish(
        struct download *download, const char *folder, struct download_result *result, struct error *error)
{
        int r = is_right(download->file, download->part, download->wanted, error);
        if (r < 0)
                return r;
        if (r == 0) {
                result->end = DOWNLOAD_WRONG;
                snprintf(result->reason, sizeof result->reason,
                        "%s is not what its manifest says; it was thrown away. Tell its sender",
                        download->wanted->name);
                return file_remove(download->part, error);
        }
        int file = download->file;
        download->file = -1;
        result->end = DOWNLOAD_DONE;
        return file_draft_publish(file, download->part, download->final, folder, error);
}

static void judge(const struct download *download, const struct client_peer *peer, CURLcode code,
        struct download_result *result)
{
        const struct exchange *exchange = &download->exchange;
        char words[256];

        result->kept_bytes = download->have;
        result->end = DOWNLOAD_INTERRUPTED;
        if (download->over) {
                result->end = DOWNLOAD_WRONG;
                snprintf(result->reason, sizeof result->reason, "%s: sends more than its manifest says",
                        peer->organisation);
        } else if (download->unwanted) {
                snprintf(result->reason, sizeof result->reason, "%s: %s", download->wanted->name,
                        download->unwanted);
        } else if (exchange->status >= 400) {
                exchange_words(exchange, words, sizeof words);
                if (exchange->status < 500 && exchange->status != 408 && exchange->status != 429)
                        result->end = DOWNLOAD_REFUSED;
                snprintf(result->reason, sizeof result->reason, "%s: status %ld: %s", peer->organisation,
                        exchange->status, words[0] ? words : "no reason was given");
        } else {
                snprintf(result->reason, sizeof result->reason, "%s: %.300s", peer->organisation,
                        code == CURLE_OK ? "its answer is not the file" : exchange->reason);
        }
}

static int run(struct download *download, struct client *client, const struct client_peer *peer,
        const char *folder, struct download_result *result, struct error *error)
{
        CURLcode code = CURLE_OK;
        struct stat status;

        if (fstat(download->file, &status) < 0)
                return error_set(
                        error, -errno, "%s: cannot be read: %s", download->part, strerrordesc_np(errno));
        download->have = (uint64_t)status.st_size;
        if (download->have > download->wanted->length && ftruncate(download->file, 0) == 0)
                download->have = 0;
        if (download->have == download->wanted->length && download->have > 0)
                return publish(download, folder, result, error);
        int r = request(download, client, peer, &code, error);
        result->status = (int)download->exchange.status;
        if (r == 0 && code == CURLE_OK && download->began && download->have == download->wanted->length)
                r = publish(download, folder, result, error);
        else if (r == 0)
                judge(download, peer, code, result);
        exchange_end(&download->exchange);
        if (r == 0 && result->end == DOWNLOAD_WRONG)
                r = file_remove(download->part, error);
        /* What is kept is on the disk, so that it is worth to be kept. */
        if (r == 0 && result->end == DOWNLOAD_INTERRUPTED && fsync(download->file) < 0)
                r = error_set(
                        error, -errno, "%s: cannot be written: %s", download->part, strerrordesc_np(errno));
        return r;
}

/* 1: the file is there and is the right one. */
static int look_for_file(const struct download *download, struct error *error)
{
        int file = open(download->final, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file < 0)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: cannot be opened: %s", download->final,
                                                 strerrordesc_np(errno));
        int r = is_right(file, download->final, download->wanted, error);
        close(file);
        if (r == 0)
                return error_set(error, -EEXIST, "%s: is another file; move it away, then fetch again",
                        download->final);
        return r;
}

int client_download(struct client *client, const struct client_peer *peer, const struct client_file *wanted,
        const char *folder, struct download_result *ret_result, struct error *error)
{
        struct download download = {.wanted = wanted, .file = -1};

        memset(ret_result, 0, sizeof *ret_result);
        if (!id_is_valid(wanted->manifest) || !evidence_name_is_valid(wanted->name) || wanted->length == 0)
                return error_set(
                        error, -EINVAL, "%.128s: is no file of evidence that can be fetched", wanted->name);
        if ((size_t)snprintf(download.final, PATH_MAX, "%s/%s", folder, wanted->name) >= PATH_MAX ||
                (size_t)snprintf(download.part, PATH_MAX, "%s/.%s.part", folder, wanted->name) >= PATH_MAX)
                return error_set(error, -ENAMETOOLONG, "%s: this name is too long", folder);
        int r = look_for_file(&download, error);
        if (r != 0) {
                ret_result->end = DOWNLOAD_DONE;
                return r < 0 ? r : 0;
        }
        download.file = open(download.part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (download.file < 0)
                return error_set(
                        error, -errno, "%s: cannot be made: %s", download.part, strerrordesc_np(errno));
        /* Two that write one file would spoil it for both. */
        if (flock(download.file, LOCK_EX | LOCK_NB) < 0) {
                ret_result->end = DOWNLOAD_INTERRUPTED;
                snprintf(ret_result->reason, sizeof ret_result->reason,
                        "%s: is being fetched by another process", wanted->name);
        } else {
                r = run(&download, client, peer, folder, ret_result, error);
        }
        if (download.file >= 0)
                close(download.file);
        return r;
}
