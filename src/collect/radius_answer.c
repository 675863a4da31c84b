/* SPDX-License-Identifier: EUPL-1.2 */
#include "collect/radius_answer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define CODE_REQUEST 4
#define CODE_RESPONSE 5
#define HEADER_BYTES 20u
#define AUTHENTICATOR_AT 4u
#define ATTRIBUTE_PROXY_STATE 33
#define ATTRIBUTE_MESSAGE_AUTHENTICATOR 80 /* RFC 2869 section 5.14 */
#define SIGNATURE_BYTES 18u                /* the attribute with its type and length */

struct piece {
        const void *bytes;
        size_t length;
};

static int md5(const struct piece *pieces, size_t count, uint8_t ret[16])
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        bool is_done = context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

        for (size_t i = 0; is_done && i < count; i++)
                is_done = EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length) == 1;
        is_done = is_done && EVP_DigestFinal_ex(context, ret, NULL) == 1;
        EVP_MD_CTX_free(context);
        return is_done ? 0 : -EIO;
}

static int sign(const uint8_t *packet, size_t length, const char *secret, uint8_t ret[16])
{
        unsigned made = 0;
        return HMAC(EVP_md5(), secret, (int)strlen(secret), packet, length, ret, &made) && made == 16 ? 0
                                                                                                      : -EIO;
}

/* Do the attributes fill the packet? ret_signature: where the Message-Authenticator stands; 0: there is none.
 */
static bool attributes_fit(const uint8_t *packet, size_t length, size_t *ret_signature)
{
        size_t at = HEADER_BYTES;

        *ret_signature = 0;
        while (at + 2 <= length) {
                size_t stated = packet[at + 1];
                if (stated < 2 || stated > length - at)
                        return false;
                if (packet[at] == ATTRIBUTE_MESSAGE_AUTHENTICATOR) {
                        if (*ret_signature || stated != SIGNATURE_BYTES)
                                return false;
                        *ret_signature = at;
                }
                at += stated;
        }
        return at == length;
}

/* RFC 2866 section 3: MD5 over the packet with zeros in the authenticator's place, and the secret. */
static int is_proven(const uint8_t *packet, size_t length, const char *secret, bool *ret)
{
        static const uint8_t zeros[RADIUS_AUTHENTICATOR_BYTES];
        const struct piece pieces[] = {{packet, AUTHENTICATOR_AT}, {zeros, sizeof zeros},
                {packet + HEADER_BYTES, length - HEADER_BYTES}, {secret, strlen(secret)}};
        uint8_t expected[16];

        int r = md5(pieces, sizeof pieces / sizeof *pieces, expected);
        *ret = r == 0 && CRYPTO_memcmp(expected, packet + AUTHENTICATOR_AT, sizeof expected) == 0;
        return r;
}

/* RFC 2869 section 5.14 wants the Request Authenticator in its place, which RFC 2866 computes over the
 * signature: so zeros stand there (as RFC 5176 section 3.4 says it of the like packets). Some senders put the
 * authenticator in all the same; both ways take the secret. */
static int is_signature_right(
        const uint8_t *packet, size_t length, size_t signature, const char *secret, bool *ret)
{
        uint8_t copy[RADIUS_ANSWER_MAX], expected[16];
        int r = 0;

        *ret = false;
        memcpy(copy, packet, length);
        memset(copy + signature + 2, 0, 16);
        for (unsigned with_authenticator = 0; r == 0 && !*ret && with_authenticator < 2;
                with_authenticator++) {
                if (with_authenticator)
                        memcpy(copy + AUTHENTICATOR_AT, packet + AUTHENTICATOR_AT,
                                RADIUS_AUTHENTICATOR_BYTES);
                else
                        memset(copy + AUTHENTICATOR_AT, 0, RADIUS_AUTHENTICATOR_BYTES);
                r = sign(copy, length, secret, expected);
                *ret = r == 0 && CRYPTO_memcmp(expected, packet + signature + 2, sizeof expected) == 0;
        }
        return r;
}

int radius_examine(const uint8_t *bytes, size_t length, const char *secret, enum radius_finding *ret_finding,
        struct radius_request *ret_request)
{
        struct radius_request request = {.length = 0};
        size_t signature;
        bool is_right;

        *ret_finding = RADIUS_MALFORMED;
        if (length < HEADER_BYTES || bytes[0] != CODE_REQUEST)
                return 0;
        request.length = (size_t)bytes[2] << 8 | bytes[3];
        if (request.length < HEADER_BYTES || request.length > length || request.length > RADIUS_ANSWER_MAX ||
                !attributes_fit(bytes, request.length, &signature))
                return 0;
        *ret_finding = RADIUS_UNPROVEN;
        int r = is_proven(bytes, request.length, secret, &is_right);
        if (r == 0 && is_right && signature)
                r = is_signature_right(bytes, request.length, signature, secret, &is_right);
        if (r < 0 || !is_right)
                return r;
        request.identifier = bytes[1];
        memcpy(request.authenticator, bytes + AUTHENTICATOR_AT, sizeof request.authenticator);
        *ret_request = request;
        *ret_finding = RADIUS_SOUND;
        return 0;
}

int radius_answer(const uint8_t *bytes, const struct radius_request *request, const char *secret,
        uint8_t ret_answer[RADIUS_ANSWER_MAX])
{
        size_t length = HEADER_BYTES;

        ret_answer[0] = CODE_RESPONSE;
        ret_answer[1] = request->identifier;
        memcpy(ret_answer + AUTHENTICATOR_AT, request->authenticator, RADIUS_AUTHENTICATOR_BYTES);
        /* They are part of the request, so that all of them fit. */
        for (size_t at = HEADER_BYTES; at + 2 <= request->length; at += bytes[at + 1]) {
                if (bytes[at] != ATTRIBUTE_PROXY_STATE)
                        continue;
                memcpy(ret_answer + length, bytes + at, bytes[at + 1]);
                length += bytes[at + 1];
        }
        ret_answer[2] = (uint8_t)(length >> 8);
        ret_answer[3] = (uint8_t)length;
        /* RFC 2866 section 3: MD5 over the answer with the request's authenticator in it, and the secret. */
        const struct piece pieces[] = {{ret_answer, length}, {secret, strlen(secret)}};
        uint8_t authenticator[16];
        int r = md5(pieces, 2, authenticator);
        if (r < 0)
                return r;
        memcpy(ret_answer + AUTHENTICATOR_AT, authenticator, sizeof authenticator);
        return (int)length;
}
