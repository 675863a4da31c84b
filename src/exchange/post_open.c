/* SPDX-License-Identifier: EUPL-1.2 */
/* A container that came, by itself: whose seal, which message, which files. */
#include "exchange/post_state.h"

#include "hi1/hi1.h"
#include "os/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int post_refuse(struct post_refusal *refusal, const char *code, const char *format, ...)
{
        va_list arguments;

        snprintf(refusal->code, sizeof refusal->code, "%s", code);
        va_start(arguments, format);
        vsnprintf(refusal->words, sizeof refusal->words, format, arguments);
        va_end(arguments);
        return -EBADMSG;
}

/* The first reason for which an examination failed. */
static int refuse_by(struct post_refusal *refusal, const struct findings *findings)
{
        for (size_t i = 0; i < findings->count; i++)
                if (findings->list[i].weight == FINDING_FATAL)
                        return post_refuse(refusal, findings->list[i].code, "%.160s: %.340s",
                                findings->list[i].place, findings->list[i].sentence);
        return post_refuse(refusal, "container-refused", "the container is not accepted");
}

/* The seals of everybody; whose it is, and whether it is pinned now, is asked by its fingerprint. */
static int gather_seals(const struct directory *directory, struct certificate_set *ret)
{
        int r = 0;

        for (size_t o = 0; r == 0 && o < directory->organisation_count; o++) {
                const struct directory_organisation *one = &directory->organisations[o];
                for (size_t i = 0; r == 0 && i < one->certificate_count[DIRECTORY_SEAL]; i++)
                        r = certificate_set_add(ret, one->certificates[DIRECTORY_SEAL][i].certificate);
        }
        return r;
}

static int open_container(struct office *office, const void *bytes, size_t length, int64_t at_ms,
        struct post_opened *opened, struct post_refusal *refusal, struct error *error)
{
        const struct directory *directory = office_directory(office);
        struct certificate_set seals = {0};

        int r = gather_seals(directory, &seals);
        if (r == 0) {
                struct container_rules rules = {
                        .trust = {.signers = &seals, .timestamps = &office->services, .instant_ms = at_ms},
                        .deviations_refused = true};
                r = container_open(bytes, length, &rules, &opened->findings, &opened->container);
        }
        certificate_set_free(&seals);
        if (r == -EBADMSG)
                return refuse_by(refusal, &opened->findings);
        if (r < 0)
                return error_set(error, r, "a container could not be examined to its end");
        /* One seal: who else signs is not asked here, and what is not asked is not let in. */
        if (opened->container.signer_count != 1)
                return post_refuse(refusal, "many-seals",
                        "the container has %zu signatures, and one is wanted",
                        opened->container.signer_count);
        const struct cms_signature *signature = &opened->container.signers[0];
        opened->sender = directory_find_certificate(directory, DIRECTORY_SEAL,
                certificate_words(signature->signer)->fingerprint,
                signature->proven_ms != TIME_UNKNOWN ? signature->proven_ms : at_ms, NULL);
        return opened->sender ? 0
                              : post_refuse(refusal, "seal-not-pinned",
                                        "when the container came, the directory named its seal as nobody's");
}

static int read_message(struct post_opened *opened, struct post_refusal *refusal, struct error *error)
{
        const struct container_object *object = container_find(&opened->container, POST_MESSAGE_NAME);
        struct findings findings = {0};

        if (!object)
                return post_refuse(refusal, "no-message", "%s: is not in the container", POST_MESSAGE_NAME);
        int r = hi1_read(
                slice_make((const char *)object->bytes, object->length), &opened->message, &findings);
        if (r == -EBADMSG)
                refuse_by(refusal, &findings);
        else if (r < 0)
                error_set(error, r, "a message could not be read");
        findings_free(&findings);
        return r;
}

