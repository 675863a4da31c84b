/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_INTAKE_H
#define ROGATORY_INTAKE_INTAKE_H

/* Importing: from files of any format to stored windows. An intake takes one file after the other, keeps what
 * it read in bounded memory and merges it into the store at the latest when it is committed. */

#include "depot/depot.h"
#include "nat/lease_quality.h"
#include "wire/text.h"

/* What the person said on the command line; "" or NULL where nothing was said. */
struct intake_options {
        const char *realm;    /* realm for exporters that the settings do not know; "default" */
        const char *exporter; /* name for the source of files that carry no sender (or overrides it) */
        const char *dialect;  /* overrides recognition */
        const char *format;   /* "auto", "pcap", "flow" (raw IPFIX / NetFlow v9 messages), or a text format's
                                 name */
        const char *zone;     /* for lines without a zone */
        int year;             /* for lines without a year; 0 */
        const char *mapping;  /* written into a realm that is made by this import */
        const char *loss;     /* written into an exporter that is made by this import */
        int64_t latest_ms;    /* what is said to have happened later is refused: a wrong year, or a clock far
                               * ahead; 0: a day from now */
        size_t memory_limit;  /* bytes held before windows are merged early; 0: 320 MiB */
};

/* Counts of one refusal, with where it was met first. */
struct intake_refusal {
        uint64_t count;
        char first_file[256];
        uint64_t
                first_place; /* byte offset (flow), packet number (pcap) or line number (text) in that file */
        char first_detail[256];
};

#define INTAKE_NOTES_MAX 16 /* remarks kept; later ones are dropped */
#define INTAKE_NOTE_LENGTH 512

/* What the summary says, over all files of an import. */
struct intake_summary {
        uint64_t files, bytes;
        uint64_t messages, packets, lines;
        uint64_t accounting_packets;   /* RADIUS Accounting-Requests */
        uint64_t events, lease_events; /* sound, delivered */
        uint64_t not_nat, not_translated, other_events, option_records, templates;
        uint64_t duplicate_messages, lost, restarts, clock_steps, reported_losses;
        uint64_t not_udp,
                unknown_senders; /* packets that are no flow export; packets of senders counted apart */
        struct intake_refusal refused[REFUSAL_COUNT];
        uint64_t windows_written, lease_files_written;
        uint64_t bindings_paired, bindings_open,
                bindings_unbegun; /* in the windows written, after merging: both edges
                                   * known, no end, no beginning (each counted in the
                                   * window it begins in) */
        uint64_t leases;
        uint64_t plan_events; /* sound rows of plans, delivered */
        uint64_t plan_rows,
                plan_addresses; /* of the plans of the realms imported into, as they are stored now */
        int64_t plan_from_ms, plan_until_ms; /* their validity; until TIME_UNKNOWN: until further notice */
        uint64_t plan_disputed; /* rows that contradict others: stored, but refused as evidence */
        char plan_dispute[700]; /* the first two of them, with their places; "" where none */
        uint64_t plan_files_written;
        struct lease_quality lease_quality; /* of all leases of the realms imported into */
        uint64_t bytes_written;
        int64_t first_ms, last_ms; /* of event times; TIME_UNKNOWN where none */
        char notes[INTAKE_NOTES_MAX]
                  [INTAKE_NOTE_LENGTH]; /* what readers remarked: unknown columns, restarts of a NAS */
        unsigned note_count;
        char new_realm[SETTINGS_NAME_MAX]; /* set where this import made the realm; its mapping may be
                                              undeclared */
        bool mapping_undeclared;           /* the realm imported into declares no mapping behaviour */
        bool loss_undetectable;            /* a source that was read cannot show its losses */
};

struct intake;

/* Called now and then with bytes done and bytes in all of the current file (0 where not known). */
typedef void intake_progress(void *context, const char *file, uint64_t done, uint64_t total, uint64_t events);

int intake_new(struct depot *depot, const struct intake_options *options, intake_progress *progress,
        void *context, struct intake **ret_intake, struct error *error);

/* Reads one file ("-": standard input). A file that cannot be opened or recognised is an error; what is
 * damaged inside a file is counted and does not stop it. */
int intake_file(struct intake *intake, const char *path, struct error *error);

/* Pairs, merges and publishes everything read so far, and hands out the summary. */
int intake_commit(struct intake *intake, struct intake_summary *ret_summary, struct error *error);
void intake_free(struct intake *intake);

#endif
