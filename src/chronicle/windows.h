/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CHRONICLE_WINDOWS_H
#define ROGATORY_CHRONICLE_WINDOWS_H

/* The windows of a store that stand in a log: entries "window-sealed", each with the digest of a stored file,
 * so that it can be shown later what the file was when the entry was made. */

#include "chronicle/chronicle.h"
#include "crypto/digest.h"

struct logged_window {
        char realm[128], file[128];
        uint8_t digest[DIGEST_BYTES]; /* SHA-256 of the file as it was stored */
        uint64_t index;               /* of the entry */
};
struct logged_windows {
        struct logged_window *items; /* owned; sorted by realm and file, each once: the first entry counts,
                                      * for what was entered later proves less */
        size_t count, capacity;
        uint64_t seen; /* entries of the log that were looked at */
};

/* The window that an entry seals; false: it seals none, or its opening was erased (entry NULL). */
bool logged_window_of(uint64_t index, const struct log_entry *entry, struct logged_window *ret_window);

/* Reads what the log has of them, all of it. 0; -ENOMEM and what chronicle_walk gives. */
int logged_windows_read(struct chronicle *chronicle, struct logged_windows *ret_windows, struct error *error);
void logged_windows_free(struct logged_windows *windows);
/* NULL where the log has no entry for it. */
const struct logged_window *logged_windows_find(
        const struct logged_windows *windows, const char *realm, const char *file);

#endif
