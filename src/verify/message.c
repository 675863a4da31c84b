/* SPDX-License-Identifier: EUPL-1.2 */
/* The message in a container between nodes: what it says, whose it may be, the files that it names, the log
 * of its sender, and the rules of the law as they stood when it was sent. */
#include "verify/examine.h"

#include "custody/witness.h"
#include "directory/facts.h"
#include "hi1/hi1.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_NAME "message.json"
#define EVIDENCE_FOLDER "evidence/"
#define MANIFEST_NAME "manifest.json"
#define CUSTODY_FOLDER "custody/"
#define CHECKPOINT_NAME CUSTODY_FOLDER "checkpoint"

static struct slice content_of(const struct container_object *object)
{
        return slice_make((const char *)object->bytes, object->length);
}

/* --- Whose it is --- */

static int examine_parties(
        const struct message *message, const struct examination_result *result, struct findings *findings)
{
        const char *sealed_by = result->organisations[0];
        char sent[TIME_TEXT_MAX];

        findings_add(findings, FINDING_HELD, "message", MESSAGE_NAME,
                "A message \"%s\" (%s) from %s to %s, sent %s", word_name(&message_kind_words, message->kind),
                message->id, message->sender.organisation, message->receiver.organisation,
                time_format_utc(message->sent_ms, sent));
        if (!sealed_by) {
                findings_add(findings, FINDING_REMARK, "sender-unproven", MESSAGE_NAME,
                        "Who sealed it stands in no directory that was given, so that its sender is its own "
                        "word");
                return 0;
        }
        if (strcmp(sealed_by, message->sender.organisation) == 0) {
                findings_add(findings, FINDING_HELD, "sender-sealed", MESSAGE_NAME,
                        "Its sender is the organisation whose seal it has");
                return 0;
        }
        return findings_refuse(findings, "sender-is-another", MESSAGE_NAME,
                "It says that it is from %s, and has the seal of %s", message->sender.organisation,
                sealed_by);
}

/* --- Its files --- */

static int examine_file(const struct file *file, const struct container *container, struct findings *findings)
{
        char name[CONTAINER_NAME_MAX + 1];
        const struct container_object *object;

        if (file->outside == STATED_YES)
                return 0; /* travels beside the message: examine_beside */
        snprintf(name, sizeof name, EVIDENCE_FOLDER "%s", file->name ? file->name : "");
        object = container_find(container, name);
        if (!object)
                return findings_refuse(
                        findings, "file-missing", name, "The message names this file, and it is not here");
        if ((uint64_t)file->size != object->length ||
                memcmp(file->digest, object->digest, sizeof object->digest) != 0)
                return findings_refuse(findings, "file-is-another", name,
                        "The message names a file of this name with another length or another digest");
        return 0;
}

static bool is_named(const struct message *message, const char *name)
{
        for (size_t i = 0; i < message->files.count; i++)
                if (message->files.items[i].name && strcmp(message->files.items[i].name, name) == 0)
                        return true;
        return false;
}

static int examine_files(
        const struct message *message, const struct container *container, struct findings *findings)
{
        int r = 0;

        for (size_t i = 0; i < message->files.count; i++) {
                int one = examine_file(&message->files.items[i], container, findings);
                r = r < 0 ? r : one;
        }
        for (size_t i = 0; i < container->count; i++) {
                const char *name = container->objects[i].name;
                bool own = strcmp(name, MESSAGE_NAME) == 0 || strcmp(name, MANIFEST_NAME) == 0 ||
                           strncmp(name, CUSTODY_FOLDER, strlen(CUSTODY_FOLDER)) == 0;
                bool evidence = strncmp(name, EVIDENCE_FOLDER, strlen(EVIDENCE_FOLDER)) == 0 &&
                                is_named(message, name + strlen(EVIDENCE_FOLDER));
                if (!own && !evidence)
                        r = findings_refuse(findings, "file-not-named", name,
                                "The message does not name this file: nobody says what it is");
        }
        if (r == 0 && message->files.count > 0)
                findings_add(findings, FINDING_HELD, "files", MESSAGE_NAME,
                        "The files are those that the message names, with their lengths and digests");
        return r;
}

/* --- The sender's log --- */

static int examine_checkpoint(const struct evidence *evidence, const struct message *message,
        const struct container *container, struct findings *findings)
{
        const struct container_object *object = container_find(container, CHECKPOINT_NAME);
        const struct directory_organisation *sender =
                evidence->directory ? directory_find(evidence->directory, message->sender.organisation)
                                    : NULL;
        struct witness_request request;
        struct checkpoint checkpoint;
        struct error error = {0};

        if (!object || !sender)
                return 0;
        int r = witness_request_read(content_of(object), &request, &error);
        if (r == 0)
                r = checkpoint_open(request.checkpoint, &sender->log_key, 1, &checkpoint, NULL, &error);
        if (r == -ENOMEM || r == -EIO)
                return r;
        if (r < 0)
                return findings_refuse(
                        findings, "checkpoint-unsigned", CHECKPOINT_NAME, "%.400s", error.text);
        findings_add(findings, FINDING_HELD, "checkpoint", CHECKPOINT_NAME,
                "The sender's log %s had %llu entries, signed by the key that the directory pins",
                checkpoint.origin, (unsigned long long)checkpoint.size);
        return 0;
}

