/* SPDX-License-Identifier: EUPL-1.2 */
#include "custody/commitment.h"

#include "crypto/digest.h"

#include <errno.h>
#include <string.h>

#define FORMAT 1
/* No other hash of ours begins like this, so that none can pass for a commitment. */
static const char domain[] = "rogatory custody log commitment 1\n";

int commitment_make(const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content,
        uint8_t ret_entry[COMMITMENT_ENTRY_BYTES])
{
        uint8_t hash[DIGEST_BYTES];
        struct digest *digest;

        int r = digest_new(&digest);
        if (r < 0)
                return r;
        r = digest_add(digest, domain, sizeof domain - 1);
        if (r == 0)
                r = digest_add(digest, salt, COMMITMENT_SALT_BYTES);
        if (r == 0)
                r = digest_add(digest, content.text, content.length);
        if (r == 0)
                r = digest_finish(digest, hash);
        digest_free(digest);
        if (r < 0)
                return r;
        ret_entry[0] = FORMAT;
        memcpy(ret_entry + 1, hash, sizeof hash);
        return 0;
}

int commitment_check(struct slice entry, const uint8_t salt[COMMITMENT_SALT_BYTES], struct slice content)
{
        uint8_t expected[COMMITMENT_ENTRY_BYTES];

        int r = commitment_make(salt, content, expected);
        if (r < 0)
                return r;
        return entry.length == sizeof expected && memcmp(entry.text, expected, sizeof expected) == 0
                       ? 0
                       : -EBADMSG;
}
