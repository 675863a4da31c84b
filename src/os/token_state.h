/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_TOKEN_STATE_H
#define ROGATORY_OS_TOKEN_STATE_H

/* What the files about tokens share: token.c (opening, AES keys), token_private.c (private keys). */

#include "os/token.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>

struct token {
        CK_FUNCTION_LIST *module;
        CK_SESSION_HANDLE session;
        bool is_initialized, has_session;
        int lock;                   /* -1: none */
        char name[160], object[80]; /* for messages; the label of the keys */
};

/* The error of a call that failed, with its reason in words. */
int token_failed(const struct token *token, const char *what, CK_RV code, struct error *error);

/* Waits until no other process of rogatory has the token in a way that excludes this one (flock(2)): LOCK_EX
 * while one logs in, LOCK_SH while several use their keys. -EBUSY after ten seconds. */
int token_lock(const struct token *token, int how, struct error *error);
void token_unlock(const struct token *token);

#endif
