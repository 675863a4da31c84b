/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_EXPORTERS_H
#define ROGATORY_COLLECT_EXPORTERS_H

/* Who may send, by source address, and how much; and a short memory of who tried and may not. Its size is
 * that of the configuration: no sender can make it grow. */

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORTERS_MAX 65535u
#define EXPORTER_NOBODY UINT16_MAX /* the number of a sender that is not configured */
#define EXPORTER_RATE_DEFAULT 200000u
#define EXPORTER_SECRET_MAX 256u /* bytes of a RADIUS secret; more help nobody */
#define STRANGERS_MAX 64u

/* As configured. Strings are copied. */
struct exporter_setting {
        struct prefix from; /* the longest prefix that holds an address counts */
        uint16_t number;    /* the caller's, below EXPORTER_NOBODY; may stand in several rows */
        uint32_t rate;      /* messages per second, a second of them at once; 0: EXPORTER_RATE_DEFAULT */
        const char *secret; /* RADIUS; NULL: does not speak RADIUS */
        const char *certificate_name; /* TLS: a DNS name of its certificate; NULL: any that the authority
                                         signed */
};

struct exporter {
        struct prefix from;
        uint16_t number;
        uint32_t rate;
        char *secret, *certificate_name; /* owned; NULL where there is none */
        uint64_t allowance;              /* thousandths of messages */
        int64_t filled_ms;               /* steady clock, when the allowance was worked out */
        uint32_t connections;            /* open now */
};

struct exporters;

/* -EINVAL (two rows for one prefix, an empty or too long secret, a number that is none, too many), -ENOMEM.
 */
int exporters_new(const struct exporter_setting *settings, size_t count, struct exporters **ret_exporters,
        struct error *error);
void exporters_free(struct exporters *exporters); /* wipes the secrets */

/* NULL: nobody is configured there. Valid as long as the table. */
struct exporter *exporters_find(struct exporters *exporters, const struct address *source);

/* Takes one message out of the exporter's allowance; false where there is none left. */
bool exporter_may_send(struct exporter *exporter, int64_t steady_ms);

struct stranger {
        struct address source;
        uint64_t count; /* at least; one that gives way to another hands its count on */
        int64_t last_ms;
};

/* Counts a sender that nobody configured. Where all places are taken, the rarest gives way. */
void exporters_add_stranger(struct exporters *exporters, const struct address *source, int64_t now_ms);
const struct stranger *exporters_strangers(const struct exporters *exporters, size_t *ret_count);

#endif
