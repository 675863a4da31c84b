/* SPDX-License-Identifier: EUPL-1.2 */
#include "crypto/cms_shape.h"

#include <errno.h>
#include <string.h>

static int malformed(struct findings *findings, const char *place, const char *what)
{
        return findings_refuse(findings, "cms-malformed", place,
                "This is no message of RFC 5652 as it is accepted here: %s", what);
}

/* ContentInfo: what it is, and the element within. */
static bool open_outside(const void *bytes, size_t length, struct der *ret_type, struct cursor *ret_within)
{
        struct cursor all = cursor_over(bytes, length);
        struct der outside, explicitly;

        if (!der_is_sound(bytes, length) || !der_expect(&all, DER_SEQUENCE, &outside) ||
                cursor_left(&all) > 0)
                return false;
        struct cursor within = der_within(&outside);
        if (!der_expect(&within, DER_OBJECT, ret_type) ||
                !der_expect(&within, DER_CONTEXT_WITHIN(0), &explicitly) || cursor_left(&within) > 0)
                return false;
        struct der message;
        struct cursor content = der_within(&explicitly);
        if (!der_expect(&content, DER_SEQUENCE, &message) || cursor_left(&content) > 0)
                return false;
        *ret_within = der_within(&message);
        return true;
}

/* AlgorithmIdentifier; parameters may be absent (tag 0). */
static bool read_algorithm(
        struct cursor *cursor, struct der *ret_whole, struct der *ret_object, struct der *ret_parameters)
{
        *ret_parameters = (struct der){0};
        if (!der_expect(cursor, DER_SEQUENCE, ret_whole))
                return false;
        struct cursor within = der_within(ret_whole);
        if (!der_expect(&within, DER_OBJECT, ret_object))
                return false;
        return cursor_left(&within) == 0 || (der_next(&within, ret_parameters) && cursor_left(&within) == 0);
}

/* A digest's parameters are absent or NULL (RFC 5754 section 2). */
static bool read_digest(struct cursor *cursor, struct der *ret_object)
{
        struct der whole, parameters;
        return read_algorithm(cursor, &whole, ret_object, &parameters) &&
               (parameters.tag == 0 || parameters.tag == DER_NULL);
}

static bool read_attributes(const struct der *attributes)
{
        struct cursor within = der_within(attributes);
        size_t count = 0;

        while (cursor_left(&within) > 0) {
                struct der attribute, object, values;
                if (!der_expect(&within, DER_SEQUENCE, &attribute) || ++count > CMS_ATTRIBUTES_MAX)
                        return false;
                struct cursor parts = der_within(&attribute);
                if (!der_expect(&parts, DER_OBJECT, &object) || !der_expect(&parts, DER_SET, &values) ||
                        values.length == 0 || cursor_left(&parts) > 0)
                        return false;
        }
        return count > 0;
}

size_t cms_shape_attribute(
        const struct der *attributes, const void *object, size_t length, struct der *ret_value)
{
        size_t count = 0;

        *ret_value = (struct der){0};
        if (!attributes->content)
                return 0;
        struct cursor within = der_within(attributes);
        while (cursor_left(&within) > 0) {
                struct der attribute, kind, values, value;
                if (!der_expect(&within, DER_SEQUENCE, &attribute))
                        return count;
                struct cursor parts = der_within(&attribute);
                if (!der_expect(&parts, DER_OBJECT, &kind) || !der_expect(&parts, DER_SET, &values) ||
                        !der_is(&kind, object, length))
                        continue;
                struct cursor only = der_within(&values);
                if (++count == 1 && der_next(&only, &value) && cursor_left(&only) == 0)
                        *ret_value = value;
        }
        return count;
}

/* SignerInfo, RFC 5652 section 5.3: version 1 names its certificate by issuer and number, 3 by key. */
static const char *read_signer(struct cursor *signers, struct cms_signed *shape, int *ret_version)
{
        struct der signer, number, name, whole, parameters;

        if (!der_expect(signers, DER_SEQUENCE, &signer) || cursor_left(signers) > 0)
                return "it has not exactly one signer";
        struct cursor within = der_within(&signer);
        if (!der_expect(&within, DER_INTEGER, &number) || !der_next(&within, &name))
                return "its signer is malformed";
        *ret_version = der_small(&number);
        if (!(*ret_version == 1 && name.tag == DER_SEQUENCE) &&
                !(*ret_version == 3 && name.tag == DER_CONTEXT(0)))
                return "its signer's version does not fit how it names its certificate";
        if (!read_digest(&within, &shape->digest))
                return "its signer's digest is malformed";
        if (der_follows(&within, DER_CONTEXT_WITHIN(0)) &&
                (!der_next(&within, &shape->signed_attributes) ||
                        !read_attributes(&shape->signed_attributes)))
                return "its signed attributes are malformed";
        if (!read_algorithm(&within, &whole, &shape->signature_object, &parameters) ||
                !der_expect(&within, DER_OCTETS, &shape->signature) || shape->signature.length == 0)
                return "its signature is malformed";
        shape->signature_algorithm = whole;
        if (der_follows(&within, DER_CONTEXT_WITHIN(1)) &&
                (!der_next(&within, &shape->unsigned_attributes) ||
                        !read_attributes(&shape->unsigned_attributes)))
                return "its unsigned attributes are malformed";
        return cursor_left(&within) > 0 ? "something follows its signer's parts" : NULL;
}

