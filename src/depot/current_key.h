/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_CURRENT_KEY_H
#define ROGATORY_DEPOT_CURRENT_KEY_H

/* The part of a realm's key that is replaced at each destruction: in a key file, or as a key in a token. Both
 * hold one, or two while one takes the place of the other, each step durable before the next
 * (doc/format/key-table.md). Shared by the sources of this room only. */

#include "custody/key_table.h"
#include "custody/realm_key.h"
#include "os/token.h"
#include "settings/key_source.h"

struct current_key {
        struct realm_key_file file;         /* the parts, wherever they come from; wipe it after use */
        uint8_t ids[2][TOKEN_KEY_ID_BYTES]; /* of the token's keys, in the same order */
};

void current_key_wipe(struct current_key *current);

/* What belongs to this table. -ENOKEY where there is nothing, -EKEYREJECTED, -EACCES, -EBADMSG and others
 * with words. */
int current_key_read(const struct key_source *source, const struct key_table_head *head,
        struct current_key *ret_current, struct error *error);

/* The first one, for a table that is not there yet: in a token it is made now, into a file it is written by
 * current_key_publish, when the table is there. */
int current_key_make(const struct key_source *source, const char *realm,
        const uint8_t table_id[KEY_TABLE_ID_BYTES], struct current_key *ret_current, struct error *error);
int current_key_publish(
        const struct key_source *source, const struct current_key *current, struct error *error);

/* A second one beside the first, durable. */
int current_key_add(const struct key_source *source, struct current_key *current, struct error *error);

/* Destroys all keys of a table in its token. */
int current_key_destroy_in_token(
        const struct key_source *source, const struct key_table_head *head, struct error *error);

/* Destroys all but this one, and what a killed writer left. */
int current_key_settle(
        const struct key_source *source, struct current_key *current, int which, struct error *error);

#endif
