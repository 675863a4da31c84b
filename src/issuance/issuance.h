/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ISSUANCE_ISSUANCE_H
#define ROGATORY_ISSUANCE_ISSUANCE_H

/* A complete set of keys, certificates and a signed directory for tests and trials: everything that a group
 * of nodes needs to talk to each other, made at once by one hand. That one hand holds every private key,
 * which is what no real exchange may have: doc/format/directory.md says how organisations make their own.
 *
 * Pure: the files are handed over as bytes. */

#include "base/buffer.h"
#include "base/error.h"
#include "directory/directory.h"

#define ISSUANCE_ORGANISATIONS_MAX 64
#define ISSUANCE_STATES_MAX 32
#define ISSUANCE_LIST_BYTES_MAX ((size_t)1 << 20)
#define ISSUANCE_PATH_MAX 160
#define ISSUANCE_DAYS_MAX 3650

struct issuance_organisation {
        char name[DIRECTORY_NAME_MAX];
        char display_name[DIRECTORY_DISPLAY_NAME_MAX];
        uint64_t roles; /* WORD_BIT(enum organisation_role) */
        enum authority_nature nature;
        char node[DIRECTORY_URL_MAX];
        char phone[DIRECTORY_PHONE_MAX];
};

struct issuance_state {
        char country[3];
        char zone[DIRECTORY_ZONE_MAX];
        int64_t holidays[DIRECTORY_HOLIDAYS_MAX]; /* days since 1970-01-01, ascending */
        size_t holiday_count;
        bool stated; /* in the list, so that nothing is computed */
};

struct issuance_list {
        struct issuance_organisation organisations[ISSUANCE_ORGANISATIONS_MAX];
        size_t organisation_count;
        struct issuance_state states[ISSUANCE_STATES_MAX];
        size_t state_count;
};

/* Reads a list of organisations, one a line, blanks between: NAME ROLE[,ROLE...] NATURE NODE PHONE DISPLAY
 * NAME; NATURE is - where there is none; # begins a comment. Lines "state COUNTRY ZONE [DATE]..." state zone
 * and holidays of a State; for AT and DE they are known without. name: of the file, for messages. -EBADMSG
 * with the line. */
int issuance_list_read(
        struct slice text, const char *name, struct issuance_list **ret_list, struct error *error);
void issuance_list_free(struct issuance_list *list);

/* Five organisations in two countries, on this machine. As a text for issuance_list_read. */
extern const char issuance_default_list[];

struct issuance_file {
        char path[ISSUANCE_PATH_MAX]; /* below the set's folder; folders before what stands in them */
        bool folder;
        bool secret;
        struct buffer bytes;
};

struct issuance_set {
        struct issuance_file *files;
        size_t count, capacity;
};

/* Makes everything, valid from an hour before `now_ms` for `days` days; the directory is version `version`.
 * -EINVAL, -EBADMSG, -ENOMEM, -EIO with a message. */
int issuance_make(const struct issuance_list *list, int64_t now_ms, unsigned days, uint64_t version,
        struct issuance_set *ret_set, struct error *error);
void issuance_set_free(struct issuance_set *set); /* wipes what is secret */

/* Easter Sunday of a year (Gregorian), and the public holidays of all of Austria or Germany in a year,
 * ascending; -ENOENT for other countries. */
int64_t issuance_easter(int year);
int issuance_holidays(const char *country, int year, int64_t *ret_days, size_t room, size_t *ret_count);

#endif