static const char *read_certificates(struct cursor *within, struct cms_signed *shape)
{
        size_t count = 0;

        if (der_follows(within, DER_CONTEXT_WITHIN(0))) {
                (void)der_next(within, &shape->certificates);
                struct cursor each = der_within(&shape->certificates);
                while (cursor_left(&each) > 0) {
                        struct der certificate;
                        if (!der_expect(&each, DER_SEQUENCE, &certificate))
                                return "among its certificates is one of another kind";
                        if (++count > CMS_CERTIFICATES_MAX)
                                return "it brings too many certificates";
                }
        }
        struct der lists;
        if (der_follows(within, DER_CONTEXT_WITHIN(1))) {
                (void)der_next(within, &lists);
                shape->revocations = true;
        }
        return within->overrun ? "its certificates are malformed" : NULL;
}

static const char *read_signed(struct cursor *within, struct cms_signed *shape)
{
        struct der version, digests, encapsulated, explicitly, signers, digest;

        if (!der_expect(within, DER_INTEGER, &version) || !der_expect(within, DER_SET, &digests) ||
                !der_expect(within, DER_SEQUENCE, &encapsulated))
                return "it does not begin as SignedData does";
        struct cursor each = der_within(&digests);
        while (cursor_left(&each) > 0 && ++shape->digests)
                if (shape->digests > CMS_ATTRIBUTES_MAX || !read_digest(&each, &digest))
                        return "its list of digests is malformed";
        struct cursor content = der_within(&encapsulated);
        if (!der_expect(&content, DER_OBJECT, &shape->content_type))
                return "the type of its content is missing";
        if (cursor_left(&content) > 0) {
                struct cursor inner;
                if (!der_expect(&content, DER_CONTEXT_WITHIN(0), &explicitly) || cursor_left(&content) > 0)
                        return "its content is malformed";
                inner = der_within(&explicitly);
                if (!der_expect(&inner, DER_OCTETS, &shape->content) || cursor_left(&inner) > 0)
                        return "its content is malformed";
        }
        const char *wrong = read_certificates(within, shape);
        if (wrong)
                return wrong;
        if (!der_expect(within, DER_SET, &signers) || cursor_left(within) > 0)
                return "its signers are malformed";
        int by = 0;
        struct cursor list = der_within(&signers);
        wrong = read_signer(&list, shape, &by);
        if (wrong)
                return wrong;
        /* Section 5.1: 1 where the content is plain data and the signer of version 1, else 3. */
        int expected = DER_IS(&shape->content_type, OBJECT_DATA) && by == 1 ? 1 : 3;
        if (der_small(&version) != expected)
                return "its version is not the one that its parts ask for";
        if (shape->digests == 1 && (digest.length != shape->digest.length ||
                                           memcmp(digest.content, shape->digest.content, digest.length) != 0))
                return "the digest named in front is not the signer's";
        return shape->digests == 0 ? "no digest is named in front" : NULL;
}

int cms_shape_signed(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct cms_signed *ret_shape)
{
        struct cms_signed shape = {0};
        struct cursor within;
        struct der type;

        if (length > CMS_SIGNATURE_BYTES_MAX)
                return findings_refuse(findings, "cms-too-long", place,
                        "%zu bytes are more than the %d that a signature may have", length,
                        CMS_SIGNATURE_BYTES_MAX);
        if (!open_outside(bytes, length, &type, &within))
                return malformed(findings, place, "it is not DER from the first byte to the last");
        if (!DER_IS(&type, OBJECT_SIGNED))
                return malformed(findings, place, "its type is not SignedData");
        const char *wrong = read_signed(&within, &shape);
        if (wrong)
                return malformed(findings, place, wrong);
        *ret_shape = shape;
        return 0;
}

/* KeyTransRecipientInfo: OAEP alone (RFC 3560), because PKCS#1 v1.5 tells an attacker whether his guess was
 * well padded. KeyAgreeRecipientInfo [1]: whatever scheme OpenSSL knows. */
