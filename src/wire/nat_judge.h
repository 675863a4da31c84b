/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_NAT_JUDGE_H
#define ROGATORY_WIRE_NAT_JUDGE_H

/* Which events a template's records can be in a dialect: judged by the fields there are, before a value is
 * read. What contradicts itself is refused, never bent into shape. */

#include "wire/template.h"

/* The template's places as the dialect names them, into view[SLOT_COUNT]. NULL, or why the template cannot be
 * of this dialect. */
const char *nat_view(const struct dialect *dialect, const struct template *template,
        const struct place *places, struct place *view);

/* Does a record of this template say in this dialect which event it is? */
bool nat_has_event(const struct dialect *dialect, const struct template *template);

/* The event value of a record: read where the dialect has it in an element, else a property of the template.
 * view: of the record. At most UINT16_MAX. */
unsigned nat_event_value(const struct dialect *dialect, const struct template *template,
        const struct place *view, const uint8_t *record);

/* What a value means for this template. */
struct meaning nat_judge(const struct template *template, const struct dialect *dialect, unsigned value);

/* For a person: which dialects would take records of this template (with this natEvent, where it has one), as
 * "set the exporter's dialect: fortigate or mikrotik". Returns text. */
#define NAT_HINT_MAX 160
const char *nat_hint(const struct template *template, unsigned value, char text[NAT_HINT_MAX]);

/* Big-endian number of 0..8 bytes. The place was checked against the record by the caller. */
static inline uint64_t nat_number_at(const uint8_t *record, struct place place)
{
        const uint8_t *p = record + place.offset;
        uint64_t value = 0;

        switch (place.length) {
        case 1:
                return p[0];
        case 2:
                return (uint64_t)p[0] << 8 | p[1];
        case 4:
                return (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
        default:
                for (size_t i = 0; i < place.length; i++)
                        value = value << 8 | p[i];
                return value;
        }
}

#endif
