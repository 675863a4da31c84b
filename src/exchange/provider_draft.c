/* SPDX-License-Identifier: EUPL-1.2 */
/* What was prepared and has not left: encrypted to this node, so that whoever copies its folder has nothing.
 */
#include "exchange/office_state.h"
#include "exchange/provider_case.h"

#include "crypto/cms_seal.h"
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DRAFT_SEALED_MAX (EVIDENCE_JSON_MAX + 65536)

const char *const draft_names[DRAFT_PARTS] = {[PROVIDER_JSON] = EVIDENCE_JSON_NAME,
        [PROVIDER_STATEMENT] = EVIDENCE_STATEMENT_NAME,
        [PROVIDER_PROVENANCE] = EVIDENCE_PROVENANCE_NAME};
const char *const draft_media_types[DRAFT_PARTS] = {[PROVIDER_JSON] = "application/json",
        [PROVIDER_STATEMENT] = "text/html",
        [PROVIDER_PROVENANCE] = "application/ld+json"};

static void file_name(const struct provider_case *c, int part, char name[128])
{
        snprintf(name, 128, "draft-%s-%s.p7m", c->order.id, draft_names[part]);
}

static int path_of(struct provider_case *c, int part, char path[PATH_MAX], struct error *error)
{
        char name[128];

        file_name(c, part, name);
        int length = snprintf(path, PATH_MAX, "%s/%s", office_evidence(c->office), name);
        return length > 0 && length < PATH_MAX ? 0
                                               : error_set(error, -ENAMETOOLONG, "%s: the name is too long",
                                                         office_evidence(c->office));
}

static int keep_part(struct provider_case *c, int part, const struct buffer *plain, struct error *error)
{
        struct buffer sealed = buffer_make(DRAFT_SEALED_MAX);
        const struct private_key *key;
        const struct certificate *certificate;
        char name[128];

        file_name(c, part, name);
        int r = office_key(c->office, DIRECTORY_DECRYPTION, &key, &certificate, error);
        if (r == 0) {
                r = cms_seal(plain->bytes, plain->length, &certificate, 1, &sealed, error);
        }
        if (r == 0)
                r = file_publish(office_evidence(c->office), name, sealed.bytes, sealed.length, error);
        buffer_free(&sealed);
        return r;
}

/* Answers that wait for their release are drafts in the book, under the id of the message to come. */
struct last_draft {
        char id[MODEL_ID_MAX];
};
static int note_draft(void *context, const struct book_message *message)
{
        struct last_draft *last = context;

        if (message->direction == DIRECTION_DRAFT)
                snprintf(last->id, sizeof last->id, "%s", message->id);
        return 0;
}

static int find_draft(struct provider_case *c, struct last_draft *ret, struct error *error)
{
        *ret = (struct last_draft){.id = ""};
        return book_messages_each(c->office, c->order.id, MESSAGE_ANSWER, note_draft, ret, error);
}

bool draft_is_there(struct provider_case *c)
{
        struct last_draft last;

        return find_draft(c, &last, NULL) == 0 && *last.id;
}

int draft_keep(struct provider_case *c, struct message *answer, const struct buffer parts[DRAFT_PARTS],
        struct error *error)
{
        struct book_message row = {.direction = DIRECTION_DRAFT, .at_ms = office_now(c->office)};
        struct last_draft before;
        int r = find_draft(c, &before, error);

        if (r == 0 && *before.id)
                r = book_draft_remove(c->office, before.id, error);
        for (int i = 0; r == 0 && i < DRAFT_PARTS; i++)
                r = keep_part(c, i, &parts[i], error);
        snprintf(row.peer, sizeof row.peer, "%s", c->order.peer);
        if (r == 0)
                r = book_message_put(c->office, answer, &row, error);
        return r;
}

int draft_answer(struct provider_case *c, struct message *ret, struct error *error)
{
        struct last_draft last;
        int r = find_draft(c, &last, error);

        if (r == 0 && !*last.id)
                r = error_set(error, -ENOENT, "nothing is prepared for the order %s", c->order.id);
        return r == 0 ? book_message_read(c->office, NULL, last.id, ret, error) : r;
}

