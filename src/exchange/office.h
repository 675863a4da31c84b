/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_OFFICE_H
#define ROGATORY_EXCHANGE_OFFICE_H

/* A node of an exchange as a folder (doc/format/office.md): its settings, keys, directory, transparency log
 * and database, opened for one person. Several processes may have the same folder open; a handle serves one
 * thread. Nothing here prints. */

#include "chronicle/chronicle.h"
#include "courier/queue.h"
#include "crypto/private_key.h"
#include "directory/directory.h"
#include "exchange/settings.h"
#include "order/deadline.h"

#include <jansson.h>

#define OFFICE_SETTINGS_NAME "exchange.json"
#define OFFICE_DATABASE_NAME "exchange.sqlite"
#define OFFICE_SOCKET_NAME "exchange.socket"
#define OFFICE_NODE "node" /* who does what no person does, in the log */

struct office;
struct sqlite3;

struct office_options {
        int64_t (*now)(void *context); /* NULL: the machine's clock */
        void *context;
        /* Who acts; NULL: the account that runs us, or for whom we act (os/person.h). */
        const char *login;
        /* Gets the token for what is to be timestamped (crypto/timestamp.h: request in, response out), where
         * the settings name a service: for post_stamp_all. NULL: what is sealed waits for somebody who can.
         */
        int (*timestamp)(void *context, const char *url, struct slice request, struct buffer *ret_response,
                struct error *error);
        int64_t timestamp_retry_ms; /* after a first attempt in vain, then longer; 0: half a minute */
};

/* ---- a new one ---- */

struct office_plan {
        const char *keys;      /* folder with seal, tls, decryption .key and .crt, log.key, witness.key */
        const char *directory; /* folder with directory.json, directory.json.sig, operator.pub */
        const struct office_settings *settings;
        const char *timestamps; /* file that becomes settings->timestamp_certificate; NULL: none */
};

/* Makes the folder (which must be empty or not be there), copies keys and directory into it, begins log and
 * database. The keys must be those that the directory pins for the organisation now. -EEXIST, -EINVAL and
 * others with a message. options: NULL for the machine's clock and account. */
int office_init(const char *path, const struct office_plan *plan, const struct office_options *options,
        struct error *error);

/* ---- opened ---- */

/* Verifies the directory against the operator's key and what was accepted last; a newer one that lies in the
 * folder is taken over, an older one refused. An expired one opens: it stops orders and no more. */
int office_open(const char *path, const struct office_options *options, struct office **ret_office,
        struct error *error);
void office_close(struct office *office); /* NULL is fine; an open step is undone */

const char *office_path(const struct office *office);
/* "FOLDER/name". -ENAMETOOLONG. */
int office_join(const struct office *office, const char *name, char ret_path[PATH_MAX], struct error *error);
const struct office_settings *office_settings(const struct office *office);
const char *office_organisation(const struct office *office);
const struct directory_organisation *office_self(const struct office *office); /* in the directory */
const struct directory *office_directory(const struct office *office);
bool office_directory_is_expired(const struct office *office);
struct chronicle *office_chronicle(struct office *office);
struct queue *office_queue(struct office *office);
struct sqlite3 *office_database(struct office *office);
int64_t office_now(const struct office *office);

/* The node's key for a purpose, and the certificate of it that the directory pins now; borrowed. Either may
 * be NULL. The key is opened by the first call that asks for it, out of its file or in its token, so that a
 * process has no key that it does not use. -ENOKEY with words where the directory pins none now, or one of
 * another key; what private_key_parse and token_private_open say, -EKEYREJECTED where the token has another
 * key than that of keys/PURPOSE.crt. */
int office_key(const struct office *office, enum directory_purpose purpose,
        const struct private_key **ret_key, const struct certificate **ret_certificate, struct error *error);

/* The key and the certificate in keys/PURPOSE.crt, whatever the directory pins; both are the caller's
 * (private_key_free, certificate_free), and work on when the office is closed. */
int office_take_key(struct office *office, enum directory_purpose purpose, struct private_key **ret_key,
        struct certificate **ret_certificate, struct error *error);
/* "keys/seal.key", or the URI of the token. */
void office_key_where(
        const struct office *office, enum directory_purpose purpose, char ret_text[OFFICE_KEY_URI_MAX]);

/* Where files of a message are kept: "FOLDER/containers", "FOLDER/evidence", "FOLDER/spool". */
const char *office_containers(const struct office *office);
const char *office_evidence(const struct office *office);
const char *office_spool(const struct office *office);

/* Holidays and zone of a State, for deadlines; borrowed until office_close. Where the directory does not know
 * the State, or its zone is none here: weekends only, in UTC, and false. */
bool office_calendar(struct office *office, const char *country, struct calendar *ret_calendar);

/* ---- who acts ---- */

const char *office_person(const struct office *office); /* "berger@at-prosecution-vienna" */
uint64_t office_roles(const struct office *office);     /* WORD_BITs of enum person_role; 0: none here */
bool office_has_role(const struct office *office, enum person_role role);
/* 0, or -EPERM with words. */
int office_need_role(const struct office *office, enum person_role role, struct error *error);
/* Orders are for the people of the node: whoever has no role at it reads none. The same results. */
int office_need_any_role(const struct office *office, struct error *error);

/* ---- steps ----
 *
 * Whatever a person, a message or the clock does is one step: what it writes into the database, what it puts
 * into the outbox and what it enters into the log come about together. The log is written before the
 * database commits, so nothing has an effect that stands in no log; where the process dies between the two,
 * the next step enters that the other one was undone ("administration", "step-undone"). */

int office_step_begin(struct office *office, struct error *error);
/* r negative: undoes everything and returns r. Else enters into the log, commits, and returns r or what that
 * said. */
int office_step_end(struct office *office, int r, struct error *error);
bool office_in_step(const struct office *office);

/* What the step enters into the log (custody/log_entry.h names kinds and fields). by: NULL for the person who
 * acts, OFFICE_NODE. Takes over fields (NULL: -ENOMEM), whatever it returns. */
int office_log(struct office *office, const char *kind, const char *by, json_t *fields, struct error *error);

/* An entry that must stand in the log before something is read: durable when this returns, of no step, and it
 * stays if what follows fails. ret_index may be NULL. Takes over fields. */
int office_log_now(struct office *office, const char *kind, const char *by, json_t *fields,
        uint64_t *ret_index, struct error *error);

/* A new UUID of version 4. */
int office_new_id(char ret_id[MODEL_ID_MAX], struct error *error);

#endif
