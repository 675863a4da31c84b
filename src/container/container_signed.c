/* SPDX-License-Identifier: EUPL-1.2 */
/* The manifests of a container, their digests and the signatures over them. */
#include "container/container_state.h"

#include "base/time.h"
#include "crypto/timestamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One manifest. */
struct covering {
        struct examination *e;
        const char *place;
        struct manifest manifest;
        size_t *covers; /* the entry of each reference */
};

static int compare_reference(struct covering *c, size_t number)
{
        struct examination *e = c->e;
        const struct reference *reference = &c->manifest.references[number];
        size_t at = reference->part ? SIZE_MAX : examination_find(e, reference->name);

        if (at == SIZE_MAX)
                return findings_refuse(e->findings, "reference-missing", c->place,
                        "It lists \"%s\", which is not in the container", reference->name);
        for (size_t i = 0; i < number; i++)
                if (c->covers[i] == at)
                        return findings_refuse(e->findings, "reference-twice", c->place,
                                "It lists \"%s\" twice", reference->name);
        c->covers[number] = at;
        e->states[at].referenced++;
        if (e->manifest_count == 1)
                e->states[at].position = number + 1;
        if (!examination_may_work(e, e->entries[at].size))
                return -EBADMSG;
        switch (manifest_compare(reference, e->contents[at], e->entries[at].size)) {
        case MANIFEST_SAME:
                return 0;
        case MANIFEST_DIFFERS:
                return findings_refuse(e->findings, "digest-differs", e->entries[at].name,
                        "Its digest is not the one in %s: it was changed after it was signed", c->place);
        case MANIFEST_UNKNOWN:
                break;
        }
        return findings_refuse(e->findings, "digest-unknown", c->place,
                "The digest of \"%s\" is of an algorithm that is not accepted: %s", reference->name,
                reference->algorithm[0] ? reference->algorithm : "none is named");
}

/* All are compared, so that all that differ are said. */
static int compare_references(struct covering *c)
{
        int r = 0;
        for (size_t i = 0; i < c->manifest.count; i++) {
                c->covers[i] = SIZE_MAX;
                int one = compare_reference(c, i);
                r = r < 0 ? r : one;
        }
        if (r == 0)
                findings_add(c->e->findings, FINDING_HELD, "digests", c->place,
                        "The digests of all %zu files that it lists are right", c->manifest.count);
        return r;
}

/* The media types are signed too; the first manifest's are the ones that are given out. */
static int take_types(struct covering *c)
{
        for (size_t i = 0; i < c->manifest.count; i++) {
                struct examined_entry *state = &c->e->states[c->covers[i]];
                const char *type = c->manifest.references[i].media_type;
                if (state->media_type && strcmp(state->media_type, type) != 0)
                        return findings_refuse(c->e->findings, "media-type-differs", c->place,
                                "It says of \"%s\" another media type than another manifest",
                                c->manifest.references[i].name);
                if (state->media_type)
                        continue;
                state->media_type = strdup(type);
                if (!state->media_type)
                        return -ENOMEM;
        }
        return 0;
}

/* A manifest may be covered by a timestamp alone: that says since when, and not by whom. */
static int examine_assertion(struct covering *c, size_t at, bool digests_right)
{
        struct examination *e = c->e;
        const struct cms_trust *trust = &e->rules->trust;
        size_t manifest = examination_find(e, c->place), from = e->findings->count;
        int64_t instant;

        if (!digests_right)
                return 0;
        if (!trust->timestamps || trust->timestamps->count == 0) {
                findings_add(e->findings, FINDING_REMARK, "assertion-not-read", c->place,
                        "It is covered by a timestamp, and no timestamp service is pinned: it is not read");
                return 0;
        }
        int r = timestamp_verify(e->contents[at], e->entries[at].size, e->contents[manifest],
                e->entries[manifest].size, trust->timestamps, e->entries[at].name, e->findings, &instant);
        findings_soften(e->findings, from);
        return r == -EBADMSG ? 0 : r;
}

static int examine_signature(struct covering *c, size_t at, bool digests_right)
{
        struct examination *e = c->e;
        const char *name = e->entries[at].name;
        size_t manifest = examination_find(e, c->place);

        if (e->states[at].referenced++ > 0)
                return findings_refuse(
                        e->findings, "signature-shared", name, "Two manifests name this signature as theirs");
        if (e->signer_count == CONTAINER_SIGNERS_MAX)
                return findings_refuse(e->findings, "too-many-signers", name, "More than %d have signed",
                        CONTAINER_SIGNERS_MAX);
        struct cms_signature *signature = &e->signers[e->signer_count];
        int r = cms_verify(e->contents[at], e->entries[at].size, e->contents[manifest],
                e->entries[manifest].size, &e->rules->trust, name, e->findings, signature);
        if (r < 0)
                return r;
        e->signer_count++;
        if (!digests_right)
                return -EBADMSG;
        for (size_t i = 0; i < c->manifest.count; i++)
                e->states[c->covers[i]].covered++;
        return take_types(c);
}

static int examine_parts(struct covering *c)
{
        struct examination *e = c->e;
        const char *name = c->manifest.signature;
        bool right = compare_references(c) == 0;
        size_t at = examination_find(e, name), length = strlen(name);

        if (at == SIZE_MAX)
                return findings_refuse(e->findings, "signature-missing", c->place,
                        "The signature that it names, \"%s\", is not in the container", name);
        if (e->states[at].role == ENTRY_SIGNATURE)
                return examine_signature(c, at, right);
        if (length > 4 && strcmp(name + length - 4, ".tst") == 0)
                return examine_assertion(c, at, right);
        return findings_refuse(
                e->findings, "signature-kind", c->place, "\"%s\" is no CAdES signature in META-INF", name);
}

static int examine_manifest(struct examination *e, size_t at)
{
        struct covering c = {.e = e, .place = e->entries[at].name};
        e->manifest_count++;
        int r = manifest_read(e->contents[at], e->entries[at].size, c.place, e->findings, &c.manifest);
        if (r < 0)
                return r;
        c.covers = calloc(c.manifest.count + 1, sizeof *c.covers);
        r = c.covers ? examine_parts(&c) : -ENOMEM;
        free(c.covers);
        manifest_free(&c.manifest);
        return r;
}

int examine_manifests(struct examination *e)
{
        for (size_t i = 0; i < e->count; i++) {
                int r = e->states[i].role == ENTRY_MANIFEST ? examine_manifest(e, i) : 0;
                if (r < 0 && r != -EBADMSG)
                        return r;
        }
        for (size_t i = 0; i < e->count; i++)
                if (e->states[i].role == ENTRY_SIGNATURE && e->states[i].referenced == 0)
                        (void)findings_refuse(e->findings, "signature-of-nothing", e->entries[i].name,
                                "No manifest names this signature: what it signs is not to be seen");
        return findings_hold(e->findings) ? 0 : -EBADMSG;
}