int draft_part(
        struct provider_case *c, enum provider_part part, struct cms_plaintext *ret, struct error *error)
{
        struct buffer sealed = buffer_make(DRAFT_SEALED_MAX);
        struct findings findings = {0};
        const struct private_key *key;
        const struct certificate *certificate;
        char path[PATH_MAX];

        int r = path_of(c, (int)part, path, error);
        if (r == 0)
                r = office_key(c->office, DIRECTORY_DECRYPTION, &key, &certificate, error);
        if (r == 0)
                r = file_read(path, &sealed, error);
        if (r == 0) {
                r = cms_open(sealed.bytes, sealed.length, key, certificate, path, &findings, ret);
                if (r < 0)
                        error_set(error, r, "%s: what was prepared cannot be opened%s%s", path,
                                private_key_trouble(key) ? ": " : "; prepare it again",
                                private_key_trouble(key) ? private_key_trouble(key) : "");
        }
        findings_free(&findings);
        buffer_free(&sealed);
        return r;
}

/* Files are no part of a transaction. Those that are destroyed go when it is committed, by draft_sweep: were
 * they gone before, a node that was killed in between would have an answer in its book that nobody can open.
 */
int draft_destroy(struct provider_case *c, const char *reason, struct error *error)
{
        struct last_draft last;
        char path[PATH_MAX];
        int files = 0;
        int r = find_draft(c, &last, error);

        for (int i = 0; r == 0 && i < DRAFT_PARTS; i++) {
                r = path_of(c, i, path, error);
                files += r == 0 && access(path, F_OK) == 0;
        }
        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_PREPARED_MS, error);
        if (r < 0 || (!*last.id && files == 0))
                return r;
        c->office->drafts_destroyed = true;
        if (*last.id)
                r = book_draft_remove(c->office, last.id, error);
        if (r == 0)
                r = office_log(c->office, "retention", OFFICE_NODE,
                        json_pack("{s:s, s:s, s:s, s:i, s:s}", "action", "destroyed", "what",
                                "evidence that was prepared and not released", "order", c->order.id, "files",
                                files, "reason", reason),
                        error);
        return r;
}

/* ---- files that belong to no draft ---- */

static bool order_of_file(const char *name, char ret_id[MODEL_ID_MAX])
{
        static const char mark[] = "draft-";

        if (strncmp(name, mark, strlen(mark)) != 0 || strlen(name) < strlen(mark) + MODEL_ID_MAX)
                return false;
        memcpy(ret_id, name + strlen(mark), MODEL_ID_MAX - 1);
        ret_id[MODEL_ID_MAX - 1] = '\0';
        return name[strlen(mark) + MODEL_ID_MAX - 1] == '-';
}

/* 1: the book has a draft of the answer to this order. */
static int has_draft(struct office *office, const char *order_id, struct error *error)
{
        struct last_draft last = {.id = ""};
        int r = book_messages_each(office, order_id, MESSAGE_ANSWER, note_draft, &last, error);

        return r < 0 ? r : *last.id != '\0';
}

/* Who prepares writes the files first and then commits: whoever has the database knows that nobody is between
 * the two. */
static int sweep_one(struct office *office, const char *name, const char *order_id, struct error *error)
{
        char path[PATH_MAX];
        int r = has_draft(office, order_id, error);

        if (r != 0)
                return r < 0 ? r : 0;
        r = queue_work_begin(office_queue(office), error);
        if (r < 0)
                return r;
        r = has_draft(office, order_id, error);
        if (r == 0) {
                int length = snprintf(path, sizeof path, "%s/%s", office_evidence(office), name);
                r = length > 0 && length < (int)sizeof path ? file_remove(path, error) : 0;
        }
        queue_work_abandon(office_queue(office));
        return r < 0 ? r : 0;
}

int draft_sweep(struct office *office, struct error *error)
{
        char id[MODEL_ID_MAX];
        int r = 0;
        DIR *folder = opendir(office_evidence(office));

        if (!folder)
                return errno == ENOENT ? 0
                                       : error_set(error, -errno, "%s: %s", office_evidence(office),
                                                 strerrordesc_np(errno));
        for (struct dirent *entry; r == 0 && (entry = readdir(folder));)
                if (order_of_file(entry->d_name, id))
                        r = sweep_one(office, entry->d_name, id, error);
        closedir(folder);
        office->drafts_destroyed = office->drafts_destroyed && r < 0;
        return r;
}
