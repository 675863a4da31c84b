/* SPDX-License-Identifier: EUPL-1.2 */
/* The answer leaves: by a second person, after rules and clearance, encrypted to its recipient. */
#include "exchange/beside.h"
#include "exchange/office_state.h"
#include "exchange/provider_case.h"

#include "courier/client.h"
#include "courier/manifest.h"
#include "courier/server.h"
#include "crypto/cms_seal.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSIDE_BYTES_MAX ((size_t)25600 * 1000) /* Implementing Regulation (EU) 2025/1550: 25,600 kB */
static size_t inside_bytes_most = INSIDE_BYTES_MAX;

struct releasing {
        struct provider_case *c;
        struct message answer;
        struct buffer sealed[DRAFT_PARTS];
        struct post_file files[DRAFT_PARTS];
        char names[DRAFT_PARTS][80];
        size_t bytes;   /* of all files */
        char *manifest; /* where they travel beside the message */
        char manifest_id[MODEL_ID_MAX];
        const struct provider_confirmation *confirmations;
        size_t confirmation_count;
};

/* Section L: to whom it is delivered. */
static const struct certificate *recipient_of(struct releasing *r, const char **ret_name, struct error *error)
{
        const struct provider_case *c = r->c;
        const struct delivery_wish *wish = &c->form->delivery;
        const char *name = wish->recipient == RECIPIENT_VALIDATING && *c->form->validator.organisation
                                   ? c->form->validator.organisation
                           : wish->recipient == RECIPIENT_OTHER ? wish->other.organisation
                                                                : c->order.peer;
        const struct directory_organisation *organisation = directory_find(office_directory(c->office), name);
        const struct directory_certificate *pinned =
                organisation
                        ? directory_certificate_at(organisation, DIRECTORY_DECRYPTION, office_now(c->office))
                        : NULL;

        *ret_name = name;
        if (!pinned)
                error_set(error, -ENOKEY,
                        "the directory has no certificate to which evidence for \"%.100s\" can be encrypted",
                        name);
        return pinned ? pinned->certificate : NULL;
}

static int seal_part(struct releasing *r, int part, const struct certificate *to, struct error *error)
{
        struct cms_plaintext plain = {.bytes = NULL};
        int result = draft_part(r->c, (enum provider_part)part, &plain, error);

        r->sealed[part] = buffer_make(EVIDENCE_JSON_MAX + 65536);
        if (result == 0) {
                result = cms_seal(plain.bytes, plain.length, &to, 1, &r->sealed[part], error);
        }
        cms_plaintext_free(&plain);
        snprintf(r->names[part], sizeof r->names[part], "%s.p7m", draft_names[part]);
        r->files[part] = (struct post_file){.name = r->names[part],
                .media_type = "application/pkcs7-mime",
                .description = draft_media_types[part],
                .bytes = r->sealed[part].bytes,
                .length = r->sealed[part].length,
                .encrypted = true};
        r->bytes += r->sealed[part].length;
        return result;
}

/* ---- evidence beside the message ---- */

