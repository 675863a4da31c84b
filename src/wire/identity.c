/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/identity.h"

#include "base/checksum.h"
#include "crypto/digest.h"
#include "wire/text_decoder.h"

int identity_address(struct slice name, struct address *ret_address)
{
        uint8_t hash[DIGEST_BYTES];
        struct address address = {{1}};

        int r = digest_of(name.text, name.length, hash);
        if (r < 0)
                return r;
        memcpy(&address.bytes[1], hash, sizeof address.bytes - 1);
        *ret_address = address;
        return 0;
}

static const char *read_host(struct slice text, struct address *ret)
{
        if (address_parse(text, ret, NULL) < 0)
                return "the subscriber string names a host but holds no address";
        if (address_is_none(ret) || address_is_named(ret))
                return "the subscriber string holds an address that no host can have";
        return NULL;
}

const char *identity_read(struct slice text, const char *host_mark, struct identity *ret)
{
        while (text.length > 0 && text.text[text.length - 1] == '\0')
                text.length--;
        text = slice_trim(text);
        ret->subscriber[0] = '\0';
        if (slice_starts(text, host_mark)) {
                size_t mark = strlen(host_mark);
                return read_host(slice_make(text.text + mark, text.length - mark), &ret->inside);
        }
        const char *complaint = text_subscriber(text, ret->subscriber);
        if (complaint)
                return complaint;
        if (identity_address(text, &ret->inside) < 0)
                return "the digest of the subscriber string could not be made";
        return address_is_named(&ret->inside) ? NULL : "the digest of the subscriber string is not usable";
}

struct lease_event identity_lease(const struct identity *identity, uint32_t vrf, int64_t time_ms)
{
        struct lease_event lease = {
                .prefix = prefix_of(&identity->inside, 128),
                .vrf = vrf,
                .session = checksum(identity->subscriber, strlen(identity->subscriber)),
                .from_ms = time_ms,
                .to_ms = time_ms,
                .from_edge = EDGE_INTERIM,
                .to_edge = EDGE_INTERIM,
                .flags = LEASE_STANDING,
        };

        memcpy(lease.subscriber, identity->subscriber, sizeof lease.subscriber);
        if (lease.session == 0) /* 0 stands for "no identity" */
                lease.session = 1;
        return lease;
}
