/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_RULES_H
#define ROGATORY_ORDER_RULES_H

/* The legal rules, each once, with the article beside it (Regulation (EU) 2023/1543 where no other act is
 * named). The same rules are put to a draft by the authority and to what arrived by the provider: nobody
 * relies on the other side having looked. doc/format/order.md shows the table. */

#include "order/form.h"
#include "order/scope.h"

#define RULE_FINDINGS_MAX 500u
#define RULE_FINDING_TEXT_MAX 480

enum severity {
        SEVERITY_NONE,
        SEVERITY_NOTE,    /* to be read */
        SEVERITY_WARNING, /* a person has to decide, and the decision is recorded */
        SEVERITY_ROUTE,   /* Form 3 goes to the issuing and to the enforcing authority; nothing is executed
                             meanwhile */
        SEVERITY_STOP,    /* not sent, not executed */
};
extern const struct vocabulary severity_words;

/* What the directory says of an organisation; whoever reads the directory fills it in. */
struct organisation_facts {
        bool known;
        char organisation[MODEL_ORGANISATION_MAX];
        char country[MODEL_COUNTRY_MAX];
        uint64_t roles; /* WORD_BITs of enum organisation_role */
        enum authority_nature nature;
        uint64_t may_produce;  /* categories whose production it may order */
        uint64_t may_preserve; /* whose preservation it may order */
        uint64_t may_validate; /* for which it may validate orders of others */
        bool has_call_back;    /* the directory has a contact that can be called back */
};

struct rule_facts {
        int64_t now_ms;
        bool received; /* as the provider or the enforcing authority sees it; else a draft */
        struct organisation_facts issuer;
        struct organisation_facts validator;
        struct organisation_facts addressee;
        struct organisation_facts enforcing;
        bool directory_expired;
        /* Whose seal is on the container, by the certificate that the directory pins; "" on drafts. */
        char sealed_by[MODEL_ORGANISATION_MAX];
        uint64_t protections_seen; /* enum protection: what the provider's desk itself noticed */
        /* Of messages about an order, and of amendments: that order as it was until now; NULL where it is not
         * known. */
        const struct order *order;
        const struct scope_refusal *refusals; /* of answers: what must not be answered */
        size_t refusal_count;
        int64_t near_edge_ms;     /* of answers: an edge nearer than this is near */
        int64_t third_country_ms; /* end of the 10 days of Article 17(1); TIME_UNKNOWN: not judged */
        bool validated_later;     /* an emergency was validated since it was issued */
        bool extended_before;     /* the preservation was extended already */
};

/* Nothing known yet: every organisation is a stranger. */
static inline struct rule_facts rule_facts_make(int64_t now_ms, bool received)
{
        return (struct rule_facts){.now_ms = now_ms, .received = received, .third_country_ms = TIME_UNKNOWN};
}

/* What a node has laid down. rule_settings_default fills in careful values. */
struct rule_settings {
        size_t identifiers_most;
        uint64_t addresses_most;         /* of one range; 1: no ranges */
        int64_t identifier_time_most_ms; /* from the first to the last moment of one identifier */
        int64_t time_most_ms;            /* of the whole order */
        unsigned traffic_kinds_most;
        unsigned content_kinds_most;
        int64_t future_ms;   /* how far a clock may be ahead */
        bool portless_stops; /* a shared address without a source port is refused, not only warned of */
        const struct prefix *shared; /* addresses that the provider lends to many at once; borrowed */
        size_t shared_count;
        bool shared_unknown; /* nobody knows which are shared (the authority's side): any IPv4 address may be
                              */
        int delay_days_most;
};
struct rule_settings rule_settings_default(void);

struct rule {
        const char *id;       /* stable: "grave-data-needs-a-judge" */
        const char *article;  /* "4(2)" */
        const char *sentence; /* what has to be true */
        enum severity severity;
        uint64_t kinds;              /* message kinds that it is put to */
        uint64_t obstacle;           /* the reason in Form 3 that a provider states for it; WORD_BIT or 0 */
        const char *production_only; /* why it is not put to preservation orders; NULL where it is */
};

struct rule_finding {
        const struct rule *rule;
        enum severity severity; /* the rule's, or milder where the rule says so */
        char place[MODEL_PATH_MAX];
        char identifier_id[MODEL_ID_MAX]; /* "" for the whole message */
        char words[RULE_FINDING_TEXT_MAX];
};
struct rule_findings {
        struct rule_finding *items; /* owned */
        size_t count;
        size_t untold; /* beyond RULE_FINDINGS_MAX */
        enum severity worst;
};

/* Puts every rule to a message. Of a draft the numbers and instants that it will be sent with are filled in
 * before, or form-is-complete names them. 0 or -ENOMEM. ret is initialised here; rule_findings_free when
 * done. */
int rules_look(const struct message *message, const struct rule_facts *facts,
        const struct rule_settings *settings, struct rule_findings *ret);
void rule_findings_free(struct rule_findings *findings);

/* The table, for documents and readers. */
size_t rules_count(void);
const struct rule *rules_at(size_t index);
const struct rule *rules_find(const char *id); /* NULL */

/* Addresses that an identifier covers: 1 for a single one, capped at UINT64_MAX, 0 for kinds without an
 * address. */
uint64_t identifier_addresses(const struct identifier *identifier);

#endif
