/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INQUIRY_WINDOW_CACHE_H
#define ROGATORY_INQUIRY_WINDOW_CACHE_H

/* Opened windows, kept between the questions of a batch, with exporters under numbers that hold for the whole
 * inquiry. */

#include "depot/depot.h"

#define INQUIRY_WINDOWS_OPEN_MAX 64
#define INQUIRY_EXPORTERS_MAX 16384

/* An exporter of a realm, by number. */
struct known_exporter {
        char name[SEGMENT_EXPORTER_NAME_MAX];
        unsigned realm;
        bool is_plan;                             /* it states; a log exporter of the same name is another */
        const struct exporter_settings *settings; /* borrowed; NULL: not looked for yet, or there are none */
};

struct cached_window {
        unsigned realm;
        int64_t from;
        bool missing;   /* the realm has no such window */
        bool in_memory; /* it stands in the depot's memory */
        uint64_t used;  /* when it was used last, in questions */
        struct depot_window window;
        uint16_t *map;            /* segment's exporter number -> ours */
        struct coverage coverage; /* with our numbers */
        uint8_t *announced;       /* a bit for each sheet that was asked for; owned, may be NULL */
};

struct window_cache {
        struct depot *depot;
        struct known_exporter *exporters; /* owned */
        unsigned exporter_count, exporter_capacity;
        uint16_t *slots; /* owned: numbers plus 1 by their names, since every question asks for all of them */
        struct cached_window windows[INQUIRY_WINDOWS_OPEN_MAX];
        unsigned window_count;
        uint64_t turn; /* counts questions: windows used in the present one are not closed */
};

/* The number of an exporter, given now where it is new. 0, -ENOMEM or -E2BIG. */
int exporter_number(
        struct window_cache *cache, unsigned realm, const char *name, bool is_plan, uint16_t *ret_number);

/* The window that begins at `from`: 0 with *ret_window NULL where the realm has none. */
int window_cache_get(struct window_cache *cache, unsigned realm, const char *realm_name, int64_t from,
        struct cached_window **ret_window, struct error *error);
/* Brings the sheet of an address in with one reading, where it was not yet asked for. */
void window_announce(struct cached_window *window, uint32_t outside);
/* Closes one window; the numbers of others may change. */
void window_cache_drop(struct window_cache *cache, unsigned index);
void window_cache_free(struct window_cache *cache);

#endif
