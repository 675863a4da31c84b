/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/deadline.h"
#include "order/rules_row.h"

static bool is_unvalidated(const struct rule_case *c)
{
        return c->order->emergency.unvalidated == STATED_YES;
}

static bool is_hurried(const struct order *order)
{
        return order->deadline.kind == DEADLINE_EIGHT_HOURS_LIFE ||
               order->deadline.kind == DEADLINE_EIGHT_HOURS_INFRASTRUCTURE;
}

void look_unvalidated_mild(struct rule_case *c)
{
        if (is_unvalidated(c) && is_grave(c))
                broken(c, "emergency.unvalidated", NULL,
                        "traffic and content data are never ordered without validation, not in emergencies "
                        "either");
}

void look_unvalidated_power(struct rule_case *c)
{
        if (!is_unvalidated(c))
                return;
        if (c->order->emergency.domestic_power != STATED_YES)
                broken(c, "emergency.domestic_power", NULL,
                        "it is not stated that the authority could do so in a similar domestic case");
        if (!c->order->emergency.no_time_reason)
                broken(c, "emergency.no_time_reason", NULL,
                        "it is not stated why validation cannot be had in time");
}

void look_unvalidated_emergency(struct rule_case *c)
{
        if (is_unvalidated(c) && is_production(c) && !is_hurried(c->order))
                broken(c, "deadline.kind", NULL,
                        "issued before validation, but its deadline is none of an emergency; have it "
                        "validated");
}

/* login@organisation: is the organisation this one? */
static bool is_of(const char *person, const char *organisation)
{
        const char *at = strchr(person, '@');

        return at && *organisation && strcmp(at + 1, organisation) == 0;
}

void look_two_people(struct rule_case *c)
{
        const struct emergency *emergency = &c->order->emergency;

        if (!order_is_emergency(c->order))
                return;
        if (!*emergency->first_person || !*emergency->second_person ||
                strcmp(emergency->first_person, emergency->second_person) == 0)
                broken(c, "emergency.second_person", NULL,
                        "two different people have to stand for an emergency");
        if (*emergency->first_person && !is_of(emergency->first_person, c->order->issuer.organisation))
                broken(c, "emergency.first_person", NULL, "%s does not belong to the issuing authority",
                        emergency->first_person);
        if (*emergency->second_person && !is_of(emergency->second_person, c->order->issuer.organisation))
                broken(c, "emergency.second_person", NULL, "%s does not belong to the issuing authority",
                        emergency->second_person);
}

void look_call_back(struct rule_case *c)
{
        if (order_is_emergency(c->order) && !(c->facts->issuer.known && c->facts->issuer.has_call_back))
                broken(c, "issuer.organisation", NULL,
                        "the directory has no contact of \"%s\" to call back; numbers in the order itself "
                        "are not used",
                        c->order->issuer.organisation);
}

/* An amendment does not begin the 48 hours anew. */
static int64_t first_signed(const struct rule_case *c)
{
        int64_t now = c->order->issuer.signatory.signed_ms;
        int64_t before = c->facts->order ? c->facts->order->issuer.signatory.signed_ms : TIME_UNKNOWN;

        if (now == TIME_UNKNOWN || (before != TIME_UNKNOWN && before < now))
                return before;
        return now;
}

void look_overdue(struct rule_case *c)
{
        int64_t due = deadline_validation(first_signed(c));
        char text[TIME_TEXT_MAX];

        if (is_unvalidated(c) && !c->facts->validated_later && !*c->order->validator.organisation &&
                due != TIME_UNKNOWN && c->facts->now_ms >= due)
                broken(c, "validator", NULL,
                        "it should have been validated by %s; withdraw it and delete what it brought",
                        time_format_utc(due, text));
}

void look_readdressed(struct rule_case *c)
{
        if (c->order->addressee.kind == ADDRESSEE_OTHER_ESTABLISHMENT && !order_is_emergency(c->order))
                broken(c, "addressee.kind", NULL,
                        "another establishment is addressed, but it is no emergency");
}

void look_threshold(struct rule_case *c)
{
        const struct grounds *grounds = &c->order->grounds;

        if (!is_grave(c))
                return;
        switch (grounds->threshold) {
        case THRESHOLD_NONE:
                broken(c, "grounds.threshold", NULL,
                        "it is not stated why traffic or content data may be ordered");
                break;
        case THRESHOLD_THREE_YEARS:
                if (grounds->maximum_months < 36)
                        broken(c, "grounds.maximum_months", NULL,
                                "the maximum sentence is not stated, or below three years (36 months)");
                break;
        case THRESHOLD_NON_CASH_PAYMENT:
        case THRESHOLD_CHILD_ABUSE:
        case THRESHOLD_INFORMATION_SYSTEMS:
                if (grounds->information_system != STATED_YES)
                        broken(c, "grounds.information_system", NULL,
                                "such an offence counts where it was committed by means of an information "
                                "system");
                break;
        case THRESHOLD_SENTENCE:
                if (grounds->proceedings != PROCEEDINGS_SENTENCE)
                        broken(c, "grounds.proceedings", NULL,
                                "no sentence is executed in these proceedings");
                break;
        case THRESHOLD_TERRORISM:
                break;
        }
}