/* Each file that the message names is in the container, and is what it says. */
static int check_files(const struct post_opened *opened, struct post_refusal *refusal)
{
        const struct file_list *files = &opened->message.files;
        char name[CONTAINER_NAME_MAX + 1];

        for (size_t i = 0; i < files->count; i++) {
                const struct file *file = &files->items[i];
                if (file->outside == STATED_YES)
                        continue;
                int n = snprintf(name, sizeof name, POST_EVIDENCE_FOLDER "%s", file->name ? file->name : "");
                const struct container_object *object =
                        n < (int)sizeof name ? container_find(&opened->container, name) : NULL;
                if (!object)
                        return post_refuse(refusal, "file-missing",
                                "the message names a file %.100s, which is not in the container",
                                file->name ? file->name : "without a name");
                if (file->size != (int64_t)object->length ||
                        memcmp(file->digest, object->digest, DIGEST_BYTES) != 0)
                        return post_refuse(refusal, "file-differs",
                                "%.100s: is not the file whose size and digest the message states", name);
        }
        return 0;
}

/* What nobody reads could say what nobody knows. */
static int check_objects(const struct post_opened *opened, struct post_refusal *refusal)
{
        static const char *const known[] = {POST_MESSAGE_NAME, POST_MANIFEST_NAME, POST_CHECKPOINT_NAME,
                POST_FURTHER_NAME, POST_EARLIER_NAME, POST_COSIGNED_NAME};
        const struct file_list *files = &opened->message.files;
        const size_t folder = strlen(POST_EVIDENCE_FOLDER);

        for (size_t i = 0; i < opened->container.count; i++) {
                const char *name = opened->container.objects[i].name;
                bool found = false;
                for (size_t k = 0; k < sizeof known / sizeof *known; k++)
                        found |= strcmp(name, known[k]) == 0;
                for (size_t f = 0; !found && f < files->count; f++)
                        found = strncmp(name, POST_EVIDENCE_FOLDER, folder) == 0 && files->items[f].name &&
                                files->items[f].outside != STATED_YES &&
                                strcmp(name + folder, files->items[f].name) == 0;
                if (!found)
                        return post_refuse(refusal, "stray-file",
                                "%.100s: is in the container, and the message does not name it", name);
        }
        return 0;
}

int post_open(struct office *office, const void *bytes, size_t length, int64_t at_ms, struct post_opened *ret,
        struct post_refusal *refusal, struct error *error)
{
        *ret = (struct post_opened){.sender = NULL};
        message_init(&ret->message, MESSAGE_NONE);
        int r = open_container(office, bytes, length, at_ms, ret, refusal, error);

        if (r == 0)
                r = read_message(ret, refusal, error);
        if (r == 0)
                r = check_files(ret, refusal);
        if (r == 0)
                r = post_check_manifest(ret, refusal, error);
        return r == 0 ? check_objects(ret, refusal) : r;
}

void post_opened_clear(struct post_opened *opened)
{
        message_free(&opened->message);
        container_free(&opened->container);
        findings_free(&opened->findings);
}

int post_container(struct office *office, const char *peer, const char *id, struct container *ret_container,
        struct error *error)
{
        struct post_opened opened = {.sender = NULL};
        struct post_refusal refusal = {.code = ""};
        struct buffer bytes = buffer_make(MESSAGE_BYTES_MAX);
        struct book_message row;
        char name[POST_FILE_NAME_MAX], path[PATH_MAX];
        uint8_t digest[DIGEST_BYTES];

        int r = book_message_find(office, peer, id, &row, error);
        if (r < 0)
                return r;
        post_file_name(peer, id, name);
        int n = snprintf(path, sizeof path, "%s/%s", office_containers(office), name);
        if (n >= (int)sizeof path)
                return error_set(error, -ENAMETOOLONG, "%s: the path is too long", name);
        r = file_read(path, &bytes, error);
        if (r == 0 && (r = digest_of(bytes.bytes, bytes.length, digest)) < 0)
                error_set(error, r, "a digest could not be made");
        if (r == 0 && memcmp(digest, row.digest, DIGEST_BYTES) != 0)
                r = error_set(error, -EBADMSG,
                        "%s: is not the container that came: it was changed on this machine", path);
        if (r == 0)
                r = post_open(office, bytes.bytes, bytes.length, row.at_ms, &opened, &refusal, error);
        if (r == -EBADMSG && *refusal.code)
                error_set(error, r, "%s: %.300s (%s)", path, refusal.words, refusal.code);
        if (r == 0) {
                *ret_container = opened.container;
                opened.container = (struct container){.count = 0};
        }
        post_opened_clear(&opened);
        buffer_free(&bytes);
        return r;
}
