/* SPDX-License-Identifier: EUPL-1.2 */
/* Containers of other systems: XAdES signatures, and hash chains as batches of messages have them. They are
 * not believed, but whoever sends one is told what it is, and whether the files in it are those that were
 * signed. */
#include "container/canonical_xml.h"
#include "container/container_state.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* A signed part of the same XML: what the signer stated beside the files, such as when it signed. */
static int compare_part(struct examination *e, const struct reference *reference, size_t in, size_t *right)
{
        struct buffer part = buffer_make(MANIFEST_BYTES_MAX);
        if (!examination_may_work(e, (uint64_t)e->entries[in].size * CONTAINER_PARSING_WORK))
                return -EBADMSG;
        int r = canonical_xml_part(e->contents[in], e->entries[in].size, reference->fragment, &part);
        enum manifest_match match =
                r == 0 ? manifest_compare(reference, part.bytes, part.length) : MANIFEST_UNKNOWN;

        if (match == MANIFEST_SAME)
                (*right)++;
        else if (match == MANIFEST_DIFFERS)
                (void)findings_refuse(e->findings, "xades-part-differs", e->entries[in].name,
                        "Its part \"%s\" is not the one that was signed: it was changed",
                        reference->fragment);
        else
                findings_add(e->findings, FINDING_REMARK, "xades-part-unread", e->entries[in].name,
                        "Whether its part \"%s\" was changed is not told", reference->fragment);
        buffer_free(&part);
        return r == -ENOMEM ? r : 0;
}

static void compare_file(
        struct examination *e, const struct reference *reference, const char *place, size_t at, size_t *right)
{
        switch (manifest_compare(reference, e->contents[at], e->entries[at].size)) {
        case MANIFEST_SAME:
                (*right)++;
                return;
        case MANIFEST_DIFFERS:
                (void)findings_refuse(e->findings, "digest-differs", e->entries[at].name,
                        "Its digest is not the one in %s: it was changed after it was signed", place);
                return;
        case MANIFEST_UNKNOWN:
                findings_add(e->findings, FINDING_REMARK, "digest-unknown", place,
                        "The digest of \"%s\" is of an algorithm that is not known: %s", reference->name,
                        reference->algorithm);
                return;
        }
}

static int compare(struct examination *e, const struct reference *reference, size_t in, size_t *right)
{
        const char *place = e->entries[in].name;
        if (reference->name[0] == '\0')
                return reference->transformed ? 0 : compare_part(e, reference, in, right);
        size_t at = examination_find(e, reference->name);
        if (at != SIZE_MAX) {
                e->states[at].referenced++;
                if (!examination_may_work(e, e->entries[at].size))
                        return -EBADMSG;
                if (!reference->part)
                        compare_file(e, reference, place, at, right);
        } else if (fnmatch("*hashchain*", place, 0) != 0) {
                /* Chains of batches list what belongs to others; only a signature must find everything. */
                (void)findings_refuse(e->findings, "reference-missing", place,
                        "It lists \"%s\", which is not in the container", reference->name);
        }
        return 0;
}

static int compare_all(struct examination *e, size_t at)
{
        const char *place = e->entries[at].name;
        struct manifest manifest;
        size_t right = 0;
        int r = manifest_read_foreign(e->contents[at], e->entries[at].size, place, e->findings, &manifest);

        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < manifest.count; i++)
                r = compare(e, &manifest.references[i], at, &right);
        if (right > 0)
                findings_add(e->findings, FINDING_HELD, "foreign-digests", place,
                        "The digests of %zu files and parts that it lists are right", right);
        manifest_free(&manifest);
        return r;
}

static bool is_chain(const struct examination *e, size_t at)
{
        return e->states[at].role == ENTRY_OBJECT && fnmatch("*hashchain*.xml", e->entries[at].name, 0) == 0;
}

/* A chain counts where something that counts refers to it; at most as often as there are entries. */
static int follow_chains(struct examination *e)
{
        for (bool more = true; more;) {
                more = false;
                for (size_t i = 0; i < e->count; i++) {
                        if (!is_chain(e, i) || e->states[i].referenced == 0 || e->states[i].followed)
                                continue;
                        e->states[i].followed = more = true;
                        int r = compare_all(e, i);
                        if (r < 0 && r != -EBADMSG)
                                return r;
                }
        }
        return 0;
}

int examine_foreign(struct examination *e)
{
        bool foreign = false;

        for (size_t i = 0; i < e->count; i++) {
                if (e->states[i].role != ENTRY_XADES)
                        continue;
                foreign = true;
                (void)findings_refuse(e->findings, "xades-not-verified", e->entries[i].name,
                        "A signature in the form XAdES, which is not verified here: only its digests of "
                        "files are "
                        "compared. Ask for a container with CAdES signatures");
                int r = compare_all(e, i);
                if (r < 0 && r != -EBADMSG)
                        return r;
        }
        int r = foreign ? follow_chains(e) : 0;
        for (size_t i = 0; r == 0 && foreign && i < e->count; i++)
                if (e->states[i].role == ENTRY_OBJECT && e->states[i].referenced == 0)
                        (void)findings_refuse(e->findings, "entry-not-referenced", e->entries[i].name,
                                "Nothing that is signed refers to this file");
        return r;
}
