/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_PLAN_H
#define ROGATORY_ROGATORY_PLAN_H

/* `rogatory plan`: what its parts share. */

#include "base/buffer.h"
#include "depot/depot.h"
#include "nat/plan_check.h"
#include "wire/plan_source.h"

#include <jansson.h>

/* Beside EXIT_DONE, EXIT_FAILED and EXIT_USAGE. */
enum plan_exit {
        PLAN_EXIT_CONTRADICTS = 3, /* two holders of one port at one time, or lines that could not be read */
        PLAN_EXIT_REMARKS = 4      /* sound, but too many share an address, or hosts have no ports */
};

#define PLAN_LIMIT_ROWS 20  /* shown */
#define PLAN_LIMIT_HOSTS 16 /* per address: code of conduct of Belgium's providers */
#define PLAN_REFUSALS_SHOWN 20
/* Bytes of a listing that is read whole. */
#define PLAN_LISTING_MAX ((size_t)256 << 20)

/* The words of the command line; NULL or false where one is not given. */
struct plan_options {
        const char *store, *address, *limit, *inside, *outside, *ports, *block_size, *ratio, *dynamic,
                *algorithm, *ea_bits, *psid_offset, *valid_from, *valid_to, *protocol, *vrf, *as, *interface,
                *output;
        bool json, include_boundary;
        char **operands; /* behind show, check or make */
        int operand_count;
        char **words; /* the whole command line, for the head of what is made */
        int word_count;
};

/* A plan out of a file, with what could not be read of it. */
struct plan_reading {
        struct plan_table table;
        uint64_t refused, used;
        bool is_stored;    /* out of a store */
        uint64_t unproven; /* of a store: rows that contradict others, or whose table was not read whole */
        char *refusals[PLAN_REFUSALS_SHOWN]; /* owned sentences with their lines */
        char *note;                          /* owned; the last one, or NULL */
        struct error *error;                 /* of an append that failed */
        uint64_t line;                       /* of the row that is being delivered; 0: not known */
};

/* The table as CSV (doc/format/plan.md). 0 or negative with a message. */
int plan_read_table(const char *path, struct plan_reading *ret, struct error *error);

/* What a product prints, by its reader; for nft the output of `nft -j` too. */
int plan_read_listing(const char *path, plan_source *source, const struct plan_row *pattern,
        struct plan_reading *ret, struct error *error);

/* Elements of nft's JSON (libnftables-json(5)): 0 or negative with a message. */
int plan_read_nft_json(const char *text, size_t length, const struct plan_row *pattern,
        struct plan_reading *ret, struct error *error);

/* All rows of a realm's plans as the store answers by them; none where it has no plans. */
int plan_store_read(struct depot *depot, const char *realm, struct plan_reading *ret, struct error *error);

/* The look at a store's plans, in its record of access; before anything is shown. */
int plan_store_record(
        struct depot *depot, const struct plan_options *options, uint64_t rows, struct error *error);

void plan_reading_free(struct plan_reading *reading);

/* The sink of a reading. */
struct decode_sink plan_reading_sink(struct plan_reading *reading);

/* The three verbs. An exit code. */
struct command;
int plan_show(const struct command *command, const struct plan_options *options);
int plan_verify(const struct command *command, const struct plan_options *options);
int plan_make(const struct command *command, const struct plan_options *options);

/* --- Views --- */

/* "100.64.0.3", "dynamic". Returns text. */
char *plan_holder_text(const struct plan_row *row, char text[ADDRESS_TEXT_MAX]);
/* "203.0.113.9". Returns text. */
char *plan_outside_text(uint32_t outside, char text[ADDRESS_TEXT_MAX]);
/* The end of a validity: a time, or "until further notice". Returns text. */
const char *plan_end_text(int64_t to_ms, char text[TIME_TEXT_MAX]);

json_t *plan_row_to_json(const struct plan_line *line);
json_t *plan_time_to_json(int64_t instant); /* null where unknown */
json_t *plan_refusals_to_json(const struct plan_reading *reading);
void plan_write_refusals(const struct plan_reading *reading, struct buffer *ret);

/* --- Configurations (plan_write.c) --- */

/* The plan as a ruleset of nftables. -EINVAL with words where a map cannot express it. interface: NULL or the
 * outside interface. */
int plan_write_nftables(
        const struct plan_table *table, const char *interface, struct buffer *ret, struct error *error);

/* The plan as VPP's det44 commands. -EINVAL with words where det44 would compute something else. */
int plan_write_vpp(const struct plan_table *table, struct buffer *ret, struct error *error);

#endif
