/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/manifest.h"

#include "base/base64.h"
#include "crypto/digest.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#define ASIC "http://uri.etsi.org/02918/v1.2.1#"
#define ASIC_MISWRITTEN "http://uri.etsi.org/2918/v1.2.1#" /* as of some systems in service */
#define DSIG "http://www.w3.org/2000/09/xmldsig#"
#define BETWEEN '|' /* between namespace and name; no URI has it */

static const struct {
        const char *uri;
        size_t bytes;
        enum digest_kind kind;
} algorithms[] = {
        {"http://www.w3.org/2001/04/xmlenc#sha256", 32, DIGEST_SHA256},
        {"http://www.w3.org/2001/04/xmldsig-more#sha384", 48, DIGEST_SHA384},
        {"http://www.w3.org/2001/04/xmlenc#sha512", 64, DIGEST_SHA512},
};

/* ---- reading ---- */

struct reading {
        XML_Parser parser;
        struct manifest *manifest;
        bool foreign;
        size_t depth;
        const char *wrong; /* the first thing that was */
        bool miswritten;   /* the namespace */
        size_t signatures; /* SigReference elements */
        bool in_reference, in_digest;
        char algorithm[MANIFEST_TEXT_MAX]; /* DefaultDigestMethod of a hash chain */
        char digest[MANIFEST_TEXT_MAX];    /* text of DigestValue so far */
        size_t digest_length;
};

static void stop(struct reading *reading, const char *wrong)
{
        if (!reading->wrong)
                reading->wrong = wrong;
        (void)XML_StopParser(reading->parser, XML_FALSE);
}

static bool copy(char text[MANIFEST_TEXT_MAX], const char *value)
{
        size_t length = strlen(value);
        if (length >= MANIFEST_TEXT_MAX)
                return false;
        memcpy(text, value, length + 1);
        return true;
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
        for (size_t i = 0; attributes[i]; i += 2)
                if (strcmp(attributes[i], name) == 0)
                        return attributes[i + 1];
        return NULL;
}

static int hex_digit(char digit)
{
        return digit >= '0' && digit <= '9'   ? digit - '0'
               : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
               : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                              : -1;
}

/* A URI reference within the container: relative to its root, percent-decoded. */
static bool take_name(const char *uri, char name[MANIFEST_TEXT_MAX], bool *ret_part)
{
        size_t length = 0;
        const char *fragment = strchr(uri, '#');

        *ret_part = fragment != NULL;
        if (*uri == '/')
                uri++;
        while (*uri && *uri != '#') {
                int high = *uri == '%' ? hex_digit(uri[1]) : -1, low = high >= 0 ? hex_digit(uri[2]) : -1;
                if ((*uri == '%' && low < 0) || length + 1 >= MANIFEST_TEXT_MAX)
                        return false;
                char byte = *uri == '%' ? (char)(high << 4 | low) : *uri;
                if (byte == '\0')
                        return false;
                name[length++] = byte;
                uri += *uri == '%' ? 3 : 1;
        }
        name[length] = '\0';
        return length > 0 || *ret_part;
}

static struct reference *last(struct reading *reading)
{
        return &reading->manifest->references[reading->manifest->count - 1];
}

static void begin_reference(struct reading *reading, const XML_Char **attributes)
{
        struct manifest *manifest = reading->manifest;
        const char *uri = attribute(attributes, "URI"), *type = attribute(attributes, "MimeType");

        if (reading->in_reference)
                return stop(reading, "a reference stands in another");
        if (manifest->count == MANIFEST_REFERENCES_MAX)
                return stop(reading, "it has too many references");
        struct reference *grown =
                realloc(manifest->references, (manifest->count + 1) * sizeof *manifest->references);
        if (!grown)
                return stop(reading, "memory ran out");
        manifest->references = grown;
        struct reference *one = &grown[manifest->count];
        *one = (struct reference){0};
        manifest->count++;
        reading->in_reference = true;
        if (!uri || !take_name(uri, one->name, &one->part) || (type && !copy(one->media_type, type)))
                return stop(reading, "a reference's URI or type is not readable");
        const char *fragment = strchr(uri, '#');
        if (fragment && !copy(one->fragment, fragment + 1))
                return stop(reading, "a reference's URI is too long");
        memcpy(one->algorithm, reading->algorithm, sizeof one->algorithm);
}

