/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_IDENTITY_H
#define ROGATORY_WIRE_IDENTITY_H

/* Subscribers that a record names by a string. */

#include "base/slice.h"
#include "nat/lease.h"

/* The named host (base/address.h) of a string: the same string always gives the same host, and two strings
 * give two. 0, or -ENOMEM or -EIO where the digest library refuses. */
int identity_address(struct slice name, struct address *ret_address);

/* What a record says of whom an inside address belongs to, at its instant. subscriber is empty where the
 * string only repeats the address. */
struct identity {
        struct address inside;
        char subscriber[SUBSCRIBER_MAX]; /* UTF-8 */
};

/* Reads the string by which an exporter names the inside host. Where it begins with host_mark ("LSN-Host@")
 * what follows is the inside address and nobody is named; else the string itself is the identity, because in
 * such a NAT several subscribers may have the same private address at once. Zero bytes behind the string are
 * padding. NULL, or why it is refused (a sentence part). */
const char *identity_read(struct slice text, const char *host_mark, struct identity *ret);

/* The statement beside a NAT event: the subscriber had the named host at this instant. The host is his for
 * ever, because it is made of his name: the lease is a standing one, and the hash of the name is its session,
 * so that all statements about him join. */
struct lease_event identity_lease(const struct identity *identity, uint32_t vrf, int64_t time_ms);

#endif
