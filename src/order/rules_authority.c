/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/deadline.h"
#include "order/rules_row.h"

#define GAPS_SHOWN 64

void look_form(struct rule_case *c)
{
        struct form_gap gaps[GAPS_SHOWN];
        size_t count = form_gaps(c->message, gaps, GAPS_SHOWN);

        for (size_t i = 0; i < count && i < GAPS_SHOWN; i++)
                if (!gaps[i].barred)
                        broken(c, gaps[i].path, NULL, "missing: %s%s%s", gaps[i].field->label,
                                *gaps[i].field->section ? ", section " : "", gaps[i].field->section);
        if (count > GAPS_SHOWN)
                broken(c, "message", NULL, "and %zu further fields", count - GAPS_SHOWN);
}

/* A draft has section M where the enforcing authority is to be notified; it goes into the notification alone.
 */
static bool is_for_enforcing(const struct rule_case *c, const struct form_gap *gap)
{
        return !c->facts->received && !*c->facts->sealed_by && c->order &&
               c->order->ea.notified == STATED_YES && strstr(gap->path, "ea_information") != NULL;
}

void look_barred(struct rule_case *c)
{
        struct form_gap gaps[GAPS_SHOWN];
        size_t count = form_gaps(c->message, gaps, GAPS_SHOWN);

        for (size_t i = 0; i < count && i < GAPS_SHOWN; i++)
                if (gaps[i].barred && !is_for_enforcing(c, &gaps[i]))
                        broken(c, gaps[i].path, NULL, "must not be given here: %s, section %s; leave it out",
                                gaps[i].field->label, gaps[i].field->section);
}

void look_kind(struct rule_case *c)
{
        enum order_kind wanted = c->message->kind == MESSAGE_PRODUCTION_ORDER     ? ORDER_PRODUCTION
                                 : c->message->kind == MESSAGE_PRESERVATION_ORDER ? ORDER_PRESERVATION
                                 : c->message->kind == MESSAGE_EA_NOTIFICATION    ? ORDER_PRODUCTION
                                                                                  : c->order->kind;
        if (c->order->kind != wanted || c->order->kind == ORDER_NONE)
                broken(c, "kind", NULL, "the order is of kind %s inside a message %s",
                        word_name(&order_kind_words, c->order->kind),
                        word_name(&message_kind_words, c->message->kind));
        if (c->message->kind == MESSAGE_AMENDMENT && c->facts->order &&
                c->facts->order->kind != c->order->kind)
                broken(c, "order.kind", NULL, "an amendment does not turn %s into %s: issue a new order",
                        word_name(&order_kind_words, c->facts->order->kind),
                        word_name(&order_kind_words, c->order->kind));
}

void look_identifier_ids(struct rule_case *c)
{
        for (size_t i = 0; i < c->order->identifiers.count; i++)
                for (size_t k = 0; k < i; k++)
                        if (strcmp(c->order->identifiers.items[i].id, c->order->identifiers.items[k].id) ==
                                0) {
                                broken(c, "identifiers", &c->order->identifiers.items[i],
                                        "identifiers %zu and %zu have one number", k + 1, i + 1);
                                break;
                        }
}

static void later(struct rule_case *c, const char *place, int64_t signed_ms)
{
        char text[TIME_TEXT_MAX];

        if (signed_ms != TIME_UNKNOWN && signed_ms > c->facts->now_ms + c->settings->future_ms)
                broken(c, place, NULL, "dated %s, which has not come yet", time_format_utc(signed_ms, text));
}

void look_times_of_writing(struct rule_case *c)
{
        later(c, "issuer.signatory.signed_ms", c->order->issuer.signatory.signed_ms);
        later(c, "validator.signatory.signed_ms", c->order->validator.signatory.signed_ms);
}

static bool is_there(
        const struct organisation_facts *facts, const char *organisation, enum organisation_role role)
{
        return facts->known && strcmp(facts->organisation, organisation) == 0 &&
               (facts->roles & WORD_BIT(role));
}

static bool validated(const struct rule_case *c)
{
        return c->order->validator.organisation[0] != '\0';
}

