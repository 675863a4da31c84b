/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INTAKE_DATAGRAM_H
#define ROGATORY_INTAKE_DATAGRAM_H

/* What the UDP datagrams of a capture can be: a table (datagram.c) of kinds, each with a predicate that looks
 * at ports and first bytes and a function that reads what is in it. A new kind of datagram is a row. */

#include "intake/intake.h"
#include "wire/packet.h"

struct datagram_kind {
        const char *name; /* "flow export": what a person calls it */
        /* Is this one of them, as far as ports and first bytes tell? The first row that says yes gets it, so
         * a predicate is no bolder than it must be: what no row wants is counted and passed over. */
        bool (*recognise)(const struct packet *packet);
        /* Reads it. source: the number of the exporter that sent it, as the settings name it; receipt_ms:
         * when it was captured (ms since 1970 UTC by the capturing machine's clock). packet and its payload
         * are borrowed for the call. What is damaged is counted (intake_take_refusal) and is no failure: 0,
         * or negative with a message where the import cannot go on. */
        int (*read)(struct intake *intake, uint16_t source, int64_t receipt_ms, const struct packet *packet,
                struct error *error);
};

/* RADIUS accounting (read_radius.c): a row of the table. */
bool intake_is_radius(const struct packet *packet);
int intake_read_radius(struct intake *intake, uint16_t source, int64_t receipt_ms,
        const struct packet *packet, struct error *error);

/* The kind of a datagram; NULL where it is none that is read. */
const struct datagram_kind *datagram_kind_of(const struct packet *packet);

#endif