/* --- The words of the order --- */

static const uint8_t *digest_stated(const struct message *message)
{
        switch (message->kind) {
        case MESSAGE_EA_CLEARANCE:
                return message->ea_clearance.order_digest;
        case MESSAGE_EA_OBJECTION:
                return message->ea_objection.order_digest;
        case MESSAGE_RECEIPT:
                return message->receipt.message_kind == MESSAGE_EA_NOTIFICATION
                               ? message->receipt.order_digest
                               : NULL;
        default:
                return NULL;
        }
}

/* Who has the containers of an order and of what was decided on it sees whether it was decided on that. */
static int examine_words(const struct message *message, struct findings *findings)
{
        const struct order *order = message_order_const(message);
        const uint8_t *stated = digest_stated(message);
        static const uint8_t none[DIGEST_BYTES];
        char text[DIGEST_TEXT_MAX];
        uint8_t digest[DIGEST_BYTES];
        struct error error = {0};

        if (order) {
                int r = hi1_order_digest(message->order_id, message->generation, order, digest, &error);
                if (r < 0)
                        return r;
                findings_add(findings, FINDING_HELD, "order-words", MESSAGE_NAME,
                        "The order's words are %s: what an enforcing authority says of it names these",
                        digest_format(digest, text));
        } else if (stated && memcmp(stated, none, sizeof none) != 0) {
                findings_add(findings, FINDING_HELD, "order-words", MESSAGE_NAME,
                        "It is of the order whose words are %s", digest_format(stated, text));
        }
        return 0;
}

/* --- The rules --- */

static int examine_rules(const struct evidence *evidence, const struct message *message,
        const char *sealed_by, struct findings *findings)
{
        const struct order *order = message_order_const(message);
        struct rule_facts facts = rule_facts_make(message->sent_ms, true);
        struct rule_settings settings = rule_settings_default();
        struct rule_findings found;
        size_t stops = 0;

        if (!order || !evidence->directory)
                return 0;
        snprintf(facts.sealed_by, sizeof facts.sealed_by, "%s", sealed_by ? sealed_by : "");
        directory_facts(evidence->directory, order->issuer.organisation, ORGANISATION_ISSUING, &facts.issuer);
        directory_facts(evidence->directory, order->validator.organisation, ORGANISATION_VALIDATING,
                &facts.validator);
        directory_facts(
                evidence->directory, order->addressee.organisation, ORGANISATION_PROVIDER, &facts.addressee);
        directory_facts(evidence->directory, order->ea.authority.organisation, ORGANISATION_ENFORCING,
                &facts.enforcing);
        facts.directory_expired = directory_is_expired(evidence->directory, message->sent_ms);
        settings.shared_unknown = true; /* which addresses a provider shares is in no message */
        int r = rules_look(message, &facts, &settings, &found);
        if (r < 0)
                return r;
        for (size_t i = 0; i < found.count; i++) {
                const struct rule_finding *one = &found.items[i];
                bool stop = one->severity == SEVERITY_STOP;
                stops += stop;
                findings_add(findings, stop ? FINDING_FATAL : FINDING_REMARK, one->rule->id, one->place,
                        "%s (Article %s)", one->words, one->rule->article);
        }
        rule_findings_free(&found);
        if (stops == 0)
                findings_add(findings, FINDING_HELD, "rules", MESSAGE_NAME,
                        "No rule forbids the order, by this directory and on the day that it was sent");
        return stops > 0 ? -EBADMSG : 0;
}

int examine_message(const struct evidence *evidence, struct examination_result *result)
{
        const struct container_object *object = container_find(&result->container, MESSAGE_NAME);
        struct message message;

        if (!object)
                return evidence->beside_count == 0 /* a container of something else */
                               ? 0
                               : findings_refuse(&result->findings, "beside-no-message", MESSAGE_NAME,
                                         "Files are given that are to have travelled beside a message, and "
                                         "there is no message");
        message_init(&message, MESSAGE_NONE);
        int r = hi1_read(content_of(object), &message, &result->findings);
        if (r == 0)
                r = examine_parties(&message, result, &result->findings);
        if (r == 0)
                r = examine_files(&message, &result->container, &result->findings);
        if (r == 0)
                r = examine_beside(evidence, &message, &result->container, &result->findings);
        if (r == 0)
                r = examine_checkpoint(evidence, &message, &result->container, &result->findings);
        if (r == 0)
                r = examine_words(&message, &result->findings);
        if (r == 0)
                r = examine_rules(evidence, &message, result->organisations[0], &result->findings);
        message_free(&message);
        return r;
}
