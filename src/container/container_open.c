/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/container.h"

#include "container/container_state.h"
#include "container/zip_archive.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fixed place of mimetype: a local header of 30 bytes, its name of 8, no extra field. */
#define MIMETYPE_NAME_AT 30
#define MIMETYPE_AT 38

static enum entry_role role_of(const struct zip_entry *entry)
{
        const char *name = entry->name;
        if (entry->folder)
                return ENTRY_FOLDER;
        if (strcmp(name, "mimetype") == 0)
                return ENTRY_MIMETYPE;
        /* Whatever the case of its letters, so that nothing hides in a second META-INF. */
        if (fnmatch("META-INF/*", name, FNM_CASEFOLD) != 0)
                return ENTRY_OBJECT;
        if (fnmatch("META-INF/ASiCManifest*.xml", name, 0) == 0)
                return ENTRY_MANIFEST;
        if (fnmatch("META-INF/*.p7s", name, 0) == 0)
                return ENTRY_SIGNATURE;
        return fnmatch("META-INF/*signature*.xml", name, 0) == 0 ? ENTRY_XADES : ENTRY_OTHER;
}

size_t examination_find(const struct examination *e, const char *name)
{
        for (size_t i = 0; i < e->count; i++)
                if (strcmp(e->entries[i].name, name) == 0)
                        return i;
        return SIZE_MAX;
}

bool examination_may_work(struct examination *e, uint64_t bytes)
{
        bool before = e->work > CONTAINER_WORK_MAX;
        e->work += bytes;
        if (e->work > CONTAINER_WORK_MAX && !before)
                (void)findings_refuse(e->findings, "too-much-work", "archive",
                        "It lists its files so often that comparing their digests is given up");
        return e->work <= CONTAINER_WORK_MAX;
}

static int unpack(struct examination *e)
{
        int r = zip_shape(e->bytes, e->length, e->findings, &e->entries, &e->count);
        if (r == 0)
                r = zip_unpack(e->bytes, e->length, e->entries, e->count, e->findings, &e->contents);
        if (r < 0)
                return r;
        e->states = calloc(e->count + 1, sizeof *e->states);
        if (!e->states)
                return -ENOMEM;
        for (size_t i = 0; i < e->count; i++)
                e->states[i].role = role_of(&e->entries[i]);
        findings_add(e->findings, FINDING_HELD, "archive", "archive",
                "A zip archive of %zu entries, each where the directory says and none hidden", e->count);
        return 0;
}

static int examine_mimetype(struct examination *e)
{
        static const char place[] = "mimetype", type[] = CONTAINER_MEDIA_TYPE;
        size_t at = examination_find(e, place), size = sizeof type - 1;

        if (at == SIZE_MAX) {
                findings_add(e->findings, FINDING_REMARK, "mimetype-missing", "archive",
                        "It has no entry \"mimetype\" that says what it is");
                return 0;
        }
        if (e->entries[at].size != size || memcmp(e->contents[at], type, size) != 0)
                return findings_refuse(e->findings, "mimetype-differs", place,
                        "It says that it is something else than %s", type);
        /* ETSI EN 319 162-1 annex A.1: first, stored, without an extra field. */
        if (e->length < MIMETYPE_AT + size ||
                memcmp(e->bytes + MIMETYPE_NAME_AT, place, sizeof place - 1) != 0 ||
                memcmp(e->bytes + MIMETYPE_AT, type, size) != 0)
                findings_add(e->findings, FINDING_REMARK, "mimetype-place", place,
                        "It is not the first entry, or not stored as it is at byte %d, where others look for "
                        "it",
                        MIMETYPE_AT);
        else
                findings_add(e->findings, FINDING_HELD, "mimetype", place,
                        "The first entry says at its fixed place that this is ASiC-E");
        return 0;
}

/* mimetype, the files as the first manifest lists them, each manifest with its signature behind it. */
static bool in_written_order(const struct examination *e)
{
        char manifest[64], signature[64];
        size_t i = 0, number = 0;

        if (e->count == 0 || e->states[i++].role != ENTRY_MIMETYPE)
                return false;
        for (; i < e->count && e->states[i].role == ENTRY_OBJECT; i++)
                if (e->states[i].position != i)
                        return false;
        for (; i + 1 < e->count; i += 2) {
                (void)snprintf(manifest, sizeof manifest, "META-INF/ASiCManifest%03zu.xml", ++number);
                (void)snprintf(signature, sizeof signature, "META-INF/signature%03zu.p7s", number);
                if (strcmp(e->entries[i].name, manifest) != 0 ||
                        strcmp(e->entries[i + 1].name, signature) != 0)
                        return false;
        }
        return i == e->count;
}

/* Where only what rogatory writes is let in, nothing in the packaging may differ from it: no byte of it could
 * be changed then. */
static void examine_packaging(struct examination *e, size_t remarks)
{
        if (!in_written_order(e)) {
                remarks++;
                findings_add(e->findings, FINDING_REMARK, "archive-written-otherwise", "archive",
                        "The entries are not in the order, or manifests and signatures not of the names, of "
                        "rogatory");
        }
        if (e->rules->deviations_refused && remarks > 0)
                (void)findings_refuse(e->findings, "packaging-deviates", "archive",
                        "The container is packed otherwise than rogatory packs (see the remarks), and "
                        "between nodes "
                        "only that is accepted");
}

