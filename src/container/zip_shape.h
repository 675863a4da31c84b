/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_ZIP_SHAPE_H
#define ROGATORY_CONTAINER_ZIP_SHAPE_H

/* The look at a zip archive (APPNOTE.TXT 6.3) before a library sees it. What programs read differently is
 * refused: bytes that belong to no entry, entries over each other, a local header that says something else
 * than the directory. What differs from how rogatory writes is remarked. Pure; borrows the bytes. */

#include "base/finding.h"

#include <stdint.h>

#define CONTAINER_BYTES_MAX (96u << 20) /* of the archive */
#define CONTAINER_ENTRIES_MAX 1000
#define CONTAINER_NAME_MAX 200                /* bytes of an entry's name */
#define CONTAINER_ENTRY_BYTES_MAX (64u << 20) /* unpacked */
#define CONTAINER_TOTAL_BYTES_MAX (96u << 20) /* unpacked, of all entries */
#define CONTAINER_RATIO_MAX 100               /* unpacked to packed, of entries above CONTAINER_RATIO_FREE */
#define CONTAINER_RATIO_FREE 65536

#define ZIP_STORED 0
#define ZIP_DEFLATED 8
#define ZIP_DATE 0x21 /* 1980-01-01: when an entry was made is nobody's signed word */

struct zip_entry {
        char name[CONTAINER_NAME_MAX + 1];
        bool folder; /* its name ends with a slash, and it is empty */
        uint16_t method, flags, needed;
        uint32_t crc, packed, size; /* bytes */
        uint32_t stamp;             /* time and date of DOS */
        uint32_t header;            /* where its local header stands */
};

/* In the order of the directory; *ret_entries is the caller's, to be freed. 0, -EBADMSG with fatal findings,
 * -ENOMEM. */
int zip_shape(const void *bytes, size_t length, struct findings *findings, struct zip_entry **ret_entries,
        size_t *ret_count);

/* Why no entry may be named so; NULL where one may. */
const char *zip_name_wrong(const char *name, size_t length);

/* Is the name of letters, digits, '.', '-', '_' and slashes only, as rogatory writes it? */
bool zip_name_is_plain(const char *name);

#endif