static int digests_of(const char *folder, struct evidence_file *ret, struct error *error)
{
        char path[PATH_MAX + EVIDENCE_NAME_MAX + 16];

        snprintf(path, sizeof path, "%.*s/%.*s", PATH_MAX, folder, EVIDENCE_NAME_MAX, ret->name);
        int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (file < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        int r = evidence_digests(file, path, ret->digest, ret->second_digest, &ret->length, error);
        close(file);
        return r;
}

static int describe(struct releasing *r, const char *folder, const char *recipient,
        struct evidence_file files[DRAFT_PARTS], struct error *error)
{
        int64_t now = office_now(r->c->office);
        struct evidence_manifest manifest = {.made_ms = now,
                .from_ms = now,
                .until_ms = now + MANIFEST_WINDOW_LONGEST_MS,
                .files = files,
                .file_count = DRAFT_PARTS};
        int result = 0;

        snprintf(manifest.id, sizeof manifest.id, "%s", r->manifest_id);
        snprintf(manifest.order, sizeof manifest.order, "%s", r->c->order.id);
        snprintf(manifest.sender, sizeof manifest.sender, "%s", office_organisation(r->c->office));
        snprintf(manifest.recipient, sizeof manifest.recipient, "%s", recipient);
        snprintf(manifest.means, sizeof manifest.means, "rogatory-courier-1");
        for (int i = 0; result == 0 && i < DRAFT_PARTS; i++) {
                snprintf(files[i].name, sizeof files[i].name, "%s", r->names[i]);
                result = digests_of(folder, &files[i], error);
        }
        if (result == 0)
                result = evidence_manifest_write(&manifest, &r->manifest, error);
        return result == 0 ? beside_offer_put(r->c->office, &manifest, r->answer.id, error) : result;
}

/* Rows of the message for files that lie beside it. */
static int add_outside(struct releasing *r, const struct evidence_file *from, struct error *error)
{
        const struct model_field *list = model_field_find(&message_head_type, slice_of("files"));
        char location[DIRECTORY_URL_MAX + MODEL_ID_MAX + EVIDENCE_NAME_MAX + 32];
        void *item;

        int result = model_list_add(list, &r->answer, &item, error);
        if (result < 0)
                return result;
        struct file *file = item;
        const char *node = office_self(r->c->office)->node;
        int length = (int)strlen(node);
        while (length > 0 && node[length - 1] == '/')
                length--;
        snprintf(location, sizeof location, "%.*s" SERVER_EVIDENCE_PATH "%s/%.*s", length, node,
                r->manifest_id, EVIDENCE_NAME_MAX, from->name);
        file->size = (int64_t)from->length;
        memcpy(file->digest, from->digest, sizeof file->digest);
        file->encrypted = file->outside = STATED_YES;
        file->available_from_ms = office_now(r->c->office);
        file->available_to_ms = file->available_from_ms + MANIFEST_WINDOW_LONGEST_MS;
        result = model_text(&file->name, slice_of(from->name), MODEL_SHORT, "name", error);
        if (result == 0)
                result = model_text(&file->media_type, slice_of("application/pkcs7-mime"), MODEL_SHORT,
                        "media type", error);
        return result == 0 ? model_text(&file->location, slice_of(location), MODEL_LONG, "location", error)
                           : result;
}

static int put_beside(struct releasing *r, const char *recipient, struct error *error)
{
        struct evidence_file files[DRAFT_PARTS] = {0};
        char folder[PATH_MAX];
        int result = office_new_id(r->manifest_id, error);
        int length = snprintf(folder, sizeof folder, "%s/%s", office_evidence(r->c->office), r->manifest_id);

        if (result == 0 && (length < 0 || (size_t)length >= sizeof folder))
                result = error_set(error, -ENAMETOOLONG, "the node's folder has too long a name");
        if (result == 0)
                result = folder_make(folder, error);
        for (int i = 0; result == 0 && i < DRAFT_PARTS; i++)
                result = file_publish(folder, r->names[i], r->sealed[i].bytes, r->sealed[i].length, error);
        if (result == 0)
                result = describe(r, folder, recipient, files, error);
        for (int i = 0; result == 0 && i < DRAFT_PARTS; i++)
                result = add_outside(r, &files[i], error);
        if (result == 0)
                result = file_publish(folder, POST_MANIFEST_NAME, r->manifest, strlen(r->manifest), error);
        return result == 0 ? model_text(&r->answer.answer.means,
                                     slice_of("beside the message, encrypted to its recipient"), MODEL_SHORT,
                                     "means", error)
                           : result;
}

/* ---- may it leave? ---- */

/* The rules for answers, put to the message as it will be sent. */
static int look(struct releasing *r, struct error *error)
{
        struct provider_case *c = r->c;
        struct message sent;
        struct rule_findings findings;
        const struct model_field *list = model_field_find(&message_head_type, slice_of("files"));
        int result = 0;

        message_init(&sent, MESSAGE_NONE);
        if (message_copy(&r->answer, &sent) < 0)
                return error_set(error, -ENOMEM, "not enough memory");
        for (int i = 0; result == 0 && !r->manifest && i < DRAFT_PARTS; i++) {
                void *item;
                result = model_list_add(list, &sent, &item, error);
                if (result < 0)
                        break;
                struct file *file = item;
                file->size = (int64_t)r->files[i].length;
                file->encrypted = STATED_YES;
                file->outside = STATED_NO;
                result = digest_of(r->files[i].bytes, r->files[i].length, file->digest);
                if (result == 0)
                        result = model_text(
                                &file->name, slice_of(r->files[i].name), MODEL_SHORT, "name", error);
        }
        struct rule_facts facts = facts_make(c->office, &sent, c->form, NULL);
        facts.refusals = c->refusals;
        facts.refusal_count = c->refusal_count;
        if (result == 0)
                result = facts_look(c->office, &sent, &facts, &findings, error);
        message_free(&sent);
        if (result < 0)
                return result;
        c->facts.answer_passes = findings.worst < SEVERITY_STOP;
        if (!c->facts.answer_passes)
                for (size_t i = 0; i < findings.count; i++)
                        if (findings.items[i].severity == SEVERITY_STOP) {
                                result = error_set(error, -EPERM,
                                        "the answer must not leave: %s (Article %s): %.300s",
                                        findings.items[i].rule->id, findings.items[i].rule->article,
                                        findings.items[i].words);
                                break;
                        }
        rule_findings_free(&findings);
        return result;
}

static int finish_tasks(struct releasing *r, struct error *error)
{
        static const int states[] = {[OUTCOME_DISCLOSED] = TASK_DISCLOSED,
                [OUTCOME_NOT_AVAILABLE] = TASK_NOT_AVAILABLE,
                [OUTCOME_REFUSED] = TASK_REJECTED};
        const struct result_list *results = &r->answer.answer.results;
        int result = 0;

        for (size_t i = 0; result == 0 && i < results->count; i++) {
                const struct result *one = &results->items[i];
                const struct scope_refusal *refusal = scope_refusal_of(&r->c->scope, one->identifier_id);
                if ((size_t)one->outcome >= sizeof states / sizeof *states || refusal)
                        continue; /* what was refused or withdrawn stays so */
                result = provider_task(r->c, one->identifier_id, states[one->outcome], false, "", error);
        }
        return result;
}

static int log_release(
        struct releasing *r, const char *prepared_by, const char *recipient, struct error *error)
{
        struct book_message row;
        char digest[DIGEST_TEXT_MAX];
        int result = book_message_find(r->c->office, NULL, r->answer.id, &row, error);

        if (result < 0)
                return result;
        return office_log(r->c->office, "released", NULL,
                json_pack("{s:s, s:s, s:s, s:s, s:i, s:{s:s}}", "order", r->c->order.id, "message",
                        r->answer.id, "container", digest_format(row.digest, digest), "prepared_by",
                        prepared_by, "files", DRAFT_PARTS, "detail", "recipient", recipient),
                error);
}

/* A withdrawal or an objection that has arrived and that nobody has looked at yet has arrived all the same.
 */
static int must_have_looked(struct provider_case *c, struct error *error)
{
        int64_t waiting = 0;
        int r = rows_number(office_database(c->office), error, 0, &waiting,
                "SELECT count(*) FROM inbox WHERE state = 0 AND sender IN (SELECT organisation FROM "
                "book_party"
                " WHERE order_id = ?1)",
                "t", c->order.id);

        if (r == 0 && waiting > 0)
                r = error_set(error, -EAGAIN,
                        "a message has arrived meanwhile that may be about this order; release it again when "
                        "it "
                        "was looked at");
        return r;
}

static int release(struct provider_case *c, const void *arguments, struct error *error)
{
        struct releasing *r = (struct releasing *)(uintptr_t)arguments;
        char prepared_by[MODEL_PERSON_MAX];
        const char *recipient = NULL;

        r->c = c;
        int result = must_have_looked(c, error);
        if (result < 0)
                return result;
        c->facts.answer_passes = true; /* before anything is opened: is there any other reason against it? */
        result = provider_may(c, "release", error);
        c->facts.answer_passes = false;
        if (result == 0)
                result = draft_answer(c, &r->answer, error);
        if (result == 0)
                result =
                        conditions_keep(c, &r->answer.answer, r->confirmations, r->confirmation_count, error);
        const struct certificate *to = result == 0 ? recipient_of(r, &recipient, error) : NULL;
        if (result == 0 && !to)
                result = -ENOKEY;
        for (int i = 0; result == 0 && i < DRAFT_PARTS; i++)
                result = seal_part(r, i, to, error);
        snprintf(prepared_by, sizeof prepared_by, "%s", r->answer.answer.signatory.person);
        r->answer.answer.answered_ms = office_now(c->office);
        if (result == 0)
                result = provider_sign(c, &r->answer.answer.signatory, error);
        if (result == 0 && r->bytes > inside_bytes_most)
                result = put_beside(r, recipient, error);
        if (result == 0)
                result = look(r, error);
        if (result == 0)
                result = provider_take(c, "release", ACTOR_PERSON, "", error);
        if (result == 0)
                result = finish_tasks(r, error);
        /* The draft goes before the message of the same id comes. */
        struct message answer = r->answer;
        if (result == 0)
                result = draft_destroy(c, "released", error);
        const struct post_extra extra = {.manifest = r->manifest};
        if (result == 0)
                result =
                        post_send(c->office, &answer, r->files, r->manifest ? 0 : DRAFT_PARTS, &extra, error);
        r->answer = answer; /* rows of files may have been added: one owner */
        return result == 0 ? log_release(r, prepared_by, recipient, error) : result;
}

void provider_inside_set(size_t bytes)
{
        inside_bytes_most = bytes ? bytes : INSIDE_BYTES_MAX;
}

int provider_release(struct office *office, const char *id, struct error *error)
{
        return provider_release_under(office, id, NULL, 0, error);
}

int provider_release_under(struct office *office, const char *id,
        const struct provider_confirmation *confirmations, size_t count, struct error *error)
{
        struct releasing r = {.confirmations = confirmations, .confirmation_count = count};

        message_init(&r.answer, MESSAGE_NONE);
        int result = post_take_all(office, error);
        if (result >= 0)
                result = provider_step(office, id, release, &r, error);
        message_free(&r.answer);
        for (int i = 0; i < DRAFT_PARTS; i++)
                buffer_free(&r.sealed[i]);
        free(r.manifest);
        return result;
}
