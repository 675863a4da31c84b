/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_IDENTIFIER_H
#define ROGATORY_ORDER_IDENTIFIER_H

/* Identifiers are taken out of the text that evidence consists of (a line of a log, a screenshot's text), not
 * typed: one digit or one hour that changes on the way names somebody else. What is read: an excerpt of the
 * source, with the place where it stands and the digest of the whole source, so that anybody can do the same
 * again.
 *
 * An excerpt states one identifier: an address with port, protocol and time; or a telephone number, e-mail
 * address, IMEI, MAC address, URL. More than one, an address with a time but without that time's offset from
 * UTC, and everything that looks like an identifier but is none is refused with words, never bent into shape.
 */

#include "order/local_time.h"
#include "order/order.h"

#define EXCERPT_MAX 4096u /* bytes of an excerpt or of a line */

/* What the source is, and how its times are checked. */
struct identifier_source_text {
        struct slice text;                  /* whole, as it was pasted; at most SOURCE_BYTES_MAX */
        uint8_t digest[MODEL_DIGEST_BYTES]; /* SHA-256 of text, made by the caller */
        const char *title;                  /* file name or description; may be NULL */
        const struct local_zone
                *zone; /* of the people who read it; NULL: the checks of its clocks are left out */
};

/* Reads the excerpt [place, place + length) of the source. kind: what is expected, or IDENTIFIER_NONE for
 * whatever can be recognised; IDENTIFIER_USER_ID and IDENTIFIER_OTHER are never recognised by themselves, the
 * whole excerpt is then the value. ret must be initialised; on success it is filled but for id and categories
 * (those are kept); on failure it is untouched. -EINVAL, -ERANGE, -ENOMEM with a message. */
int identifier_paste(const struct identifier_source_text *source, size_t place, size_t length,
        enum identifier_kind kind, struct identifier *ret, struct error *error);

/* One line of a source: r as from identifier_paste, identifier where r is 0 (the callee's until it returns).
 * A result other than 0 ends the scan. */
typedef int identifier_visit(void *context, uint64_t line, size_t place, size_t length, int r,
        struct identifier *identifier, const struct error *error);
/* Reads every line that is not blank. Lines that are refused are visited too. Returns what the visitor did,
 * or -E2BIG with a message for a source that is too large. */
int identifier_scan(const struct identifier_source_text *source, enum identifier_kind kind,
        identifier_visit *visit, void *context, struct error *error);

/* Does the identifier say what its source says? Reads the excerpt again: digest, place, words and every value
 * must be the same. -EBADMSG with a message that names the difference; -EINVAL for one that was not pasted.
 */
int identifier_check_source(const struct identifier *identifier, const struct identifier_source_text *source,
        struct error *error);

/* The way for what stands on paper: typed by one person, then typed again by another from the same paper, who
 * does not see the first. Until then the identifier is not complete (rule identifier-second-person). */
int identifier_retype(struct slice text, enum identifier_kind kind, const struct local_zone *zone,
        const char *person, struct identifier *ret, struct error *error);
/* -EBADMSG where the two differ, -EPERM for the same person, with a message. */
int identifier_compare(struct identifier *identifier, struct slice text, const struct local_zone *zone,
        const char *person, struct error *error);

/* Source text, UTC and local time side by side: "\"...\" in the source; 2026-11-11T10:00:00.000Z UTC;
 * 2026-11-11T11:00:00.000+01:00 Europe/Vienna". zone may be NULL. Appends to a caller's text of `room` bytes;
 * cut where it does not fit. Returns text. */
char *identifier_time_words(
        const struct identifier *identifier, const struct local_zone *zone, char *text, size_t room);

/* An instant with its offset as people and logs write it: RFC 3339; with a blank for the T; the zone as
 * +0100, +01:00, Z, UTC, GMT or UTC+1, also behind a blank; 11/Nov/2026:11:00:00 +0100; 11.11.2026 11:00:00
 * +0100. Of a time without seconds ret_to is the end of its minute. A naive time is refused with what it
 * could mean in the zone. */
struct stated_instant {
        int64_t from_ms, to_ms; /* the same, but for a time without seconds */
        int offset_s;
        struct civil civil; /* as stated */
};
int stated_instant_parse(
        struct slice text, const struct local_zone *zone, struct stated_instant *ret, struct error *error);

/* Addresses that can be no customer's on the outside of a NAT: private, shared, loopback, link-local,
 * multicast, reserved (RFC 6890, IANA registries of special-purpose addresses; documentation addresses are
 * not among them). */
bool address_is_special(const struct address *address);

/* Luhn's check digit (ISO/IEC 7812-1 annex B; 3GPP TS 23.003 section 6.2.1 and annex B): over all digits. */
bool digits_have_luhn(const char *digits, size_t count);

#endif
