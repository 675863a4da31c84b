/* SPDX-License-Identifier: EUPL-1.2 */
/* The kinds of entries and the fields of each. The fields of orders are those that the statistics of Article
 * 28 of Regulation (EU) 2023/1543 are made of (custody/statistics.h). */
#include "custody/log_entry.h"

#include <string.h>

#define CATEGORIES "|subscriber|identify-only|traffic|content|"
#define MUST true
#define MAY false
static const struct entry_field order_issued[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"instrument", FIELD_NAME, MUST, "|production|preservation|"},
        {"categories", FIELD_NAMES, MUST, CATEGORIES},
        {"addressee", FIELD_TEXT, MUST, NULL},
        {"emergency", FIELD_FLAG, MUST, NULL},
        {"derogation", FIELD_FLAG, MUST, NULL}, /* an emergency without validation beforehand, Article 4(5) */
        {"follows", FIELD_ID, MAY, NULL},       /* the preservation order whose data it asks for */
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field order_received[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"instrument", FIELD_NAME, MUST, "|production|preservation|"},
        {"categories", FIELD_NAMES, MUST, CATEGORIES},
        {"addressee", FIELD_TEXT, MUST, NULL},
        {"emergency", FIELD_FLAG, MUST, NULL},
        {"derogation", FIELD_FLAG, MUST, NULL},
        {"follows", FIELD_ID, MAY, NULL},
        {"message", FIELD_ID, MUST, NULL},
        {"sender", FIELD_TEXT, MUST, NULL},
        {"container", FIELD_HASH, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field order_checked[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"outcome", FIELD_NAME, MUST, "|accepted|rejected|"},
        {"findings", FIELD_TEXTS, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field decision[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"decision", FIELD_NAME, MUST, NULL},
        {"role", FIELD_NAME, MUST, NULL},
        {"reason", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field later_validation[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"outcome", FIELD_NAME, MUST, "|validated|refused|"},
        {"reason", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field authority_notified[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"authority", FIELD_TEXT, MUST, NULL},
        {"message", FIELD_ID, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field plaintext_read[] = {
        {"purpose", FIELD_TEXT, MUST, NULL}, /* requirement 16 */
        {"what", FIELD_TEXT, MUST, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"case", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field released[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"message", FIELD_ID, MUST, NULL},
        {"container", FIELD_HASH, MUST, NULL},
        {"prepared_by", FIELD_TEXT, MAY, NULL},
        {"files", FIELD_COUNT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field refused[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"stage", FIELD_NAME, MUST, "|check|provider|enforcing-authority|"},
        {"grounds", FIELD_NAMES, MUST, NULL},
        {"whole", FIELD_FLAG, MUST, NULL}, /* false: some identifiers of it only */
        {"reason", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field data_obtained[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"message", FIELD_ID, MUST, NULL},
        {"container", FIELD_HASH, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field preserved[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"until", FIELD_INSTANT, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field withdrawn[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"reason", FIELD_NAME, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field enforcement[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"step", FIELD_NAME, MUST, "|transmitted|accepted|refused|fulfilled|"},
        {"authority", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field remedy[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"state", FIELD_NAME, MUST, "|issuing|enforcing|"},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field costs[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"claimed_cents", FIELD_COUNT, MUST, NULL},
        {"reimbursed_cents", FIELD_COUNT, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field retention[] = {
        {"action", FIELD_NAME, MUST, "|destroyed|held|let-go|"},
        {"what", FIELD_TEXT, MUST, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"files", FIELD_COUNT, MAY, NULL},
        {"reason", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field opening_erased[] = {
        {"entry", FIELD_COUNT, MUST, NULL},
        {"reason", FIELD_TEXT, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field administration[] = {
        {"action", FIELD_NAME, MUST, NULL},
        {"what", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field window_sealed[] = {
        {"realm", FIELD_TEXT, MUST, NULL},
        {"file", FIELD_TEXT, MUST, NULL},
        {"window", FIELD_INSTANT, MUST, NULL}, /* its beginning */
        {"generation", FIELD_COUNT, MUST, NULL},
        {"digest", FIELD_HASH, MUST, NULL}, /* of the file as it lies on the disk */
        {"bytes", FIELD_COUNT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field directory_changed[] = {
        {"version", FIELD_COUNT, MUST, NULL},
        {"digest", FIELD_HASH, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field message_sent[] = {
        {"message", FIELD_ID, MUST, NULL},
        {"message_kind", FIELD_NAME, MUST, NULL},
        {"receiver", FIELD_TEXT, MUST, NULL},
        {"container", FIELD_HASH, MUST, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field message_received[] = {
        {"message", FIELD_ID, MUST, NULL},
        {"message_kind", FIELD_NAME, MUST, NULL},
        {"sender", FIELD_TEXT, MUST, NULL},
        {"container", FIELD_HASH, MUST, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field receipt[] = {
        {"message", FIELD_ID, MUST, NULL}, /* that it is the receipt of */
        {"effect", FIELD_NAME, MUST, NULL},
        {"sender", FIELD_TEXT, MUST, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field evidence_fetched[] = {
        {"message", FIELD_ID, MUST, NULL}, /* beside which it was offered */
        {"sender", FIELD_TEXT, MUST, NULL},
        {"outcome", FIELD_NAME, MUST, "|whole|part|nothing|"},
        {"files", FIELD_COUNT, MUST, NULL},
        {"missing", FIELD_COUNT, MUST, NULL},
        {"bytes", FIELD_COUNT, MAY, NULL},
        {"order", FIELD_ID, MAY, NULL},
        {"reason", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field person_informed[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"due", FIELD_INSTANT, MAY, NULL},
        {"how", FIELD_TEXT, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field informing_delayed[] = {
        {"order", FIELD_ID, MUST, NULL},
        {"until", FIELD_INSTANT, MUST, NULL},
        {"ground", FIELD_NAME, MUST, NULL},
        {"reason", FIELD_TEXT, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field error_reported[] = {
        {"error", FIELD_NAME, MUST, NULL},
        {"what", FIELD_TEXT, MUST, NULL},
        {"notified", FIELD_TEXTS, MUST, NULL}, /* requirement 20: the person and the oversight body */
        {"order", FIELD_ID, MAY, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field log_witnessed[] = {
        {"origin", FIELD_TEXT, MUST, NULL},
        {"size", FIELD_COUNT, MUST, NULL},
        {"root", FIELD_HASH, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};
static const struct entry_field log_refused[] = {
        {"origin", FIELD_TEXT, MUST, NULL},
        {"verdict", FIELD_NAME, MUST, NULL},
        {"kept_size", FIELD_COUNT, MUST, NULL},
        {"kept_root", FIELD_HASH, MUST, NULL},
        {"offered_size", FIELD_COUNT, MUST, NULL},
        {"offered_root", FIELD_HASH, MUST, NULL},
        {"detail", FIELD_DETAIL, MAY, NULL},
};

#define KIND(name, fields, meaning)                                                                          \
        {                                                                                                    \
                name, meaning, fields, sizeof fields / sizeof *fields                                        \
        }
static const struct entry_kind kinds[] = {
        KIND("order-issued", order_issued, "this node's authority issued an order"),
        KIND("order-received", order_received, "an order arrived"),
        KIND("order-checked", order_checked, "container, signature, directory, role and rules were checked"),
        KIND("decision", decision, "a person decided a step of an order"),
        KIND("later-validation", later_validation, "an emergency order was validated afterwards, or not"),
        KIND("authority-notified", authority_notified, "the enforcing authority was notified (Article 8)"),
        KIND("plaintext-read", plaintext_read, "somebody read records or evidence in plain text"),
        KIND("released", released, "evidence left for the authority"),
        KIND("refused", refused, "an order, or identifiers of it, was refused"),
        KIND("data-obtained", data_obtained, "the authority opened the evidence"),
        KIND("preserved", preserved, "data are preserved for an order"),
        KIND("withdrawn", withdrawn, "an order was withdrawn"),
        KIND("enforcement", enforcement, "an order went to the enforcing State (Article 16)"),
        KIND("remedy", remedy, "somebody used a legal remedy against an order (Article 18)"),
        KIND("costs", costs, "costs were claimed for an order (Article 14)"),
        KIND("retention", retention, "records were destroyed, held, or a hold was let go"),
        KIND("opening-erased", opening_erased, "what an entry commits to was erased"),
        KIND("administration", administration, "somebody changed how this node works"),
        KIND("window-sealed", window_sealed, "a window of the store was closed"),
        KIND("directory-changed", directory_changed, "another version of the directory was taken over"),
        KIND("message-sent", message_sent, "a message was sealed and handed to delivery"),
        KIND("message-received", message_received, "a message was accepted"),
        KIND("receipt", receipt, "the receipt of a message came back"),
        KIND("evidence-fetched", evidence_fetched, "evidence beside a message was fetched, or given up"),
        KIND("person-informed", person_informed, "the person concerned was informed (Article 13)"),
        KIND("informing-delayed", informing_delayed, "informing the person was put off (Article 13)"),
        KIND("error-reported", error_reported, "somebody was or may have been wrongly identified"),
        KIND("log-witnessed", log_witnessed, "another node's log was found to have only grown"),
        KIND("log-refused", log_refused, "another node's log was found forked or shortened"),
};

const struct entry_kind *entry_kinds(size_t *ret_count)
{
        *ret_count = sizeof kinds / sizeof *kinds;
        return kinds;
}

const struct entry_kind *entry_kind_find(const char *name)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return &kinds[i];
        return NULL;
}
