/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_SETTINGS_H
#define ROGATORY_SETTINGS_SETTINGS_H

/* The one configuration file of a store, rogatory.conf: sections [realm NAME], [exporter NAME], [node] and
 * [listener NAME] with `key = value` lines and # comments. Tables in table.c and table_node.c (key, kind of
 * value, default, check) are the whole grammar; every mistake is reported with its line number, not only the
 * first. Pure: works on text. */

#include "base/address.h"
#include "base/buffer.h"
#include "base/error.h"
#include "nat/attribution.h"
#include "settings/key_source.h"
#include "settings/node.h"

#define SETTINGS_PREFIXES_MAX 256 /* prefixes in one list */
#define SETTINGS_FILE_MAX (8 * 1024 * 1024)
#define SETTINGS_SECTIONS_MAX 16384 /* realms, and exporters */
#define SETTINGS_PROBLEMS_MAX 1000  /* after so many mistakes the rest is not looked at */

enum loss_detection {
        LOSS_AUTOMATIC,    /* sequence numbers where the format has them, else not detectable */
        LOSS_SEQUENCE,     /* the same, said outright */
        LOSS_REPORTED,     /* the source writes a line when it loses events, and that line is in the file */
        LOSS_UNDETECTABLE, /* nothing proves that the log is whole */
};

struct prefix_list {
        struct prefix *items; /* owned by the settings */
        size_t count;
};

/* What is kept for a time of its own. Destinations are a part of bindings and go with them at the latest. */
enum retain_kind { RETAIN_BINDINGS, RETAIN_DESTINATIONS, RETAIN_LEASES, RETAIN_KIND_COUNT };

/* A time of its own for some addresses: outside ones of bindings and destinations, inside ones of leases. */
struct retain_range {
        struct prefix prefix;
        enum retain_kind kind;
        int64_t retain_ms; /* 0: not limited */
};
struct retain_range_list {
        struct retain_range *items; /* owned by the settings */
        size_t count;
};

struct realm_settings {
        char name[SETTINGS_NAME_MAX];
        char zone[64];                  /* IANA name, "UTC" by default */
        enum mapping_behaviour mapping; /* undeclared by default */
        int64_t uncertainty_ms;         /* clock-uncertainty = 2s */
        int64_t longest_session_ms;     /* longest-session = 24h */
        int64_t longest_block_ms;       /* longest-block = 30d */
        bool keep_destinations;         /* destinations = drop | keep; drop by default (RFC 6888 REQ-12) */
        bool leases_any_vrf;            /* lease-vrf = matched | ignored; matched by default */
        bool lease_log_complete;        /* lease-log = may-lose | complete; may-lose by default */
        int64_t retain_ms;              /* retain = 180d: bindings; 0: not limited (the default) */
        int64_t retain_destinations_ms; /* retain-destinations = 30d; 0: as long as their bindings */
        int64_t retain_leases_ms;       /* retain-leases = 180d; 0: not limited */
        struct retain_range_list retain_ranges; /* retain-ranges = PREFIX KIND DURATION, ... */
        struct prefix_list outside;             /* outside = PREFIX, ...: the realm's own public addresses */
        struct key_sources key; /* key = file:/path, ...: what stored files are sealed by; none */
};

struct exporter_settings {
        char name[SETTINGS_NAME_MAX];
        char realm[SETTINGS_NAME_MAX]; /* realm = NAME, "default" by default */
        char dialect[64];              /* "" : recognised or refused */
        enum loss_detection loss;      /* loss = automatic | sequence | reported | undetectable */
        int64_t delay_ms;              /* delay = 1s: least time assumed between an event and its export */
        int64_t heartbeat_ms; /* heartbeat = 60s: longer silence in a log without sequence is a gap */
        char zone[64];        /* zone = ...: for lines without one; "" : refused */
        int year;             /* year = 2026: for lines without one; 0: refused */
        bool restart_keeps;   /* restart = clears | keeps: does the NAT keep its bindings over a restart of
                               * the exporter? clears by default; matters where a log begins at zero */
        struct prefix_list outside; /* the public addresses that it lends; empty: all of its realm's */
        bool lends_nothing; /* lends = addresses | nothing: no NAT, so nothing is to be heard of it about one
                             */
        struct prefix_list address; /* address = ...: where its packets come from */
        struct name_list accept;    /* accept = LISTENER, ...: who takes its messages; empty: all that can */
        uint32_t rate;              /* rate = 200000: messages per second that are taken of it */
        char secret_file[SETTINGS_PATH_MAX];      /* RADIUS: the file of its shared secret; "": none */
        char certificate_name[SETTINGS_HOST_MAX]; /* TLS: a DNS name of its certificate; "": not looked at */
};

