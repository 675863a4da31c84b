/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_SETTINGS_H
#define ROGATORY_EXCHANGE_SETTINGS_H

/* exchange.json: what a node's folder says of the node, strictly (doc/format/office.md). What it may believe
 * of others stands in the directory and not here. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"
#include "directory/directory.h"
#include "order/deadline.h"
#include "order/rules.h"
#include "settings/token_uri.h"

#include <limits.h>
#include <stdbool.h>

#define OFFICE_SETTINGS_FORMAT "rogatory-exchange/1"
#define OFFICE_SETTINGS_BYTES_MAX ((size_t)1 << 20)
#define OFFICE_PEOPLE_MAX 1024
#define OFFICE_LOGIN_MAX 64   /* with the end mark */
#define OFFICE_LISTEN_MAX 128 /* "ADDR:PORT", "[ADDR]:PORT" */
#define OFFICE_URL_MAX 256
#define OFFICE_KEY_URI_MAX 640 /* "pkcs11:...", with the end mark */
#define OFFICE_TOKEN_FILES_MAX 8

struct office_login {
        char login[OFFICE_LOGIN_MAX]; /* account of this machine */
        uint64_t roles;               /* WORD_BITs of enum person_role, at least one */
};

/* Where one of the organisation's keys is. */
struct office_key_place {
        char uri[OFFICE_KEY_URI_MAX]; /* as it was written; "": in keys/PURPOSE.key of the node's folder */
        struct token_uri token;       /* the same, read; of a PKCS#11 token */
};

struct office_settings {
        char organisation[MODEL_ORGANISATION_MAX];
        char listen[OFFICE_LISTEN_MAX]; /* "" where the node takes nothing from others */
        char store[PATH_MAX]; /* folder or socket of the store that is asked; "" where there is none */
        struct office_login people[OFFICE_PEOPLE_MAX];
        size_t person_count;
        struct rule_settings limits; /* of orders; without the list of shared prefixes */
        struct inform_rules inform;
        struct office_key_place keys[DIRECTORY_PURPOSES];
        /* What a token's module reads and writes, beyond /etc and /usr: from the root. */
        char token_files[OFFICE_TOKEN_FILES_MAX][PATH_MAX];
        size_t token_file_count;
        int64_t near_edge_ms;               /* of answers: an edge nearer than this is near */
        char timestamp_url[OFFICE_URL_MAX]; /* RFC 3161 over HTTP; "" where signatures are of level B */
        /* Below the node's folder: certificates of services that are believed, and those that the service's
         * for TLS leads to ("": it is asked by http). */
        char timestamp_certificate[PATH_MAX], timestamp_authorities[PATH_MAX];
        bool timestamp_optional; /* a message leaves without one where the service fails */
};

/* Everything but organisation, listen and people. */
void office_settings_default(struct office_settings *ret);

/* -EBADMSG with the place; -EFBIG, -ENOMEM. */
int office_settings_read(struct slice text, struct office_settings *ret, struct error *error);
/* Appends the file. One form for one content. */
int office_settings_write(const struct office_settings *settings, struct buffer *ret, struct error *error);

/* ADDR:PORT: an address of this machine, no name, and the port at which the directory says the node is.
 * -EINVAL.
 */
int office_settings_set_listen(struct office_settings *settings, const char *text, struct error *error);
/* "berger:officer,validator" -> one more login, or further roles of one that is there. -EINVAL, -E2BIG. */
int office_settings_add_person(struct office_settings *settings, struct slice text, struct error *error);

/* "seal=pkcs11:token=...": where a key is from now on. -EINVAL. */
int office_settings_place_key(struct office_settings *settings, struct slice text, struct error *error);

#endif
