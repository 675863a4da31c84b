/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_KEY_SOURCE_H
#define ROGATORY_SETTINGS_KEY_SOURCE_H

/* Where the parts of a realm's key come from: `key = file:/path, credential:NAME`. All parts are needed.
 * Pure: says where, reads nothing. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdbool.h>

#define KEY_SOURCES_MAX 3
#define KEY_SOURCE_NAME_MAX 512 /* with the end mark */

enum key_source_kind {
        KEY_SOURCE_FILE,       /* a file that rogatory makes and replaces: the part that can be destroyed */
        KEY_SOURCE_KEYRING,    /* a key of type "user" in the kernel's keyring; never changed by us */
        KEY_SOURCE_CREDENTIAL, /* a systemd credential (LoadCredentialEncrypted=); never changed by us */
        KEY_SOURCE_TOKEN,      /* keys in a PKCS#11 token that rogatory makes and destroys (token_uri.h) */
};

struct key_source {
        enum key_source_kind kind;
        char name[KEY_SOURCE_NAME_MAX]; /* path, description, credential; what stands behind "pkcs11:" */
};

struct key_sources {
        struct key_source items[KEY_SOURCES_MAX];
        size_t count; /* 0: none, files are stored as they are */
};

/* -EINVAL, problem says what is wrong. */
int key_sources_read(struct slice text, struct key_sources *ret_sources, struct error *problem);
/* As it would stand in the file: "none", "file:/path, keyring:NAME". */
int key_sources_write(const struct key_sources *sources, struct buffer *buffer);

/* The path of the file among them; NULL where there is none. */
const char *key_sources_file(const struct key_sources *sources);

/* The one among them that rogatory makes and replaces, a file or a token; NULL where there is none: then no
 * key can be destroyed. */
const struct key_source *key_sources_replaceable(const struct key_sources *sources);

#endif