static const char *read_recipient(struct cursor *recipients)
{
        struct der recipient, part, whole, object, parameters;

        if (!der_next(recipients, &recipient))
                return "a recipient is malformed";
        if (recipient.tag == DER_CONTEXT_WITHIN(1))
                return NULL;
        if (recipient.tag != DER_SEQUENCE)
                return "a recipient is named by a password or a shared key";
        struct cursor within = der_within(&recipient);
        if (!der_expect(&within, DER_INTEGER, &part) || !der_next(&within, &part) ||
                !read_algorithm(&within, &whole, &object, &parameters))
                return "a recipient is malformed";
        return DER_IS(&object, OBJECT_RSA_OAEP)
                       ? NULL
                       : "the key is encrypted by RSA without OAEP, which is not accepted";
}

/* GCMParameters, RFC 5084 section 3.2: the length of the tag counts as 12 where it is not stated. */
static const char *read_cipher(struct cursor *content, size_t *ret_tag)
{
        struct der whole, object, parameters, nonce, tag;

        if (!read_algorithm(content, &whole, &object, &parameters))
                return "its cipher is malformed";
        if (!DER_IS(&object, OBJECT_AES_256_GCM))
                return "its cipher is not AES-256-GCM";
        struct cursor within = der_within(&parameters);
        if (parameters.tag != DER_SEQUENCE || !der_expect(&within, DER_OCTETS, &nonce) || nonce.length != 12)
                return "its nonce has not 12 bytes";
        *ret_tag = 12;
        if (cursor_left(&within) > 0) {
                if (!der_expect(&within, DER_INTEGER, &tag) || cursor_left(&within) > 0)
                        return "the parameters of its cipher are malformed";
                *ret_tag = (size_t)der_small(&tag);
        }
        return *ret_tag == 16 ? NULL : "its tag is shorter than 16 bytes";
}

static const char *read_sealed(struct cursor *within, struct cms_sealed *shape)
{
        struct der part, recipients, content, type, text, tag;
        size_t tag_length = 0;

        if (!der_expect(within, DER_INTEGER, &part) || der_small(&part) != 0)
                return "its version is not 0";
        if (der_follows(within, DER_CONTEXT_WITHIN(0)))
                (void)der_next(within, &part); /* originatorInfo: certificates that nobody needs here */
        if (!der_expect(within, DER_SET, &recipients))
                return "its recipients are malformed";
        struct cursor each = der_within(&recipients);
        while (cursor_left(&each) > 0) {
                const char *wrong = read_recipient(&each);
                if (wrong)
                        return wrong;
                if (++shape->recipients > CMS_RECIPIENTS_MAX)
                        return "it has too many recipients";
        }
        if (shape->recipients == 0)
                return "it has no recipient";
        if (!der_expect(within, DER_SEQUENCE, &content))
                return "its content is malformed";
        struct cursor inner = der_within(&content);
        if (!der_expect(&inner, DER_OBJECT, &type) || !DER_IS(&type, OBJECT_DATA))
                return "its content is not plain data";
        const char *wrong = read_cipher(&inner, &tag_length);
        if (wrong)
                return wrong;
        if (!der_expect(&inner, DER_CONTEXT(0), &text) || cursor_left(&inner) > 0)
                return "its encrypted content is not in it in one piece";
        if (der_follows(within, DER_CONTEXT_WITHIN(1)))
                return "it has attributes beside its content, which is not accepted";
        if (!der_expect(within, DER_OCTETS, &tag) || tag.length != tag_length || cursor_left(within) > 0)
                return "its tag is malformed, or something follows it";
        shape->length = text.length;
        return NULL;
}

int cms_shape_sealed(const void *bytes, size_t length, const char *place, struct findings *findings,
        struct cms_sealed *ret_shape)
{
        struct cms_sealed shape = {0};
        struct cursor within;
        struct der type;

        if (!open_outside(bytes, length, &type, &within))
                return malformed(findings, place, "it is not DER from the first byte to the last");
        if (DER_IS(&type, OBJECT_ENVELOPED))
                return findings_refuse(findings, "cms-unauthenticated", place,
                        "EnvelopedData does not show whether what it encrypts was changed; it is refused, "
                        "whatever its cipher. The sender must make AuthEnvelopedData with AES-256-GCM");
        if (!DER_IS(&type, OBJECT_AUTH_ENVELOPED))
                return malformed(findings, place, "its type is not AuthEnvelopedData");
        const char *wrong = read_sealed(&within, &shape);
        if (wrong)
                return malformed(findings, place, wrong);
        *ret_shape = shape;
        return 0;
}
