/* SPDX-License-Identifier: EUPL-1.2 */
#include "nat/lease_heap.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEAST ((size_t)1 << 12)
#define BLOCK_MOST ((size_t)1 << 20)

struct lease_heap_block {
        struct lease_heap_block *next;
        size_t size, used; /* of bytes */
        _Alignas(struct lease) uint8_t bytes[];
};

/* The name stands last, so a lease may end with it. */
_Static_assert(
        offsetof(struct lease, is) + sizeof(struct lease_event) == sizeof(struct lease), "is stands last");
#define NAME_AT (offsetof(struct lease, is) + offsetof(struct lease_event, subscriber))

static void *take_room(struct lease_heap *heap, size_t size)
{
        struct lease_heap_block *block = heap->blocks;

        size = (size + _Alignof(struct lease) - 1) & ~(_Alignof(struct lease) - 1);
        if (!block || block->size - block->used < size) {
                size_t room = !block ? BLOCK_LEAST : block->size < BLOCK_MOST ? 2 * block->size : BLOCK_MOST;
                block = malloc(sizeof *block + room);
                if (!block)
                        return NULL;
                block->next = heap->blocks;
                block->size = room;
                block->used = 0;
                heap->blocks = block;
                heap->bytes += sizeof *block + room;
        }
        void *taken = block->bytes + block->used;
        block->used += size;
        return taken;
}

static int grow_items(struct lease_heap *heap)
{
        size_t capacity = heap->capacity ? heap->capacity * 2 : 64;
        struct lease **items = realloc(heap->items, capacity * sizeof *items);

        if (!items)
                return -ENOMEM;
        heap->bytes += (capacity - heap->capacity) * sizeof *items;
        heap->items = items;
        heap->capacity = capacity;
        return 0;
}

int lease_heap_add(struct lease_heap *heap, const struct lease *lease)
{
        size_t name = strnlen(lease->is.subscriber, SUBSCRIBER_MAX - 1);

        if (heap->count == heap->capacity && grow_items(heap) < 0)
                return -ENOMEM;
        uint8_t *taken = take_room(heap, NAME_AT + name + 1);
        if (!taken)
                return -ENOMEM;
        memcpy(taken, lease, NAME_AT + name);
        taken[NAME_AT + name] = '\0';
        heap->added++;
        heap->items[heap->count++] = (struct lease *)(void *)taken;
        return 0;
}

void lease_heap_free(struct lease_heap *heap)
{
        for (struct lease_heap_block *block = heap->blocks, *next; block; block = next) {
                next = block->next;
                free(block);
        }
        free(heap->items);
        *heap = (struct lease_heap){0};
}

/* Those that are left, in new blocks. */
static int move_together(struct lease_heap *heap)
{
        struct lease_heap fresh = {0};
        int r = 0;

        for (size_t i = 0; i < heap->count && r == 0; i++)
                r = lease_heap_add(&fresh, heap->items[i]);
        if (r < 0) {
                lease_heap_free(&fresh);
                return r;
        }
        lease_heap_free(heap);
        *heap = fresh;
        return 0;
}

int lease_heap_join(struct lease_heap *heap)
{
        heap->count = lease_join_rows(heap->items, heap->count);
        return heap->count < heap->added - heap->added / 4 ? move_together(heap) : 0;
}

int lease_heap_list(const struct lease_heap *heap, struct lease_list *ret)
{
        struct lease lease = {.seen_until_ms = 0};
        int r = 0;

        for (size_t i = 0; i < heap->count && r == 0; i++) {
                size_t name = strlen(heap->items[i]->is.subscriber);
                memset(lease.is.subscriber, 0, sizeof lease.is.subscriber);
                memcpy(&lease, heap->items[i], NAME_AT + name);
                r = lease_list_append(ret, &lease);
        }
        return r;
}
