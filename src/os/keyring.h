/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_KEYRING_H
#define ROGATORY_OS_KEYRING_H

/* Where secrets come from: files that nobody else may read, the kernel's keyring (keyrings(7)), systemd
 * credentials (systemd.exec(5)). Whoever received a secret wipes it (explicit_bzero). */

#include "base/buffer.h"
#include "base/error.h"

#define SECRET_LEAST 32  /* bytes of a secret out of the keyring or a credential */
#define SECRET_MOST 1024 /* of any secret */

/* Reads a file that only its owner may read and write, in a folder that nobody else may write to. -EACCES
 * where that is not so, with words that say how to mend it; -ENOENT; -EINVAL where it is no regular file.
 * ret: made with a ceiling, so that it does not move and leave copies behind. */
int secret_file_read(const char *path, struct buffer *ret, struct error *error);

/* Puts a new secret in the place of the old, durable before it returns, and overwrites the old one's bytes,
 * as far as the disk lets us. At every instant one of the two stands there whole. */
int secret_file_replace(const char *path, const void *bytes, size_t length, struct error *error);

/* The same where there must be no file yet: -EEXIST. */
int secret_file_create(const char *path, const void *bytes, size_t length, struct error *error);

/* Removes what a replacement that was cut off left beside the file. Only under the lock of whoever writes. */
int secret_file_tidy(const char *path, struct error *error);

/* A key of type "user", by its description, in the keyrings of the thread, process and session, or of the
 * user. -ENOKEY, -EKEYEXPIRED ..., each with words. */
int keyring_read(const char *description, struct buffer *ret, struct error *error);

/* The credential NAME that systemd passed to this unit. -ENOENT with words. */
int credential_read(const char *name, struct buffer *ret, struct error *error);

/* Keeps bytes off the swap, where the system allows it, and this process out of core dumps and away from
 * other processes of the same user (PR_SET_DUMPABLE). */
void secret_keep(const void *bytes, size_t length);

#endif
