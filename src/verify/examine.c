/* SPDX-License-Identifier: EUPL-1.2 */
#include "verify/examine.h"

#include <errno.h>

/* All seals of the directory, of any time: whether each was pinned when it signed is asked afterwards, when
 * that is known. */
static int gather_pinned(const struct evidence *evidence, struct certificate_set *pinned)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < evidence->signers.count; i++)
                r = certificate_set_add(pinned, evidence->signers.list[i]);
        for (size_t o = 0; r == 0 && evidence->directory && o < evidence->directory->organisation_count;
                o++) {
                const struct directory_organisation *one = &evidence->directory->organisations[o];
                for (size_t i = 0; r == 0 && i < one->certificate_count[DIRECTORY_SEAL]; i++)
                        r = certificate_set_add(pinned, one->certificates[DIRECTORY_SEAL][i].certificate);
        }
        return r;
}

/* Which organisation is it, and was its seal pinned when it signed? That is known by the timestamp; without
 * one the moment of the examination counts. */
static int examine_signer(const struct evidence *evidence, const struct cms_signature *signature,
        struct findings *findings, const char **ret_organisation)
{
        const struct certificate_words *words = certificate_words(signature->signer);
        int64_t when = signature->proven_ms != TIME_UNKNOWN ? signature->proven_ms : evidence->at_ms;
        char text[TIME_TEXT_MAX];
        const struct directory_organisation *who = directory_find_certificate(
                evidence->directory, DIRECTORY_SEAL, words->fingerprint, when, NULL);

        if (who) {
                *ret_organisation = who->name;
                findings_add(findings, FINDING_HELD, "signer-in-directory", words->subject,
                        "The directory (version %llu) says that at %s this was the seal of %s, %s",
                        (unsigned long long)evidence->directory->version, time_format_utc(when, text),
                        who->name, who->display_name);
                return 0;
        }
        if (certificate_set_find(&evidence->signers, words->fingerprint))
                return 0; /* pinned by hand as it is */
        return findings_refuse(findings, "signer-not-in-directory", words->subject,
                "At %s the directory (version %llu) names this certificate as nobody's seal",
                time_format_utc(when, text), (unsigned long long)evidence->directory->version);
}

static int examine_signers(const struct evidence *evidence, struct examination_result *result)
{
        int r = 0;

        if (!evidence->directory)
                return 0;
        if (directory_is_expired(evidence->directory, evidence->at_ms))
                findings_add(&result->findings, FINDING_REMARK, "directory-expired", "directory",
                        "The directory has expired at the moment of this examination: who belongs to it may "
                        "have "
                        "changed since");
        for (size_t i = 0; i < result->container.signer_count; i++) {
                int one = examine_signer(evidence, &result->container.signers[i], &result->findings,
                        &result->organisations[i]);
                r = r < 0 ? r : one;
        }
        return r;
}

int examine_evidence(const struct evidence *evidence, struct examination_result *ret_result)
{
        struct certificate_set pinned = {0};
        *ret_result = (struct examination_result){0};
        int r = gather_pinned(evidence, &pinned);

        if (r == 0) {
                struct container_rules rules = {.trust = {.signers = &pinned,
                                                        .timestamps = &evidence->services,
                                                        .instant_ms = evidence->at_ms,
                                                        .timestamp_required = evidence->timestamp_required},
                        .deviations_refused = evidence->deviations_refused};
                r = container_open(evidence->bytes, evidence->length, &rules, &ret_result->findings,
                        &ret_result->container);
        }
        if (r == 0)
                r = examine_signers(evidence, ret_result);
        if (r == 0)
                r = examine_message(evidence, ret_result);
        if (r < 0)
                container_free(&ret_result->container);
        certificate_set_free(&pinned);
        return r;
}

void examination_clear(struct examination_result *result)
{
        container_free(&result->container);
        findings_free(&result->findings);
}
