/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_TOKEN_URI_H
#define ROGATORY_SETTINGS_TOKEN_URI_H

/* A PKCS#11 URI (RFC 7512), as far as it names a realm's key: all of token, object, module-path and
 * pin-source=file:/path, and nothing else. The PIN itself is never in it. Pure. */

#include "base/error.h"
#include "base/slice.h"

#define TOKEN_LABEL_MAX 33  /* with the end mark; PKCS#11 has 32 bytes */
#define TOKEN_OBJECT_MAX 65 /* with the end mark */
#define TOKEN_PATH_MAX 192  /* with the end mark */

struct token_uri {
        char token[TOKEN_LABEL_MAX];
        char object[TOKEN_OBJECT_MAX];
        char module[TOKEN_PATH_MAX];
        char pin_file[TOKEN_PATH_MAX];
};

/* text: what stands behind "pkcs11:". -EINVAL, problem says what is wrong. */
int token_uri_read(struct slice text, struct token_uri *ret_uri, struct error *problem);

#endif
