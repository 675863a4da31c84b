/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_TESTS_PROPERTY_LIVE_MODEL_H
#define ROGATORY_TESTS_PROPERTY_LIVE_MODEL_H

/* A live node without sockets and clocks: what rogatory-collect and rogatory-store do between a message and a
 * window, in one process, in the same order; and what happens to it. Memory that ends is the end. */

#include "live/generations.h"
#include "received.h"

#define LIVE_KEPT_MAX 64u

enum live_entry_kind { LIVE_MESSAGE, LIVE_LOST };

/* An entry of the journal; its sequence is its place, from 1. */
struct live_entry {
        enum live_entry_kind kind;
        enum reception_content content;
        uint16_t exporter;
        int64_t at;
        const struct received *message;
};

struct live_model {
        const char *store;
        struct dice *dice;
        struct depot *depot;
        struct generations generations;
        struct reception *reception;
        struct live_entry *journal;
        size_t journal_count, journal_capacity;
        struct {
                uint64_t sequence;
                struct buffer state;
        } kept[LIVE_KEPT_MAX];
        size_t kept_count;
        uint64_t told, marked, released;
        int64_t now_ms;
        bool is_replaying;
        unsigned crashes, merges;
        void (*interrupt)(void *context); /* now and then while things are delivered; may be NULL */
        void *context;
};

/* Begins a life of the node: what was kept is loaded, the journal replayed, and losses that nobody counted
 * told. */
void live_begin(struct live_model *model);
void live_end(struct live_model *model);
void live_free(struct live_model *model); /* after live_end: the journal too */

void live_take(struct live_model *model, const struct received *message);
void live_lose(
        struct live_model *model, enum reception_content content, uint16_t exporter, int64_t noticed_ms);
/* The queue of this machine's NAT was empty. */
void live_listened(struct live_model *model);
/* Coverage, and a mark. */
void live_tell(struct live_model *model);
void live_turn(struct live_model *model);
/* A process of its own merges. between: called when it has ended and nothing of it was noticed yet; NULL:
 * none. is_noticed: false: it is as if it had failed. */
void live_merge(struct live_model *model, void (*between)(void *context), bool is_noticed);
/* Both processes are killed. The journal keeps `keeps` entries. */
void live_crash(struct live_model *model, size_t keeps);

void live_must(int r, const struct error *error, const char *what);

#endif
