/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes as an Accounting-Request: as they are, with a right authenticator, and answered. The answer holds
 * the request's Proxy-States and nothing else. */
#include "collect/radius_answer.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "seven"
#define PROXY_STATE 33

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

static size_t proxy_states(const uint8_t *bytes, size_t length)
{
        size_t sum = 0;
        for (size_t at = 20; at + 2 <= length; at += bytes[at + 1]) {
                check(bytes[at + 1] >= 2);
                sum += bytes[at] == PROXY_STATE ? bytes[at + 1] : 0;
        }
        return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        uint8_t copy[RADIUS_ANSWER_MAX + sizeof SECRET], digest[16], answer[RADIUS_ANSWER_MAX];
        struct radius_request request;
        enum radius_finding finding;
        size_t made;

        check(radius_examine(bytes, length, SECRET, &finding, &request) == 0);
        size_t stated = length >= 20 ? (size_t)bytes[2] << 8 | bytes[3] : 0;
        if (stated < 20 || stated > length || stated > RADIUS_ANSWER_MAX)
                return 0;
        memcpy(copy, bytes, stated);
        memset(copy + 4, 0, 16);
        memcpy(copy + stated, SECRET, sizeof SECRET - 1);
        check(EVP_Q_digest(NULL, "MD5", NULL, copy, stated + sizeof SECRET - 1, digest, &made) == 1);
        memcpy(copy + 4, digest, sizeof digest);
        check(radius_examine(copy, stated, SECRET, &finding, &request) == 0);
        if (finding != RADIUS_SOUND)
                return 0;
        check(request.length == stated && request.identifier == copy[1]);
        int answered = radius_answer(copy, &request, SECRET, answer);
        check(answered >= 20 && answer[0] == 5 && answer[1] == copy[1]);
        check((size_t)answered == 20 + proxy_states(copy, stated));
        check(proxy_states(answer, (size_t)answered) == (size_t)answered - 20);
        return 0;
}