void look_issuer_known(struct rule_case *c)
{
        const struct authority *issuer = &c->order->issuer;

        if (!is_there(&c->facts->issuer, issuer->organisation, ORGANISATION_ISSUING))
                broken(c, "issuer.organisation", NULL,
                        "\"%s\" does not stand in the directory as an issuing authority; nothing is believed "
                        "for its name",
                        issuer->organisation);
        else if (strcmp(c->facts->issuer.country, issuer->country) != 0)
                broken(c, "issuer.country", NULL, "the directory says %s, the order %s",
                        c->facts->issuer.country, issuer->country);
}

void look_sealed(struct rule_case *c)
{
        const char *seal = c->facts->sealed_by;

        if (!c->facts->received && *seal == '\0')
                return; /* a draft is not sealed yet */
        if (*seal == '\0')
                broken(c, "message", NULL, "no seal by a certificate that the directory pins");
        else if (strcmp(seal, c->order->issuer.organisation) != 0 &&
                 !(validated(c) && strcmp(seal, c->order->validator.organisation) == 0))
                broken(c, "message", NULL, "sealed by \"%s\", which neither issued nor validated it", seal);
        else if (strcmp(seal, c->message->sender.organisation) != 0)
                broken(c, "message.sender", NULL, "sealed by \"%s\", but sent by \"%s\"", seal,
                        c->message->sender.organisation);
}

void look_nature(struct rule_case *c)
{
        const struct order *order = c->order;

        if (c->facts->issuer.known && order->issuer.nature != c->facts->issuer.nature)
                broken(c, "issuer.nature", NULL, "the order says %s, the directory %s",
                        word_meaning(&authority_nature_words, order->issuer.nature),
                        word_meaning(&authority_nature_words, c->facts->issuer.nature));
        if (validated(c) && c->facts->validator.known &&
                order->validator.nature != c->facts->validator.nature)
                broken(c, "validator.nature", NULL, "the order says %s, the directory %s",
                        word_meaning(&authority_nature_words, order->validator.nature),
                        word_meaning(&authority_nature_words, c->facts->validator.nature));
}

/* The nature that counts is the directory's. One that is not in the directory has none. */
static enum authority_nature nature_of(const struct organisation_facts *facts)
{
        return facts->known ? facts->nature : NATURE_NONE;
}

void look_grave(struct rule_case *c)
{
        if (!is_grave(c) || is_judicial(nature_of(&c->facts->issuer)) ||
                (validated(c) && is_judicial(nature_of(&c->facts->validator))))
                return;
        broken(c, "issuer", NULL,
                "%s may not order traffic or content data%s; a judge or court has to validate it",
                word_meaning(&authority_nature_words, nature_of(&c->facts->issuer)),
                validated(c) ? ", and the validating authority is no judge or court" : "");
}

static bool is_magistrate(const struct organisation_facts *facts)
{
        return is_judicial(nature_of(facts)) || nature_of(facts) == NATURE_PROSECUTOR;
}

void look_mild(struct rule_case *c)
{
        if (is_magistrate(&c->facts->issuer) || (validated(c) && is_magistrate(&c->facts->validator)) ||
                c->order->emergency.unvalidated == STATED_YES)
                return;
        broken(c, "validator", NULL,
                "neither the issuing nor a validating authority is a judge, a court, an investigating judge "
                "or a prosecutor");
}

void look_categories(struct rule_case *c)
{
        bool production = c->order->kind == ORDER_PRODUCTION;
        uint64_t own = production ? c->facts->issuer.may_produce : c->facts->issuer.may_preserve;
        uint64_t allowed = own & (c->facts->issuer.known ? UINT64_MAX : 0);

        if (validated(c) && c->facts->validator.known)
                allowed |= c->facts->validator.may_validate;
        for (size_t i = 0; i < data_category_words.count; i++) {
                const struct word *word = &data_category_words.words[i];
                if (c->categories & WORD_BIT(word->value) & ~allowed)
                        broken(c, "data.categories", NULL,
                                "the directory does not allow \"%s\" to order %s of %s%s",
                                c->order->issuer.organisation, production ? "production" : "preservation",
                                word->meaning,
                                validated(c) ? ", and not its validating authority either" : "");
        }
}

static uint64_t categories_of(const struct order *order)
{
        uint64_t categories = order->data.categories;

        for (size_t i = 0; i < order->identifiers.count; i++)
                categories |= order->identifiers.items[i].categories;
        return categories;
}

