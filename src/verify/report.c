/* SPDX-License-Identifier: EUPL-1.2 */
#include "verify/report.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static const char *when(int64_t instant_ms, char text[TIME_TEXT_MAX])
{
        return time_format_utc(instant_ms, text);
}

/* ---- words ---- */

static void write_signers(const struct examination_result *result, struct buffer *ret)
{
        char text[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX];

        (void)buffer_append_text(ret, "\nSigned by\n");
        for (size_t i = 0; i < result->container.signer_count; i++) {
                const struct cms_signature *one = &result->container.signers[i];
                const struct certificate_words *words = certificate_words(one->signer);
                (void)buffer_printf(ret, "  %s%s%s\n", words->subject,
                        result->organisations[i] ? ", seal of " : "",
                        result->organisations[i] ? result->organisations[i] : "");
                (void)buffer_printf(ret, "    certificate %s, number %s, SHA-256 %s\n", words->key,
                        words->serial, digest_format(words->fingerprint, digest));
                (void)buffer_printf(ret, "    at %s in its own words", when(one->stated_ms, text));
                if (one->proven_ms != TIME_UNKNOWN)
                        (void)buffer_printf(ret, ", not after %s by a timestamp", when(one->proven_ms, text));
                (void)buffer_append_text(ret, "\n");
        }
        (void)buffer_append_text(ret, "\nFiles\n");
        for (size_t i = 0; i < result->container.count; i++) {
                const struct container_object *one = &result->container.objects[i];
                (void)buffer_printf(ret, "  %s (%s), %zu bytes, SHA-256 %s\n", one->name, one->media_type,
                        one->length, digest_format(one->digest, digest));
        }
}

int report_text(const char *file, const struct evidence *evidence, const struct examination_result *result,
        struct buffer *ret)
{
        char text[TIME_TEXT_MAX];

        (void)buffer_printf(ret, "%s, examined as at %s\n\n", file, when(evidence->at_ms, text));
        (void)findings_write(&result->findings, ret);
        if (findings_hold(&result->findings)) {
                if (result->container.count > 0)
                        write_signers(result, ret);
                (void)buffer_append_text(ret, result->container.count > 0
                                                      ? "\nVERIFIED: the files are what was signed.\n"
                                                      : "\nVERIFIED: this was entered in the log.\n");
        } else {
                (void)buffer_printf(ret,
                        "\nREFUSED for %zu reason%s above: nothing in this file may be relied on.\n",
                        result->findings.fatal,
                        result->findings.fatal == 1 ? ", which is marked" : "s, which are marked");
        }
        return ret->failed;
}

/* ---- JSON ---- */

static json_t *findings_to_json(const struct findings *findings)
{
        json_t *list = json_array();
        for (size_t i = 0; i < findings->count; i++) {
                const struct finding *one = &findings->list[i];
                (void)json_array_append_new(
                        list, json_pack("{s:s, s:s, s:o, s:o}", "weight", finding_weight_word(one->weight),
                                      "code", one->code, "place", json_string_nocheck(one->place), "sentence",
                                      json_string_nocheck(one->sentence)));
        }
        return list;
}

static json_t *signers_to_json(const struct examination_result *result)
{
        char stated[TIME_TEXT_MAX], proven[TIME_TEXT_MAX], digest[DIGEST_TEXT_MAX];
        json_t *list = json_array();

        for (size_t i = 0; i < result->container.signer_count; i++) {
                const struct cms_signature *one = &result->container.signers[i];
                const struct certificate_words *words = certificate_words(one->signer);
                bool known = one->proven_ms != TIME_UNKNOWN;
                (void)json_array_append_new(
                        list, json_pack("{s:o, s:s, s:s, s:s?, s:s, s:s?}", "subject",
                                      json_string_nocheck(words->subject), "serial", words->serial, "sha256",
                                      digest_format(words->fingerprint, digest), "organisation",
                                      result->organisations[i], "stated", when(one->stated_ms, stated),
                                      "proven", known ? when(one->proven_ms, proven) : NULL));
        }
        return list;
}

static json_t *files_to_json(const struct container *container)
{
        char digest[DIGEST_TEXT_MAX];
        json_t *list = json_array();

        for (size_t i = 0; i < container->count; i++) {
                const struct container_object *one = &container->objects[i];
                (void)json_array_append_new(
                        list, json_pack("{s:o, s:o, s:I, s:s}", "name", json_string_nocheck(one->name),
                                      "type", json_string_nocheck(one->media_type), "bytes",
                                      (json_int_t)one->length, "sha256", digest_format(one->digest, digest)));
        }
        return list;
}

int report_json(const char *file, const struct evidence *evidence, const struct examination_result *result,
        struct buffer *ret)
{
        char text[TIME_TEXT_MAX];
        json_t *report = json_pack("{s:o, s:s, s:s, s:I, s:o, s:o, s:o}", "file", json_string_nocheck(file),
                "at", when(evidence->at_ms, text), "verdict",
                findings_hold(&result->findings) ? "verified" : "refused", "reasons",
                (json_int_t)result->findings.fatal, "signers", signers_to_json(result), "files",
                files_to_json(&result->container), "findings", findings_to_json(&result->findings));
        char *written = report ? json_dumps(report, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

        json_decref(report);
        if (!written)
                return -ENOMEM;
        (void)buffer_append_text(ret, written);
        free(written);
        return buffer_append_text(ret, "\n");
}
