/* SPDX-License-Identifier: EUPL-1.2 */
/* A proof that stands alone: that an entry stands in a log, and what was entered. */
#include "custody/log_opening.h"
#include "verify/examine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_BEGINS "c2sp.org/tlog-proof@v1\n"

bool is_proof(const void *bytes, size_t length)
{
        return length >= strlen(PROOF_BEGINS) && memcmp(bytes, PROOF_BEGINS, strlen(PROOF_BEGINS)) == 0;
}

/* By whose key? The log of the checkpoint's first line, among those that are known. */
static const struct note_key *find_key(const struct evidence *evidence, struct slice note)
{
        struct slice origin = slice_cut(&note, '\n');

        if (evidence->log_key && slice_is(origin, evidence->log_key->name))
                return evidence->log_key;
        for (size_t i = 0; evidence->directory && i < evidence->directory->organisation_count; i++) {
                const struct note_key *key = &evidence->directory->organisations[i].log_key;
                if (slice_is(origin, key->name))
                        return key;
        }
        return NULL;
}

static void tell_entry(const struct log_entry *entry, uint64_t index, const struct checkpoint *checkpoint,
        struct findings *findings)
{
        char *fields = json_dumps(entry->fields, JSON_COMPACT | JSON_SORT_KEYS);
        char at[TIME_TEXT_MAX];

        findings_add(findings, FINDING_HELD, "log-signed", checkpoint->origin,
                "The log had %" PRIu64 " entries under a signed root", checkpoint->size);
        findings_add(findings, FINDING_HELD, "entry-included", checkpoint->origin,
                "Entry %" PRIu64 " stands in it: \"%s\" (%s), entered %s by %s", index, entry->kind_name,
                entry->kind ? entry->kind->meaning : "a kind that this program does not know",
                time_format_utc(entry->at_ms, at), entry->by);
        findings_add(findings, FINDING_HELD, "entry-says", checkpoint->origin, "%s",
                fields ? fields : "(no memory to show it)");
        free(fields);
}

int examine_one_proof(const struct evidence *evidence, struct slice text, struct findings *findings,
        struct log_entry *ret_entry)
{
        struct checkpoint checkpoint;
        struct error error = {0};
        struct log_proof proof;

        int r = log_proof_read(text, &proof, &error);
        const struct note_key *key = r == 0 ? find_key(evidence, proof.checkpoint) : NULL;
        if (r == 0 && !key)
                return findings_refuse(findings, "log-unknown", "checkpoint",
                        "No key is known for this log: give the directory that names it, or --log-key");
        if (r == 0)
                r = log_opening_verify(&proof, key->name, key, 1, &checkpoint, ret_entry, &error);
        if (r == -ENOMEM || r == -EIO)
                return r;
        if (r < 0)
                return findings_refuse(findings, "proof", "proof", "%.400s", error.text);
        tell_entry(ret_entry, proof.index, &checkpoint, findings);
        return 0;
}

int examine_proof(const struct evidence *evidence, struct examination_result *ret_result)
{
        struct log_entry entry = {0};

        *ret_result = (struct examination_result){0};
        int r = examine_one_proof(evidence, slice_make((const char *)evidence->bytes, evidence->length),
                &ret_result->findings, &entry);
        log_entry_free(&entry);
        return r;
}