static void begin_digest(struct reading *reading, const char *element, const XML_Char **attributes)
{
        if (strcmp(element, "DigestMethod") == 0) {
                const char *algorithm = attribute(attributes, "Algorithm");
                if (!algorithm || !copy(last(reading)->algorithm, algorithm))
                        stop(reading, "a digest's algorithm is not readable");
        } else if (strcmp(element, "DigestValue") == 0) {
                if (last(reading)->digest_length > 0)
                        return stop(reading, "a reference has two digests");
                reading->in_digest = true;
                reading->digest_length = 0;
        }
}

/* What the schema of annex A allows, and nothing else. */
static void begin_ours(
        struct reading *reading, const char *space, const char *element, const XML_Char **attributes)
{
        bool asic = strcmp(space, ASIC) == 0 || strcmp(space, ASIC_MISWRITTEN) == 0;
        bool dsig = strcmp(space, DSIG) == 0;

        reading->miswritten = reading->miswritten || strcmp(space, ASIC_MISWRITTEN) == 0;
        if (reading->depth == 1 && asic && strcmp(element, "ASiCManifest") == 0)
                return;
        if (reading->depth == 2 && asic && strcmp(element, "SigReference") == 0) {
                const char *uri = attribute(attributes, "URI"), *type = attribute(attributes, "MimeType");
                bool part;
                if (reading->signatures++ > 0 || !uri ||
                        !take_name(uri, reading->manifest->signature, &part) || part ||
                        (type && !copy(reading->manifest->signature_type, type)))
                        stop(reading, "it must name one signature");
                return;
        }
        if (reading->depth == 2 && asic && strcmp(element, "DataObjectReference") == 0)
                return begin_reference(reading, attributes);
        if (reading->depth == 3 && dsig && reading->in_reference &&
                (strcmp(element, "DigestMethod") == 0 || strcmp(element, "DigestValue") == 0))
                return begin_digest(reading, element, attributes);
        stop(reading, "it has an element that does not belong there");
}

static void begin_foreign(struct reading *reading, const char *element, const XML_Char **attributes)
{
        if (strcmp(element, "Reference") == 0 || strcmp(element, "DataRef") == 0 ||
                strcmp(element, "HashChainResult") == 0)
                return begin_reference(reading, attributes);
        if (strcmp(element, "DefaultDigestMethod") == 0) {
                const char *algorithm = attribute(attributes, "Algorithm");
                if (algorithm)
                        (void)copy(reading->algorithm, algorithm);
        }
        if (strcmp(element, "Transforms") == 0 && reading->in_reference)
                last(reading)->part = last(reading)->transformed =
                        true; /* what is digested is what the transforms make */
        if (reading->in_reference)
                begin_digest(reading, element, attributes);
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
        struct reading *reading = context;
        const char *mark = strrchr(name, BETWEEN), *element = mark ? mark + 1 : name;
        char space[128] = "";

        if (++reading->depth > MANIFEST_DEPTH_MAX)
                return stop(reading, "its elements are nested too deeply");
        if (mark && (size_t)(mark - name) < sizeof space)
                memcpy(space, name, (size_t)(mark - name));
        if (reading->in_digest)
                return stop(reading, "a digest holds an element");
        if (reading->foreign)
                begin_foreign(reading, element, attributes);
        else
                begin_ours(reading, space, element, attributes);
}

static void end_digest(struct reading *reading)
{
        struct reference *one = last(reading);
        struct buffer bytes = buffer_make(sizeof one->digest);

        reading->in_digest = false;
        int r = base64_read(slice_make(reading->digest, reading->digest_length), &bytes);
        if (r == 0 && bytes.length > 0) {
                memcpy(one->digest, bytes.bytes, bytes.length);
                one->digest_length = bytes.length;
        } else {
                stop(reading, "a digest is not readable");
        }
        buffer_free(&bytes);
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
        struct reading *reading = context;
        const char *mark = strrchr(name, BETWEEN), *element = mark ? mark + 1 : name;

        reading->depth--;
        if (reading->in_digest)
                end_digest(reading);
        else if (reading->in_reference &&
                 (strcmp(element, "DataObjectReference") == 0 || strcmp(element, "Reference") == 0 ||
                         strcmp(element, "DataRef") == 0 || strcmp(element, "HashChainResult") == 0))
                reading->in_reference = false;
}

static bool is_blank(char at)
{
        return at == ' ' || at == '\t' || at == '\r' || at == '\n';
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
        struct reading *reading = context;

        for (int i = 0; i < length; i++) {
                if (is_blank(text[i]))
                        continue;
                if (reading->in_digest && reading->digest_length < sizeof reading->digest)
                        reading->digest[reading->digest_length++] = text[i];
                else if (reading->in_digest || !reading->foreign)
                        return stop(reading, "text stands where none may");
        }
}

