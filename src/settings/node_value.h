/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_NODE_VALUE_H
#define ROGATORY_SETTINGS_NODE_VALUE_H

/* Values that only a live node has: sizes, paths, ports, accounts, lists of names. Known only inside
 * settings/. Readers return 0, -ENOMEM, or -EINVAL with a problem, and leave the field alone on failure. */

#include "settings/key.h"

/* "32MiB": a whole number and B, KiB, MiB, GiB or TiB. */
int value_read_size(const struct key *key, struct slice value, uint64_t *field, struct error *problem);
int value_write_size(uint64_t size, struct buffer *buffer);

/* A whole number from `least` to `most`. */
int value_read_count(const struct key *key, struct slice value, uint32_t *field, struct error *problem);

int value_read_address(struct slice value, struct address *field, struct error *problem);
int value_write_address(const struct address *address, struct buffer *buffer);

/* "127.0.0.1:9464", "[::1]:9464". */
int value_read_endpoint(struct slice value, struct endpoint *field, struct error *problem);
int value_write_endpoint(const struct endpoint *endpoint, struct buffer *buffer);

/* Text without control characters, at most `most` bytes. */
int value_read_text(const struct key *key, struct slice value, char *field, struct error *problem);
/* A name of the DNS. */
int value_read_host(struct slice value, char *field, struct error *problem);
/* A path from the root, at most `most` bytes, of a file that `checks` finds sound. */
int value_read_path(const struct key *key, struct slice value, const struct settings_checks *checks,
        char *field, struct error *problem);
/* The name of a user or group that `checks` knows. */
int value_read_account(const struct key *key, struct slice value, const struct settings_checks *checks,
        char *field, struct error *problem);

/* Names of sections, separated by commas. */
int value_read_names(struct slice value, struct name_list *field, struct error *problem);
int value_write_names(const struct name_list *list, struct buffer *buffer);

#endif
