/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_ZIP_ARCHIVE_H
#define ROGATORY_CONTAINER_ZIP_ARCHIVE_H

/* Unpacking and packing, by libzip, in memory. */

#include "base/buffer.h"
#include "base/error.h"
#include "container/zip_shape.h"

/* Unpacks one after the other the entries that zip_shape let through. *ret_contents[i] is of entries[i], to
 * be freed by the caller, each and the array. 0; -EBADMSG with a fatal finding; -ENOMEM. */
int zip_unpack(const void *bytes, size_t length, const struct zip_entry *entries, size_t count,
        struct findings *findings, uint8_t ***ret_contents);

struct zip_content {
        const char *name;
        const void *bytes;
        size_t length;
};

/* Appends an archive of the contents, in this order, all stored. 0, -ENOMEM, -EFBIG, -EIO. */
int zip_pack(
        const struct zip_content *contents, size_t count, struct buffer *ret_archive, struct error *error);

#endif
