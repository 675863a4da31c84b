/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_CONTAINER_STATE_H
#define ROGATORY_CONTAINER_CONTAINER_STATE_H

/* One container while it is examined. */

#include "container/container.h"
#include "container/manifest.h"

enum entry_role {
        ENTRY_OBJECT,
        ENTRY_MIMETYPE,
        ENTRY_FOLDER,
        ENTRY_MANIFEST,  /* ASiCManifest....xml in META-INF */
        ENTRY_SIGNATURE, /* CAdES: ....p7s in META-INF */
        ENTRY_XADES,     /* ...signature....xml in META-INF */
        ENTRY_OTHER,     /* anything else in META-INF */
};

/* Bytes that are hashed for comparing digests, parsing counted sixteenfold: a small container could ask for
 * each of its bytes a thousand times. */
#define CONTAINER_WORK_MAX (UINT64_C(1) << 30)
#define CONTAINER_PARSING_WORK 16

struct examined_entry {
        enum entry_role role;
        size_t position;   /* in the first manifest that was read, from 1; 0: it is not in it */
        size_t covered;    /* by how many manifests whose signature holds */
        size_t referenced; /* by how many manifests or foreign references at all */
        bool followed;     /* a hash chain that was read */
        char *media_type;  /* as the first manifest says; owned */
};

struct examination {
        const uint8_t *bytes;
        size_t length;
        const struct container_rules *rules;
        struct findings *findings;
        struct zip_entry *entries;
        uint8_t **contents;
        struct examined_entry *states;
        size_t count;
        struct cms_signature signers[CONTAINER_SIGNERS_MAX];
        size_t signer_count;
        size_t manifest_count; /* read so far */
        uint64_t work;
};

/* The entry of this name, or SIZE_MAX. */
size_t examination_find(const struct examination *e, const char *name);

/* Charges so many bytes; false where that is too much, with a fatal finding. */
bool examination_may_work(struct examination *e, uint64_t bytes);

/* The ASiCManifests and their signatures; fatal findings where they do not hold. -ENOMEM, -EIO. */
int examine_manifests(struct examination *e);

/* XAdES signatures and hash chains: said what they are and whether their digests are right; never believed.
 */
int examine_foreign(struct examination *e);

#endif
