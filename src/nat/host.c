/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 256u

int host_table_init(struct host_table *table, uint32_t ceiling)
{
        uint64_t *slots = calloc(FIRST_SLOTS, sizeof *slots);
        struct nat_host *hosts = calloc(FIRST_SLOTS, sizeof *hosts);

        if (!slots || !hosts) {
                free(slots);
                free(hosts);
                return -ENOMEM;
        }
        *table = (struct host_table){
                .hosts = hosts,
                .slots = slots,
                .count = 0,
                .capacity = FIRST_SLOTS,
                .mask = FIRST_SLOTS - 1,
                .ceiling = ceiling < UINT32_C(0x7fffffff) ? ceiling : UINT32_C(0x7fffffff),
        };
        return 0;
}

void host_table_free(struct host_table *table)
{
        free(table->hosts);
        free(table->slots);
        *table = (struct host_table){0};
}

void host_table_clear(struct host_table *table)
{
        if (table->mask + 1 > FIRST_SLOTS) {
                uint64_t *slots = realloc(table->slots, FIRST_SLOTS * sizeof *slots);
                struct nat_host *hosts = realloc(table->hosts, FIRST_SLOTS * sizeof *hosts);
                /* Making a block smaller hardly ever fails, and then it stays what it was. */
                table->slots = slots ? slots : table->slots;
                table->hosts = hosts ? hosts : table->hosts;
                table->capacity = FIRST_SLOTS;
                table->mask = FIRST_SLOTS - 1;
        }
        memset(table->slots, 0, FIRST_SLOTS * sizeof *table->slots);
        table->count = 0;
}

/* Mixes all 20 bytes; the table is keyed by addresses that a customer chooses only within his own prefix, and
 * its size is bounded, so a plain multiplicative mix is enough. */
static uint32_t host_hash(const struct nat_host *host)
{
        uint64_t high, low;
        memcpy(&high, host->address.bytes, 8);
        memcpy(&low, host->address.bytes + 8, 8);
        uint64_t mixed =
                (high ^ (low + host->vrf) * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
        mixed ^= mixed >> 32;
        mixed = (mixed + low) * UINT64_C(0x9e3779b97f4a7c15);
        return (uint32_t)(mixed >> 32);
}

static bool host_equal(const struct nat_host *a, const struct nat_host *b)
{
        return a->vrf == b->vrf && address_compare(&a->address, &b->address) == 0;
}

static int grow_slots(struct host_table *table)
{
        uint32_t size = (table->mask + 1) * 2;
        uint64_t *slots = calloc(size, sizeof *slots);

        if (!slots)
                return -ENOMEM;
        for (uint32_t i = 0; i <= table->mask; i++) {
                if (!table->slots[i])
                        continue;
                uint32_t at = (uint32_t)(table->slots[i] >> 32) & (size - 1);
                while (slots[at])
                        at = (at + 1) & (size - 1);
                slots[at] = table->slots[i];
        }
        free(table->slots);
        table->slots = slots;
        table->mask = size - 1;
        return 0;
}

static int grow_hosts(struct host_table *table)
{
        uint32_t capacity = table->capacity * 2;
        struct nat_host *hosts = realloc(table->hosts, capacity * sizeof *hosts);

        if (!hosts)
                return -ENOMEM;
        table->hosts = hosts;
        table->capacity = capacity;
        return 0;
}

int host_intern(struct host_table *table, const struct nat_host *host, uint32_t *ret_number)
{
        if (address_is_none(&host->address)) {
                *ret_number = HOST_NONE;
                return 0;
        }
        uint32_t hash = host_hash(host), at = hash & table->mask;
        for (; table->slots[at]; at = (at + 1) & table->mask) {
                uint32_t number = (uint32_t)table->slots[at];
                if (table->slots[at] >> 32 != hash || !host_equal(&table->hosts[number], host))
                        continue;
                *ret_number = number;
                return 0;
        }
        if (table->count >= table->ceiling)
                return -EFBIG;
        if (table->count + 1 >= table->capacity && grow_hosts(table) < 0)
                return -ENOMEM;
        if (table->count + 1 > table->mask / 2 + table->mask / 4) {
                if (grow_slots(table) < 0)
                        return -ENOMEM;
                at = hash & table->mask;
                while (table->slots[at])
                        at = (at + 1) & table->mask;
        }
        table->hosts[++table->count] = *host;
        table->slots[at] = (uint64_t)hash << 32 | table->count;
        *ret_number = table->count;
        return 0;
}

struct nat_host host_get(const struct host_table *table, uint32_t number)
{
        if (number == HOST_NONE || number > table->count)
                return (struct nat_host){0};
        return table->hosts[number];
}
