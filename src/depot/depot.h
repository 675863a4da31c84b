/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DEPOT_DEPOT_H
#define ROGATORY_DEPOT_DEPOT_H

/* The store on disk: a folder.
 *
 *   rogatory.conf                                   the settings
 *   lock                                            taken by whoever writes
 *   access.log                                      the record of access (custody/)
 *   keys/REALM.keys                                 the keys of the realm's files, where it has a key
 *   realms/REALM/nat/202611/20261120T10Z.000001.seg bindings and coverage of one hour, generation 1
 *   realms/REALM/leases/all.000001.lse              leases of all time
 *   realms/REALM/plans/all.000001.pln               plans of all time
 *
 * Hours lie in a folder of their month, so that finding one does not take longer the more of them there are;
 * where versions before 0.2.0 wrote them beside the folders of months they are read there, too.
 *
 * Files are immutable and named by what they are. A merge writes the next generation and then removes the
 * older ones; of several generations the highest is the truth, so a merge that was cut off changes nothing. A
 * file of a realm that has a key is sealed (doc/format/sealed-file.md); whoever reads windows and writes
 * drafts sees plain bytes, and the disk never does. A file is published by write-temporary, fsync, rename,
 * fsync of the folder; temporaries are removed by the next writer. */

#include "base/error.h"
#include "custody/access_record.h"
#include "nat/lease.h"
#include "settings/settings.h"
#include "store/lease_segment.h"
#include "store/plan_segment.h"
#include "store/segment.h"

#define DEPOT_WINDOW_MS TIME_HOUR
/* Leases and rows of plans stand for years and are asked for in any hour: all leases of a realm are kept in
 * one window, and all its plans in another. */
#define DEPOT_LEASE_WINDOW_FROM TIME_FIRST
#define DEPOT_LEASE_WINDOW_TO TIME_LIMIT
#define DEPOT_PLAN_WINDOW_FROM TIME_FIRST
#define DEPOT_PLAN_WINDOW_TO TIME_LIMIT

/* What a window holds: each kind has its folder in the realm's. */
enum depot_kind {
        DEPOT_NAT,    /* bindings and coverage of one hour */
        DEPOT_LEASES, /* all leases */
        DEPOT_PLANS,  /* all rows of plans */
        DEPOT_KIND_COUNT
};
const char *depot_kind_folder(enum depot_kind kind); /* "nat", "leases", "plans" */

struct depot;

enum depot_mode {
        DEPOT_READ,   /* no lock; sees complete generations only */
        DEPOT_WRITE,  /* takes the lock; -EBUSY where another writer has it */
        DEPOT_CREATE, /* as DEPOT_WRITE, and makes the folder with its rogatory.conf where there is none */
};

/* Opens a store. -ENOENT (no store there: says how to make one), -EINVAL (rogatory.conf: every problem with
 * its line), -EBUSY, -EACCES ... each with a message. */
int depot_open(const char *path, enum depot_mode mode, struct depot **ret_depot, struct error *error);
void depot_close(struct depot *depot);

const char *depot_path(const struct depot *depot);
const struct settings *depot_settings(const struct depot *depot);

/* Appends sections to rogatory.conf (published whole) and reads it again. */
int depot_add_settings(struct depot *depot, const struct buffer *text, struct error *error);

/* Gives a key a value in a section that stands in rogatory.conf: `key = value` is put behind the section's
 * heading (published whole, and read again). section: "realm" or "exporter". -ENOENT where there is no such
 * section. */
int depot_set_value(struct depot *depot, const char *section, const char *name, const char *key,
        const char *value, struct error *error);

/* One stored file. */
struct depot_file {
        char name[80];    /* "20261120T10Z.000001.seg" */
        int64_t from, to; /* its window */
        uint64_t generation, size;
        bool loose; /* of an hour: it lies beside the folders of months */
};
struct depot_files {
        struct depot_file *items; /* owned; ascending, highest generation of each window only */
        size_t count, capacity;
};
void depot_files_free(struct depot_files *files);

/* Realm names that have a folder, ascending. ret_names: owned array of owned strings. */
int depot_realms(struct depot *depot, char ***ret_names, size_t *ret_count, struct error *error);
int depot_nat_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error);
/* The same without sizes (0), which would take a call of the system for each hour of years. */
int depot_nat_names(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error);
/* Of them those whose windows begin from..to, both included. What it costs is in proportion to the months
 * between. */
int depot_nat_names_between(struct depot *depot, const char *realm, int64_t from, int64_t to,
        struct depot_files *ret, struct error *error);
/* Of them the last `count` that begin until then, and the first `count` that begin later. */
int depot_nat_names_around(struct depot *depot, const char *realm, int64_t at, size_t count,
        struct depot_files *ret, struct error *error);
/* The first moment of a month: of that of an instant, and of the next one. */
int64_t depot_month_of(int64_t at);
int64_t depot_month_behind(int64_t at);
/* 1: the realm has windows; 0: none. */
int depot_has_nat(struct depot *depot, const char *realm, struct error *error);
int depot_lease_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error);
int depot_plan_files(struct depot *depot, const char *realm, struct depot_files *ret, struct error *error);

/* The path of a stored file, for messages and for a caller that wants to read it as bytes. -ENAMETOOLONG. */
int depot_file_path(const struct depot *depot, const char *realm, enum depot_kind kind, const char *name,
        char *ret_path, size_t size, struct error *error);

/* Where it lies below its realm's folder of that kind: "202611/20261120T10Z.000001.seg". */
void depot_file_place(enum depot_kind kind, const struct depot_file *file, char *ret_place, size_t size);