struct settings {
        struct realm_settings *realms; /* owned; there is always a realm "default" */
        size_t realm_count;
        struct exporter_settings
                *exporters; /* owned; in the file's order: the index is its number in a node */
        size_t exporter_count;
        struct node_settings node;
        struct listener_settings *listeners; /* owned; in the file's order */
        size_t listener_count;
};

struct settings_problem {
        unsigned line; /* from 1 */
        char text[256];
};

/* Parses a whole file. problems: receives up to `most` problems in order of lines; ret_count tells how many
 * there are in all. 0 with ret_settings, or -EINVAL (problems found; nothing is returned but the problems),
 * -ENOMEM. */
int settings_parse(const char *text, size_t length, struct settings *ret_settings,
        struct settings_problem *problems, size_t most, size_t *ret_count);

enum settings_file {
        SETTINGS_FILE_CERTIFICATES, /* PEM; anybody may read it */
        SETTINGS_FILE_PRIVATE_KEY,  /* PEM; others may not */
        SETTINGS_FILE_SECRET,       /* of RADIUS; others may not read it */
        SETTINGS_FILE_SOCKET,       /* is made: its folder must be there */
};

/* What only the caller can know about a value. A NULL function, or checks == NULL, takes every value. */
struct settings_checks {
        void *context;
        bool (*zone_is_known)(void *context, const char *name);
        bool (*dialect_is_known)(void *context, const char *name);
        bool (*user_is_known)(void *context, const char *name);
        bool (*group_is_known)(void *context, const char *name);
        /* 0, or -EINVAL with what is wrong with a file that a node needs. */
        int (*file_is_sound)(void *context, enum settings_file file, const char *path, struct error *problem);
        int (*key_is_sound)(void *context, const struct key_sources *sources, struct error *problem);
};
int settings_parse_checked(const char *text, size_t length, const struct settings_checks *checks,
        struct settings *ret_settings, struct settings_problem *problems, size_t most, size_t *ret_count);
void settings_free(struct settings *settings);

/* NULL where there is none. */
const struct realm_settings *settings_realm(const struct settings *settings, const char *name);
const struct exporter_settings *settings_exporter(const struct settings *settings, const char *name);

const struct listener_settings *settings_listener(const struct settings *settings, const char *name);

/* May this exporter send to this listener? Not where it has no address, or no secret and the listener is of
 * RADIUS; conntrack is its own exporter's. */
bool settings_accepts(const struct exporter_settings *exporter, const struct listener_settings *listener);

/* The exporter whose `address` list contains the sender; the longest prefix wins; NULL where none does. */
const struct exporter_settings *settings_exporter_at(
        const struct settings *settings, const struct address *sender);

/* A realm or exporter with every default, for names that the file does not mention. */
struct realm_settings realm_defaults(const char *name);
struct exporter_settings exporter_defaults(const char *name, const char *realm);
struct listener_settings listener_defaults(const char *name);
struct node_settings node_defaults(void);

/* The commented file that a new store begins with: every key explained, defaults as comments. */
int settings_write_template(struct buffer *buffer);

/* Text to append for a new realm or exporter section (only the values that differ from the defaults). */
int settings_write_realm(struct buffer *buffer, const struct realm_settings *realm);
int settings_write_exporter(struct buffer *buffer, const struct exporter_settings *exporter);

int settings_write_node(struct buffer *buffer, const struct node_settings *node);
int settings_write_listener(struct buffer *buffer, const struct listener_settings *listener);

/* "bindings", "destinations", "leases". */
const char *retain_kind_name(enum retain_kind kind);

/* A name that may stand in a section heading. */
bool settings_name_is_valid(const char *name);

#endif
