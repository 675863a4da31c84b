/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DIRECTORY_DIRECTORY_H
#define ROGATORY_DIRECTORY_DIRECTORY_H

/* The directory: which organisations take part, what each may order, where its node is, and with which keys
 * it signs, talks and is written to. A node believes nothing else of a peer: no mail domain, no letterhead,
 * no certificate that a public authority would accept. doc/format/directory.md is authoritative.
 *
 * A directory comes as a file and a detached Ed25519 signature by a key that the node pins. It has a version
 * that only grows. Pure: bytes in, bytes out; the clock is the caller's. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "custody/note.h"
#include "order/vocabulary.h"

#include <stdbool.h>
#include <stdint.h>

/* Limits of what a directory may hold. */
#define DIRECTORY_BYTES_MAX ((size_t)8 << 20)
#define DIRECTORY_DEPTH_MAX 8
#define DIRECTORY_VALUES_MAX ((size_t)200000)
#define DIRECTORY_ORGANISATIONS_MAX 1024
#define DIRECTORY_STATES_MAX 64
#define DIRECTORY_ROLES_MAX 5
#define DIRECTORY_CERTIFICATES_MAX 4 /* of one purpose: the one in use, its follower, and two that expire */
#define DIRECTORY_CONTACTS_MAX 4
#define DIRECTORY_HOLIDAYS_MAX 512
#define DIRECTORY_NAME_MAX 64          /* with the end mark, as the next ones */
#define DIRECTORY_DISPLAY_NAME_MAX 256 /* bytes of UTF-8 */
#define DIRECTORY_URL_MAX 256
#define DIRECTORY_ZONE_MAX 64
#define DIRECTORY_PHONE_MAX 18

/* How far in the future a directory may be dated: what clocks of honest nodes are apart. */
#define DIRECTORY_SKEW_MAX (5 * TIME_MINUTE)

enum directory_purpose {
        DIRECTORY_SEAL,       /* signs containers */
        DIRECTORY_TLS,        /* of both sides of a connection */
        DIRECTORY_DECRYPTION, /* evidence is encrypted to it */
        DIRECTORY_PURPOSES
};

struct directory_certificate {
        struct certificate *certificate; /* owned by the directory */
        int64_t from_ms, until_ms;       /* pinned within [from_ms, until_ms) and never beside it */
};

/* One role that an organisation has, and what it may order in it: sets of WORD_BIT(enum data_category). Only
 * issuing and validating authorities have any. */
struct directory_role {
        enum organisation_role role;
        uint64_t production, preservation;
};

/* Whom to call back in an emergency: never the number that the order itself gives. */
struct directory_contact {
        char name[DIRECTORY_DISPLAY_NAME_MAX];
        char phone[DIRECTORY_PHONE_MAX]; /* ITU-T E.164: + and at most 15 digits */
};

struct directory_organisation {
        char name[DIRECTORY_NAME_MAX]; /* "at-prosecution-vienna"; begins with the country */
        char display_name[DIRECTORY_DISPLAY_NAME_MAX];
        char country[3];              /* ISO 3166-1 alpha-2 */
        enum authority_nature nature; /* NATURE_NONE where it neither issues nor validates */
        struct directory_role roles[DIRECTORY_ROLES_MAX];
        size_t role_count;
        char node[DIRECTORY_URL_MAX]; /* https; no query, no fragment, no user */
        struct directory_certificate certificates[DIRECTORY_PURPOSES][DIRECTORY_CERTIFICATES_MAX];
        size_t certificate_count[DIRECTORY_PURPOSES];
        struct note_key
                log_key; /* of its transparency log; its name is the log's origin (C2SP tlog-checkpoint) */
        struct note_key witness_key; /* with which it cosigns the logs of others (C2SP tlog-cosignature) */
        struct directory_contact contacts[DIRECTORY_CONTACTS_MAX];
        size_t contact_count;
};

/* What deadlines need to know of a State. Dates are days since 1970-01-01, as those of
 * order/deadline.h. Outside [known_from, known_to] the
 * list says nothing: a year without entries is not a year without holidays. */
struct directory_state {
        char country[3];
        char zone[DIRECTORY_ZONE_MAX]; /* name in the IANA database */
        int64_t known_from, known_to;
        int64_t *holidays; /* ascending; owned by the directory */
        size_t holiday_count;
};

struct directory {
        uint64_t version; /* from 1 */
        int64_t issued_ms, expires_ms;
        char signer[DIRECTORY_DISPLAY_NAME_MAX]; /* who answers for it, for people; trust is in the key */
        struct directory_state *states;          /* ascending by country; owned */
        size_t state_count;
        struct directory_organisation *organisations; /* ascending by name; owned */
        size_t organisation_count;
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the file it was read from; zero for one that was made */
};