void look_sentence(struct rule_case *c)
{
        if (c->order->grounds.proceedings == PROCEEDINGS_SENTENCE && c->order->grounds.sentence_months < 4)
                broken(c, "grounds.sentence_months", NULL,
                        "the sentence is not stated, or below four months");
}

void look_domestic(struct rule_case *c)
{
        if (c->order->grounds.similar_domestic == STATED_NO)
                broken(c, "grounds.similar_domestic", NULL,
                        "what could not be ordered at home is not ordered abroad");
}

void look_public_authority(struct rule_case *c)
{
        if (is_production(c) && c->order->grounds.public_authority == STATED_YES)
                broken(c, "grounds.public_authority", NULL,
                        "the data are stored for a public authority: is it one of %s?",
                        c->order->issuer.country);
}

/* Article 8(2): both must be true, and be stated. */
static bool is_exempt(const struct order *order)
{
        return order->ea.offence_here == STATED_YES && order->ea.person_here == STATED_YES;
}

void look_ea_notified(struct rule_case *c)
{
        if (!is_grave(c) || c->order->ea.notified == STATED_YES)
                return;
        if (!is_exempt(c->order))
                broken(c, "ea.notified", NULL,
                        "traffic or content data are ordered: notify the enforcing authority, or state that "
                        "offence and "
                        "person both belong to %s, and why",
                        c->order->issuer.country);
}

void look_ea_known(struct rule_case *c)
{
        const struct authority *authority = &c->order->ea.authority;
        const struct organisation_facts *facts = &c->facts->enforcing;

        if (!is_production(c) || c->order->ea.notified != STATED_YES)
                return;
        if (!facts->known || strcmp(facts->organisation, authority->organisation) != 0 ||
                !(facts->roles & WORD_BIT(ORGANISATION_ENFORCING)))
                broken(c, "ea.authority.organisation", NULL,
                        "\"%s\" does not stand in the directory as an enforcing authority",
                        authority->organisation);
        else if (strcmp(facts->country, c->order->addressee.country) != 0)
                broken(c, "ea.authority.country", NULL, "it is one of %s, but the addressee is in %s",
                        facts->country, c->order->addressee.country);
}

void look_ea_deadline(struct rule_case *c)
{
        enum deadline_kind kind = c->order->deadline.kind;
        bool notified = c->order->ea.notified == STATED_YES;

        if (!is_production(c) || is_hurried(c->order) || kind == DEADLINE_NONE)
                return;
        if (notified && kind == DEADLINE_TEN_DAYS)
                broken(c, "deadline.kind", NULL,
                        "the enforcing authority is notified: data are produced at the end of 10 days, not "
                        "before");
        if (!notified && kind == DEADLINE_TEN_DAYS_WITH_EA)
                broken(c, "deadline.kind", NULL,
                        "no enforcing authority is notified: data are produced within 10 days");
}

void look_delay(struct rule_case *c)
{
        const struct user_information *information = &c->order->information;

        if (information->delayed != STATED_YES)
                return;
        if (!information->delay_grounds || !information->delay_reasons)
                broken(c, "information.delay_reasons", NULL,
                        "the delay has no ground or no reasons for the file");
        int64_t from = c->order->issuer.signatory.signed_ms;
        from = from == TIME_UNKNOWN ? c->facts->now_ms : from;
        if (information->delayed_until_ms == TIME_UNKNOWN)
                broken(c, "information.delayed_until_ms", NULL, "the delay has no end");
        else if (information->delayed_until_ms - from > c->settings->delay_days_most * TIME_DAY)
                broken(c, "information.delayed_until_ms", NULL,
                        "longer than %d days: a delay ends, and is then decided and reasoned anew",
                        c->settings->delay_days_most);
}

void look_protection(struct rule_case *c)
{
        uint64_t found = c->order->grounds.protections | c->facts->protections_seen;

        for (size_t i = 0; i < protection_words.count; i++) {
                const struct word *word = &protection_words.words[i];
                if (!(found & WORD_BIT(word->value)))
                        continue;
                if (c->facts->received)
                        broken(c, "grounds.protections", NULL,
                                "%s may be concerned: Form 3 to the issuing and to the enforcing authority, "
                                "and nothing "
                                "is executed meanwhile",
                                word->meaning);
                else
                        broken_milder(c,
                                c->order->grounds.protection_clarified ? SEVERITY_WARNING : SEVERITY_STOP,
                                "grounds.protections", NULL,
                                "%s may be concerned: clarify it before the order is issued, and state what "
                                "was found",
                                word->meaning);
        }
}