void look_validator_known(struct rule_case *c)
{
        bool apart = c->message->kind == MESSAGE_VALIDATION;
        const struct authority *validator = apart ? &c->message->validation.authority : &c->order->validator;
        const struct order *order = apart ? c->facts->order : c->order;

        if (!apart && !validated(c))
                return;
        if (!is_there(&c->facts->validator, validator->organisation, ORGANISATION_VALIDATING))
                broken(c, apart ? "authority.organisation" : "validator.organisation", NULL,
                        "\"%s\" does not stand in the directory as a validating authority",
                        validator->organisation);
        else if (!is_magistrate(&c->facts->validator))
                broken(c, apart ? "authority.nature" : "validator.nature", NULL,
                        "%s does not validate orders of others",
                        word_meaning(&authority_nature_words, nature_of(&c->facts->validator)));
        else if (strcmp(c->facts->validator.country, validator->country) != 0 ||
                 (order && strcmp(validator->country, order->issuer.country) != 0))
                broken(c, apart ? "authority.country" : "validator.country", NULL,
                        "the validating authority is not one of the issuing State");
        else if (apart && order && (categories_of(order) & ~c->facts->validator.may_validate))
                broken(c, "authority.organisation", NULL,
                        "the directory does not allow \"%s\" to validate what is ordered",
                        validator->organisation);
}

void look_validator_other(struct rule_case *c)
{
        const struct signatory *issuer = &c->order->issuer.signatory,
                               *validator = &c->order->validator.signatory;

        if (!validated(c))
                return;
        if (strcmp(c->order->issuer.organisation, c->order->validator.organisation) == 0 &&
                !is_magistrate(&c->facts->validator))
                broken(c, "validator.organisation", NULL, "it validates its own order");
        if (*issuer->person && strcmp(issuer->person, validator->person) == 0)
                broken(c, "validator.signatory.person", NULL, "%s issued it, and cannot validate it too",
                        issuer->person);
}

void look_directory(struct rule_case *c)
{
        if (!c->facts->directory_expired)
                return;
        if (is_production(c))
                broken(c, "message", NULL,
                        "the directory has expired: get the current one before anything is produced");
        else
                broken_milder(c, SEVERITY_WARNING, "message", NULL,
                        "the directory has expired; preservation goes on, because what is gone cannot be "
                        "ordered later");
}

void look_addressee(struct rule_case *c)
{
        const struct addressee *addressee = &c->order->addressee;

        if (!is_there(&c->facts->addressee, addressee->organisation, ORGANISATION_PROVIDER))
                broken(c, "addressee.organisation", NULL,
                        "\"%s\" does not stand in the directory as a provider", addressee->organisation);
        else if (strcmp(c->facts->addressee.country, addressee->country) != 0)
                broken(c, "addressee.country", NULL, "the directory says %s, the order %s",
                        c->facts->addressee.country, addressee->country);
}

/* An answer is encrypted to whom section L names, and comes back to the node that ordered it. */
void look_delivery(struct rule_case *c)
{
        const struct order *order = c->order;
        const char *to = order->delivery.recipient == RECIPIENT_VALIDATING ? order->validator.organisation
                         : order->delivery.recipient == RECIPIENT_OTHER ? order->delivery.other.organisation
                                                                        : "";

        if (c->facts->received || !*to || strcmp(to, order->issuer.organisation) == 0)
                return; /* what somebody else ordered is his to open */
        broken(c, "delivery.recipient", NULL,
                "the answer would come here, encrypted to \"%s\": nobody could open it; have it delivered to "
                "the "
                "issuing authority, and hand it on",
                to);
}

void look_parties(struct rule_case *c)
{
        const struct message *message = c->message;
        const char *to = message->kind == MESSAGE_EA_NOTIFICATION ? c->order->ea.authority.organisation
                                                                  : c->order->addressee.organisation;

        if (strcmp(message->receiver.organisation, to) != 0)
                broken(c, "message.receiver", NULL, "it goes to \"%s\", but the order names \"%s\"",
                        message->receiver.organisation, to);
        if (strcmp(message->sender.organisation, c->order->issuer.organisation) != 0 &&
                !(validated(c) &&
                        strcmp(message->sender.organisation, c->order->validator.organisation) == 0))
                broken(c, "message.sender", NULL, "\"%s\" neither issued nor validated it",
                        message->sender.organisation);
}