/* Reads a directory strictly: duplicate and unknown members, wrong kinds, two organisations of one name or
 * with one certificate, a prosecutor who may order traffic or content data: all refuse the whole file,
 * because half a directory would decide for the other half. -EBADMSG, -EFBIG, -ENOMEM; the message names the
 * place as a path (organisations[3].certificates.seal[0]). */
int directory_parse(struct slice text, struct directory **ret_directory, struct error *error);
void directory_free(struct directory *directory); /* NULL is fine */

/* Appends the file of a directory: one form for one content, so that parse and write give the same bytes
 * again. 0, -ENOMEM, -EFBIG. */
int directory_write(const struct directory *directory, struct buffer *ret);

/* --- acceptance --- */

#define DIRECTORY_SIGNATURE_BYTES_MAX 4096

/* What a node remembers of the directory that it accepted last. version 0: none yet. */
struct directory_pin {
        uint64_t version;
        uint8_t digest[DIGEST_BYTES];
};

/* Appends the detached signature: a signed note (C2SP signed-note) over the format, version and digest of a
 * directory that was read. 0, -EINVAL, -EIO, -ENOMEM with a message. */
int directory_sign(const struct directory *directory, const struct note_secret *secret, struct buffer *ret,
        struct error *error);

/* Is this the operator's directory, and no older one than was seen before? The signature is checked before a
 * byte of the content is looked at.
 *   -EKEYREJECTED  not signed by this key, or changed since
 *   -ESTALE        rolled back: a lower version, or the version that was accepted with other content
 *   -EBADMSG       signed, but not a directory, or dated more than DIRECTORY_SKEW_MAX after now
 * An expired directory is accepted: directory_is_expired tells, and directory_may_order stops orders by it.
 */
int directory_verify(struct slice text, struct slice signature, const struct note_key *operator_key,
        const struct directory_pin *last, int64_t now_ms, struct directory **ret_directory,
        struct error *error);

/* What is to be remembered of an accepted directory. */
struct directory_pin directory_pin_of(const struct directory *directory);

static inline bool directory_is_expired(const struct directory *directory, int64_t now_ms)
{
        return now_ms >= directory->expires_ms;
}

/* --- lookups; all borrowed, valid until directory_free --- */

const struct directory_organisation *directory_find(const struct directory *directory, const char *name);
const struct directory_state *directory_state_of(const struct directory *directory, const char *country);

/* Is the list of holidays complete for every day that these two instants touch, in whatever zone? Where it is
 * not, a deadline between them is not to be computed as if nothing were closed. */
bool directory_knows_holidays(const struct directory_state *state, int64_t from_ms, int64_t to_ms);

/* Whose certificate is this, pinned for this purpose at this instant? NULL where nobody's. ret_certificate
 * may be NULL. */
const struct directory_organisation *directory_find_certificate(const struct directory *directory,
        enum directory_purpose purpose, const uint8_t fingerprint[DIGEST_BYTES], int64_t at_ms,
        const struct directory_certificate **ret_certificate);

/* The certificate that is to be used at an instant: of those pinned then, the one that began last. NULL:
 * none. */
const struct directory_certificate *directory_certificate_at(
        const struct directory_organisation *organisation, enum directory_purpose purpose, int64_t at_ms);

/* The organisation's role, NULL where it has it not. */
const struct directory_role *directory_role_of(
        const struct directory_organisation *organisation, enum organisation_role role);

/* The next organisation after `after` (NULL: from the first) that has a role, in a country (NULL: in any). */
const struct directory_organisation *directory_next_with_role(const struct directory *directory,
        const struct directory_organisation *after, enum organisation_role role, const char *country);

enum directory_verdict {
        DIRECTORY_MAY,
        DIRECTORY_NO_SUCH_ROLE,       /* it is no issuing (validating) authority */
        DIRECTORY_CATEGORY_NOT_GIVEN, /* it is, but not for this data */
        DIRECTORY_EXPIRED             /* production stops; preservation never gets this verdict */
};

/* May this organisation, in this role (issuing or validating), order this of this data? `preservation`: true
 * for a preservation order, false for production. An expired directory stops production at once. It does not
 * stop preservation: what is not preserved in time is gone, while what was preserved without need is deleted
 * again. */
enum directory_verdict directory_may_order(const struct directory *directory,
        const struct directory_organisation *organisation, enum organisation_role role, bool preservation,
        enum data_category category, int64_t now_ms);
const char *directory_verdict_sentence(enum directory_verdict verdict);

const char *directory_purpose_name(enum directory_purpose purpose); /* "seal", "tls", "decryption" */

#endif