/* A window whose time is up. */
struct depot_doomed {
        enum depot_kind kind;
        int64_t window_from;
};
struct depot_destruction {
        uint64_t files;    /* removed, of all generations */
        uint64_t keys;     /* destroyed, also of generations that were replaced before */
        bool final_here;   /* the realm's key was replaced: whoever kept a copy of the store from before,
                            * without   its key file, cannot read any of what was destroyed */
        uint64_t unsealed; /* files that were not sealed: copies of them can be read */
};

/* Destroys windows: first the keys of every generation of them, and of every generation that no longer stands
 * in the store, then the files. One new realm key for all of them, so call it once for many windows; count
 * may be 0, after windows were written anew without what is due. When it returns 0 nothing of this is left in
 * the store and its key file; when it is cut off, the next writer finishes or has everything as before. Needs
 * a writing mode, and no draft of the realm begun. */
int depot_destroy(struct depot *depot, const char *realm, const struct depot_doomed *windows, size_t count,
        struct depot_destruction *ret_destruction, struct error *error);

/* Destroys the keys in a token that belong to a realm of this store alone: nothing that is sealed of it can
 * be read any more, by anybody. For a store that goes as a whole. 0 too where the realm has none there. */
int depot_destroy_token_keys(struct depot *depot, const char *realm, struct error *error);

/* An opened window; the readers' bytes are mapped and stay valid until released. -ENOENT (positive result 1
 * is not used) where the realm has no such window. */
struct depot_window {
        struct depot_file file;
        struct segment_reader *segment; /* nat windows */
        struct lease_reader *leases;    /* lease windows */
        struct plan_reader *plans;      /* plan windows */
        void *map;
        size_t map_length;
        struct depot_seal *seal; /* NULL where the file is stored as it is */
};
int depot_window_open(struct depot *depot, const char *realm, int64_t window_from, struct depot_window *ret,
        struct error *error);
int depot_lease_window_open(struct depot *depot, const char *realm, int64_t window_from,
        struct depot_window *ret, struct error *error);
/* The plans of a realm; -ENOENT where it has none. Read the rows with plan_read_each or plan_query. */
int depot_plan_window_open(
        struct depot *depot, const char *realm, struct depot_window *ret, struct error *error);
void depot_window_release(struct depot_window *window);

/* Opens every chunk of a sealed file, also those that no question would; calls bad for each that is not
 * genuine, with the place of its bytes in the file. Returns how many. 0 for a file that is not sealed. */
uint64_t depot_window_check_seal(const struct depot_window *window,
        void (*bad)(void *context, uint64_t from, uint64_t length), void *context);

/* Of windows of bindings that are opened from now on a few places are read, not all: a cold question then
 * reads what it needs, and not the megabytes around it. */
void depot_expect_scattered(struct depot *depot);

/* From now on windows of bindings that are drafted and published by this handle stand in memory, in front of
 * those on the disk, and only for this handle: what the store would say if it held more than it does. They
 * are named "20261120T10Z.live". Works on a store that is opened for reading. 0 or -ENOMEM. */
int depot_begin_memory(struct depot *depot);
/* Those windows are gone. No window of them may be open. */
void depot_forget_memory(struct depot *depot);
/* Does such a window stand in front of the store's? */
bool depot_memory_has(const struct depot *depot, const char *realm, int64_t window_from);
/* Any of the realm? */
bool depot_memory_has_any(const struct depot *depot, const char *realm);
/* Puts their names into a listing of stored windows, each in the place of the stored one. 0 or -ENOMEM. */
int depot_memory_list(const struct depot *depot, const char *realm, struct depot_files *files);

/* Writing a new generation: begin, hand out bytes through output, then publish (or abandon). Needs a writing
 * mode. */
struct depot_draft {
        struct segment_output output; /* for segment_writer_new, lease_segment_write, plan_segment_write */
        uint64_t generation;          /* to be put into the header */
        char temporary[4096], final[4096], folder[4096]; /* folder: of the file */
        int file;                                        /* descriptor */
        uint64_t bytes;
        int64_t window_from;
        enum depot_kind kind;
        struct buffer pending; /* not yet written to the file */
        struct error failure;  /* of a write; then nothing can be published any more */
        char realm[SETTINGS_NAME_MAX];
        struct seal_writer *seal; /* NULL where the realm has no key */
        bool in_memory;           /* depot_begin_memory: all of it is in `pending` */
};

/* The draft must stay where it is until it is published or abandoned: its output points to it. A published
 * window takes the place of every older generation. After a failed publication the draft is abandoned, and
 * the older one stands. */
int depot_draft_begin(struct depot *depot, const char *realm, enum depot_kind kind, int64_t window_from,
        struct depot_draft *ret_draft, struct error *error);
int depot_draft_publish(struct depot *depot, struct depot_draft *draft, struct error *error);
void depot_draft_abandon(struct depot_draft *draft);

/* Appends an entry to the record of access, durable (fsync) before it returns: callers print an answer only
 * after it succeeded. Takes a lock of its own, so readers of the store may record. A cut-off last line is
 * kept aside in access.log.cut-TIME and reported by an entry of its own. -EBADMSG where the record's end does
 * not verify. */
int depot_record_access(struct depot *depot, const struct access_entry *entry, struct error *error);

/* The same for many entries with one write and one fsync: all of them or none. */
int depot_record_accesses(
        struct depot *depot, const struct access_entry *entries, size_t count, struct error *error);

/* Verifies the whole record of access, for `rogatory check`; as access_record_check, and all zero where there
 * is none yet. */
int depot_check_access(struct depot *depot, struct access_head *ret_head, uint64_t *ret_bad_line,
        size_t *ret_cut, struct error *error);

#endif
