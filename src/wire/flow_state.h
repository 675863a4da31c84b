/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_FLOW_STATE_H
#define ROGATORY_WIRE_FLOW_STATE_H

/* What a flow decoder remembers; shared by the parts of the decoder, nobody else's business. */

#include "wire/nat_record.h"
#include "wire/sequence.h"

/* The undecoded sets of one message share a ticket: when the last is decoded, the message is whole. */
struct flow_ticket {
        uint32_t number;
        uint32_t outstanding; /* sets */
        uint32_t records;
        uint32_t announced; /* records that the header announces beyond those found without these sets */
        int64_t slowest_ms;
        bool spoiled; /* part of it was refused: the gap stays */
};

struct flow_pending {
        struct flow_pending *next;
        struct flow_ticket *ticket;
        int64_t export_ms, uptime_zero_ms;
        size_t offset; /* in its message, for reports */
        size_t length;
        uint32_t session;
        uint16_t template_id;
        uint8_t bytes[];
};

/* Sessions of one domain that are remembered; more are taken for parts of the others. */
#define FLOW_SESSIONS_MAX 16

struct flow_session {
        uint32_t number; /* as in struct flow_exporter */
        bool has_begun; /* it was seen to begin anew at sequence number zero: what others announced is not its
                         * own */
        bool has_counted; /* it has gone beyond zero since */
};

struct flow_domain {
        uint16_t version;
        uint32_t number; /* observation domain or source id */
        struct template_list templates;
        struct flow_session sessions[FLOW_SESSIONS_MAX]; /* the latest of them */
        unsigned session_count;                          /* ever met */
        struct sequence sequence;
        bool is_heard; /* since pieces were taken last */
        struct {
                bool is_set;
                uint32_t expected;
                int64_t highest_ms, heard_since_ms;
        } resumed; /* where the numbering stood when it was kept; until the first message */
        struct flow_pending *first, *last; /* oldest first; owned */
        size_t pending_bytes;
        uint32_t ticket_number;
        bool count_fits;        /* the count in the header of a message with data was once right */
        unsigned count_misfits; /* messages that announced more records than they had, until it was */
};

/* So many messages that announce more than they have, and none that is right: this exporter counts something
 * else. */
#define FLOW_COUNT_MISFITS_MAX 32

struct flow_state {
        struct flow_counts counts;
        struct flow_domain **domains; /* owned */
        size_t domain_count, domain_capacity, last_domain;
        size_t template_count, pending_bytes;
};

/* Events that are handed over together: writing them and storing them away do not alternate then, which each
 * has the other wait for memory. */
#define FLOW_BATCH_MAX 64

struct flow_decoder {
        struct nat_event batch[FLOW_BATCH_MAX];
        bool judges_all;             /* no record takes the short way: for comparison */
        struct record_result result; /* of the record being read; here because its texts need not be cleared
                                      * for each of millions of records */
        struct flow_state **states;  /* by exporter number, NULL where never heard; owned */
        size_t state_count;
        struct flow_domain **heard; /* since pieces were taken last; owned, the domains are not */
        size_t heard_count, heard_capacity;
};

struct flow_header {
        uint16_t version;
        size_t header_length, length; /* bytes; length is what the message says (IPFIX) or what was given */
        int64_t export_ms, uptime_zero_ms;
        uint32_t number, domain;
        uint16_t count; /* records announced, of templates and of data; 0 in IPFIX */
};

/* One pass over one message. */
struct flow_pass {
        struct flow_state *state;
        struct flow_domain *domain;
        const struct flow_exporter *exporter;
        const struct decode_sink *sink;
        struct flow_header header;
        struct record_context context;
        struct record_result *result; /* the decoder's; NULL where walked */
        struct nat_event *batch;      /* the decoder's; NULL where every record is judged */
        struct sequence_outcome outcome;
        uint32_t templates;         /* template records met */
        struct flow_ticket *ticket; /* of this message, while it has pending sets */
        bool is_late;               /* what it says of templates may be outdated */
        /* Where walked and not decoded. */
        int (*walk)(void *context, const struct flow_record *record);
        void *walk_context;
};

/* flow_header.c: 0, or -EBADMSG with the refusal and a sentence part. */
int flow_header_read(const void *bytes, size_t length, struct flow_header *ret_header,
        enum refusal *ret_refusal, const char **ret_complaint);

/* flow_set.c: all sets behind the header. 0, -ENOMEM or what a callback returned. */
int flow_sets_read(struct flow_pass *pass, struct cursor *cursor);

/* The template by which data of a session is read. */
struct template *flow_template(struct flow_domain *domain, uint16_t id, uint32_t session);

/* What is remembered of a session; NULL where it was not met lately. */
struct flow_session *flow_session_find(struct flow_domain *domain, uint32_t session);

/* Did it begin anew, so that only its own templates count? */
bool flow_session_begun(struct flow_domain *domain, uint32_t session);

/* The records of one data set. offset: of the set's content in its message. */
int flow_records_read(struct flow_pass *pass, struct template *template, struct cursor *set, size_t offset);

void flow_refuse(struct flow_pass *pass, enum refusal refusal, size_t offset, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* Notes that part of the message is lost for good. */
void flow_mark(struct flow_pass *pass, enum gap_reason reason, uint32_t records);

/* The message, or what of it had waited, is read: `announced` records were to come, `found` came. false where
 * some are missing, so that it was cut between two sets; that is told, and what is to be marked is marked by
 * the caller. */
bool flow_count_holds(struct flow_pass *pass, uint32_t announced, uint32_t found, size_t offset);

/* flow.c: what is remembered of an exporter and of a domain, made where it is new. 0, -ENOMEM, or -EFBIG
 * where an exporter has too many domains. */
int flow_state_of(struct flow_decoder *decoder, uint16_t exporter, struct flow_state **ret_state);
int flow_domain_of(struct flow_state *state, const struct flow_exporter *exporter,
        const struct flow_header *header, struct flow_domain **ret_domain);
struct flow_session *flow_session_of(struct flow_domain *domain, uint32_t session, bool *ret_is_new);

/* flow_keep.c: the first message behind a stop. Where it does not go on where the numbers stood, the exporter
 * may have restarted meanwhile, and what its templates were is not what they are. */
void flow_resume(struct flow_pass *pass);

/* flow_pending.c */
int flow_pending_keep(struct flow_pass *pass, uint16_t template_id, const struct cursor *set, size_t offset);
/* Decodes what waited for a template of this id. */
int flow_pending_decode(struct flow_pass *pass, uint16_t template_id);
/* Refuses what was sent before this export time; INT64_MAX: everything. */
void flow_pending_expire(struct flow_state *state, struct flow_domain *domain, int64_t before_ms,
        const struct decode_sink *sink);

#endif
