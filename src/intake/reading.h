/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_READING_H
#define ROGATORY_INTAKE_READING_H

/* Shared by the sources of this room: the state of one import, and the readers of the kinds of files. */

#include "intake/intake.h"
#include "intake/merge.h"
#include "intake/plans.h"
#include "os/input.h"
#include "wire/flow.h"
#include "wire/userlog.h"

#define INTAKE_HOSTS_MAX 33554432u /* different inside hosts and destinations held at once */
#define INTAKE_MEMORY_DEFAULT (320u << 20)
#define INTAKE_LEASES_MAX 20000000u
#define INTAKE_LEASES_JOIN 65536u /* fewer are not joined before the commit */

/* What an import gathers for one realm. */
struct intake_realm {
        struct realm_settings settings; /* a copy; its prefix list is not used here */
        struct coverage coverage;
        struct lease_heap leases;
        struct lease_list leases_shown; /* the same for questions, made where it is asked for (live.c) */
        size_t leases_joined;           /* how many were left when they were joined last */
        int64_t leases_until_ms;
        bool leases_torn; /* records of its lease log were refused */
        struct realm_plans plans;
        struct merge_carried carried; /* from one merge of this import to the next */
        size_t pieces_joined; /* pieces of hearing that were left when they were joined last (live.c) */
        bool used;
};

struct intake {
        struct depot *depot;
        struct intake_options options;
        intake_progress *progress;
        void *progress_context;
        struct intake_realm *realms;
        unsigned realm_count;
        struct source_set sources;
        struct host_table hosts;
        struct bucket_set buckets;
        struct flow_decoder *flow;
        struct userlog_decoder *userlog;
        struct radius_decoder *radius; /* NULL until the first packet of its kind */
        struct intake_summary summary;
        struct merge_counts merged;
        struct sharing *sharing; /* by number of the realm's section, or NULL: not counted; borrowed */
        bool is_live;            /* what retention has destroyed is not made again (merge.h) */
        int64_t now_ms;          /* with `sharing`: an hour that has ended by then is whole */
        int64_t latest_ms;       /* as in the options, filled in */
        /* The file being read. */
        const char *path;
        uint64_t place;          /* byte offset, packet or line of what is being decoded */
        bool place_is_base;      /* the decoder's offset is added to it (raw files) */
        uint16_t lease_realm;    /* realm of the leases and the plan in it */
        int64_t lease_settle_ms; /* records of the lease log may come so much later than others */
        bool reads_leases;       /* what is refused now may have been a record of a lease log */
        uint16_t plan_name;      /* number of the plan in it, in its realm's names */
        struct error *error;     /* where a sink says why it stopped */
};

/* The number of the exporter with this name, made where it is new. 0, or negative with a message. */
int intake_source_by_name(struct intake *intake, const char *name, uint16_t *ret_number, struct error *error);

/* The same for the sender of a packet: the settings decide, else the address is the name. */
int intake_source_by_sender(
        struct intake *intake, const struct address *sender, uint16_t *ret_number, struct error *error);

/* The name for the source of files that carry no sender, and for the plan in a file of one. */
const char *intake_file_source(const struct intake *intake);
const char *intake_file_plan(const struct intake *intake);

/* Sinks: `context` is the intake. */
int intake_take_event(void *context, const struct nat_event *event);
int intake_take_events(void *context, const struct nat_event *events, size_t count);
int intake_take_lease(void *context, const struct lease_event *event);
void intake_take_note(void *context, const char *sentence);
void intake_take_refusal(void *context, enum refusal refusal, size_t offset, const char *detail);

/* All of them, for a decoder. Leases go to the realm `lease_realm`, which the reader sets. */
struct decode_sink intake_sink(struct intake *intake);

/* A file whose packing is damaged: what came out before counts, the rest is refused and said. */
void intake_take_damage(struct intake *intake, const struct error *reason);

/* Merges what was read so far into the store when it holds more memory than allowed. What was heard is stored
 * at the commit only: until then the windows prove nothing. */
int intake_bound_memory(struct intake *intake, struct error *error);

/* Merges into the store what happened before this instant. with_coverage: also what was heard, leases and
 * plans. */
int intake_flush(struct intake *intake, int64_t before, bool with_coverage, struct error *error);

/* What was heard at a time that has not come was not heard then. */
void intake_forget_future(struct coverage *coverage, int64_t latest_ms);

/* Realms and exporters out of the settings, as they are met. 0, or negative with a message. */
int intake_find_realm(struct intake *intake, const char *name, uint16_t *ret_number, struct error *error);

/* Hands one message to the flow decoder. session: as in struct flow_exporter. */
int intake_flow_message(struct intake *intake, uint16_t source, uint32_t session, int64_t receipt_ms,
        const void *bytes, size_t length, struct error *error);

/* Hands one datagram to the decoder of binary flow logs. */
int intake_userlog_message(struct intake *intake, uint16_t source, int64_t receipt_ms, const void *bytes,
        size_t length, struct error *error);

/* Ends what was read of RADIUS accounting: counts it, and appends what was heard to ret. 0 or -ENOMEM. */
int intake_finish_radius(struct intake *intake, struct coverage *ret);

/* Readers; each takes the opened input over. */
int intake_read_flow(struct intake *intake, struct input *input, struct error *error);
int intake_read_capture(struct intake *intake, struct input *input, struct error *error);
int intake_read_text(
        struct intake *intake, struct input *input, const struct text_format *format, struct error *error);

#endif