static void examine_others(struct examination *e)
{
        for (size_t i = 0; i < e->count; i++)
                if (e->states[i].role == ENTRY_OTHER)
                        findings_add(e->findings, FINDING_REMARK, "entry-not-read", e->entries[i].name,
                                "Is no part of what is signed, and is not read");
}

/* Nothing may lie in a container that its signers did not sign: an officer would open it with the rest. */
static int examine_coverage(struct examination *e)
{
        size_t objects = 0;
        int r = 0;

        for (size_t i = 0; i < e->count; i++) {
                if (e->states[i].role != ENTRY_OBJECT)
                        continue;
                objects++;
                if (e->signer_count > 0 && e->states[i].covered == e->signer_count)
                        continue;
                r = findings_refuse(e->findings, "entry-not-signed", e->entries[i].name,
                        e->states[i].covered > 0 ? "Not every signer has signed this file"
                                                 : "No signature that holds covers this file");
        }
        if (objects == 0)
                return findings_refuse(e->findings, "no-files", "archive", "The container holds no file");
        if (r == 0)
                findings_add(e->findings, FINDING_HELD, "coverage", "archive",
                        "Every file in the container (%zu) is covered by every signature (%zu)", objects,
                        e->signer_count);
        return r;
}

/* All steps are taken, so that all that is wrong is said; but what cannot be unpacked is not examined. */
static int examine(struct examination *e)
{
        size_t remarked = e->findings->remarked;
        int r = unpack(e);
        if (r < 0)
                return r;
        (void)examine_mimetype(e);
        examine_others(e);
        size_t remarks = e->findings->remarked - remarked;
        r = examine_manifests(e);
        if (r == 0 || r == -EBADMSG)
                examine_packaging(e, remarks);
        if (r == 0 || r == -EBADMSG)
                r = examine_foreign(e);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (e->signer_count == 0)
                (void)findings_refuse(e->findings, "no-signature", "archive",
                        "The container has no CAdES signature that holds");
        (void)examine_coverage(e);
        return findings_hold(e->findings) ? 0 : -EBADMSG;
}

/* ---- giving out ---- */

/* Copies text with its end mark; returns where the next may stand. */
static char *put_text(char *at, const char *text)
{
        size_t length = strlen(text) + 1;
        memcpy(at, text, length);
        return at + length;
}

static int give_out(struct examination *e, struct container *ret)
{
        struct container out = {.signer_count = e->signer_count};
        size_t text = 1;

        for (size_t i = 0; i < e->count; i++)
                text += strlen(e->entries[i].name) + 1 +
                        (e->states[i].media_type ? strlen(e->states[i].media_type) : 0) + 1;
        out.objects = calloc(e->count + 1, sizeof *out.objects);
        out.signers = calloc(e->signer_count + 1, sizeof *out.signers);
        out.contents = calloc(e->count + 1, sizeof *out.contents);
        out.memory = malloc(text);
        if (!out.objects || !out.signers || !out.contents || !out.memory) {
                container_free(&out);
                return -ENOMEM;
        }
        char *at = out.memory;
        for (size_t i = 0; i < e->count; i++) {
                if (e->states[i].role != ENTRY_OBJECT)
                        continue;
                struct container_object *object = &out.objects[out.count];
                object->name = at;
                at = put_text(at, e->entries[i].name);
                object->media_type = at;
                at = put_text(at, e->states[i].media_type ? e->states[i].media_type : "");
                object->bytes = out.contents[out.count] = e->contents[i];
                object->length = e->entries[i].size;
                e->contents[i] = NULL;
                out.count++;
                if (digest_of(object->bytes, object->length, object->digest) < 0) {
                        container_free(&out);
                        return -EIO;
                }
        }
        memcpy(out.signers, e->signers, e->signer_count * sizeof *out.signers);
        e->signer_count = 0;
        *ret = out;
        return 0;
}

int container_open(const void *bytes, size_t length, const struct container_rules *rules,
        struct findings *findings, struct container *ret_container)
{
        struct examination e = {.bytes = bytes, .length = length, .rules = rules, .findings = findings};
        int r = examine(&e);

        if (r == 0)
                r = give_out(&e, ret_container);
        for (size_t i = 0; i < e.signer_count; i++)
                cms_signature_clear(&e.signers[i]);
        for (size_t i = 0; i < e.count; i++) {
                if (e.contents)
                        free(e.contents[i]);
                if (e.states)
                        free(e.states[i].media_type);
        }
        free(e.contents);
        free(e.states);
        free(e.entries);
        return r;
}

void container_free(struct container *container)
{
        for (size_t i = 0; container->signers && i < container->signer_count; i++)
                cms_signature_clear(&container->signers[i]);
        for (size_t i = 0; container->contents && i < container->count; i++)
                free(container->contents[i]);
        free(container->objects);
        free(container->signers);
        free(container->contents);
        free(container->memory);
        *container = (struct container){0};
}

const struct container_object *container_find(const struct container *container, const char *name)
{
        for (size_t i = 0; i < container->count; i++)
                if (strcmp(container->objects[i].name, name) == 0)
                        return &container->objects[i];
        return NULL;
}
