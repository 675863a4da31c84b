/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NAT_HOST_H
#define ROGATORY_NAT_HOST_H

/* Hosts by number. Millions of events name a few thousand inside hosts and destinations; a host table gives
 * each a small number, so that an event is 40 bytes and two hosts are compared by number. Numbers mean
 * nothing outside the table that gave them. */

#include "base/address.h"

#include <stddef.h>
#include <stdint.h>

/* An inside host. The same private address in two VRFs is two customers, so the VRF (IE 234 ingressVRFID or
 * IE 463 natInstanceID, 0 where none is logged) is part of the identity. Destinations use vrf 0. */
struct nat_host {
        struct address address;
        uint32_t vrf;
};

#define HOST_NONE 0 /* "no host": not logged */

struct host_table {
        struct nat_host *hosts; /* hosts[0] is unused; owned */
        uint64_t *slots;        /* open addressing; hash in the upper half, host number in the lower; owned */
        uint32_t count;         /* highest number given */
        uint32_t capacity;      /* of hosts */
        uint32_t mask;          /* slots - 1 */
        uint32_t ceiling;       /* most hosts ever taken */
};

/* Makes an empty table that takes at most ceiling hosts (at most 2^31). 0 or -ENOMEM. */
int host_table_init(struct host_table *table, uint32_t ceiling);
void host_table_free(struct host_table *table);
/* Forgets every host; the table keeps memory for a few. */
void host_table_clear(struct host_table *table);

/* The number of a host, given now where it is new. The none-address always gives HOST_NONE.
 * 0, -ENOMEM or -EFBIG (ceiling). */
int host_intern(struct host_table *table, const struct nat_host *host, uint32_t *ret_number);

/* The host behind a number given by this table; the none-host for HOST_NONE or a number never given. */
struct nat_host host_get(const struct host_table *table, uint32_t number);

#endif