static void XMLCALL on_type(
        void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
        (void)name, (void)system, (void)public, (void)internal;
        stop(context, "it has a document type, with which XML can be made to mean anything");
}

static void XMLCALL on_instruction(void *context, const XML_Char *target, const XML_Char *data)
{
        (void)target, (void)data;
        stop(context, "it has a processing instruction");
}

static void handle(struct reading *reading)
{
        XML_Parser parser = reading->parser;
        XML_SetUserData(parser, reading);
        XML_SetElementHandler(parser, on_start, on_end);
        XML_SetCharacterDataHandler(parser, on_text);
        XML_SetStartDoctypeDeclHandler(parser, on_type);
        XML_SetProcessingInstructionHandler(parser, on_instruction);
}

static int read_xml(const void *bytes, size_t length, bool foreign, const char *place,
        struct findings *findings, struct manifest *ret_manifest)
{
        struct manifest manifest = {0};
        struct reading reading = {.manifest = &manifest, .foreign = foreign};

        if (length > MANIFEST_BYTES_MAX)
                return findings_refuse(
                        findings, "manifest-malformed", place, "It is longer than is accepted");
        reading.parser = XML_ParserCreateNS("UTF-8", BETWEEN);
        if (!reading.parser)
                return -ENOMEM;
        handle(&reading);
        bool parsed = XML_Parse(reading.parser, bytes, (int)length, 1) == XML_STATUS_OK;
        const char *library = parsed ? NULL : XML_ErrorString(XML_GetErrorCode(reading.parser));
        unsigned long line = XML_GetCurrentLineNumber(reading.parser);
        XML_ParserFree(reading.parser);
        if (!reading.wrong && parsed && !foreign && (reading.signatures != 1 || manifest.count == 0))
                reading.wrong = "it must name one signature and at least one file";
        if (reading.wrong || !parsed) {
                manifest_free(&manifest);
                return findings_refuse(findings, "manifest-malformed", place, "Not readable at line %lu: %s",
                        line, reading.wrong ? reading.wrong : library);
        }
        if (reading.miswritten)
                findings_add(findings, FINDING_REMARK, "manifest-namespace", place,
                        "Its namespace is miswritten: \"%s\" is the one of the standard", ASIC);
        *ret_manifest = manifest;
        return 0;
}

int manifest_read(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct manifest *ret_manifest)
{
        return read_xml(bytes, length, false, place, findings, ret_manifest);
}

int manifest_read_foreign(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct manifest *ret_manifest)
{
        return read_xml(bytes, length, true, place, findings, ret_manifest);
}

void manifest_free(struct manifest *manifest)
{
        free(manifest->references);
        *manifest = (struct manifest){0};
}

enum manifest_match manifest_compare(const struct reference *reference, const void *bytes, size_t length)
{
        uint8_t hash[MANIFEST_DIGEST_MAX];

        for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
                if (strcmp(algorithms[i].uri, reference->algorithm) != 0)
                        continue;
                if (digest_of_kind(algorithms[i].kind, bytes, length, hash) < 0)
                        return MANIFEST_UNKNOWN;
                return reference->digest_length == algorithms[i].bytes &&
                                       memcmp(hash, reference->digest, algorithms[i].bytes) == 0
                               ? MANIFEST_SAME
                               : MANIFEST_DIFFERS;
        }
        return MANIFEST_UNKNOWN;
}

/* ---- writing ---- */

int manifest_write(const char *signature, const struct manifest_entry *entries, size_t count,
        struct buffer *ret_manifest)
{
        (void)buffer_printf(ret_manifest,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<asic:ASiCManifest xmlns:asic=\"" ASIC "\" xmlns:ds=\"" DSIG "\">\n"
                "<asic:SigReference URI=\"%s\" MimeType=\"application/pkcs7-signature\"/>\n",
                signature);
        for (size_t i = 0; i < count; i++) {
                uint8_t hash[DIGEST_BYTES];
                int r = digest_of(entries[i].bytes, entries[i].length, hash);
                if (r < 0)
                        return r;
                (void)buffer_printf(ret_manifest,
                        "<asic:DataObjectReference URI=\"%s\" MimeType=\"%s\">\n"
                        "<ds:DigestMethod Algorithm=\"%s\"/>\n"
                        "<ds:DigestValue>",
                        entries[i].name, entries[i].media_type, algorithms[0].uri);
                (void)base64_write(hash, sizeof hash, ret_manifest);
                (void)buffer_append_text(ret_manifest, "</ds:DigestValue>\n</asic:DataObjectReference>\n");
        }
        return buffer_append_text(ret_manifest, "</asic:ASiCManifest>\n");
}
