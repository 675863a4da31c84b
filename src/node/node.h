/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_NODE_NODE_H
#define ROGATORY_NODE_NODE_H

/* The collector process of a live node: it takes what exporters send, writes it into the journal, decodes it,
 * and tells the store, which has the journal released when windows hold it. It holds no key of the store and
 * reads no window.
 *
 *      listeners --> journal --> reception --> relay --> store
 *                       ^------------- RELEASED ----------'
 *
 * Where it cannot go on taking (a full disk, a store that does not keep up), it leaves what comes in the
 * kernel, and what the kernel has to drop is told as lost. It starts again by itself.
 *
 * One thread, one loop of libevent. */

#include "base/error.h"
#include "collect/collector.h"
#include "depot/journal.h"
#include "os/log.h"
#include "reception/reception.h"
#include "relay/counts.h"
#include "relay/relay.h"
#include "settings/settings.h"

#include <stdbool.h>
#include <stdint.h>

/* Named limits. */
#define NODE_QUEUE_PAUSE (32u << 20) /* bytes on their way to the store: more is not taken ... */
#define NODE_QUEUE_MOST (128u << 20) /* ... and what one message gives must fit, else this process waits */
#define NODE_PIECES_MS 50            /* coverage and marks, at most so often */
#define NODE_KEEP_MS 1000            /* what is kept of templates, at most so often */
#define NODE_WAIT_MS 300000          /* data that waits for its template holds the journal for so long */
#define NODE_KEPT_MAX 16u            /* states of templates between two releases; older ones are thinned */
#define NODE_KEPT_BYTES_MAX (256u << 20)
#define NODE_STOP_MS 5000 /* to tell the store the rest, at the end */

struct event;
struct event_base;
struct evhttp;
struct evconnlistener;

struct node_options {
        const char *folder; /* the store's */
        int relay;          /* a stream socket to the store */
        int ready;          /* where the parent hears that this process lives; -1: nobody */
        int metrics;        /* a listening socket; -1: opened here, where configured */
        int listeners[SETTINGS_LISTENERS_MAX]; /* by number; -1: opened here */
};

/* Why nothing is taken: bits. */
enum node_stop { STOP_QUEUE = 1, STOP_JOURNAL = 2, STOP_DISK = 4, STOP_JOURNAL_LIMIT = 8 };

struct node;

struct node_listener {
        struct node *node;
        const struct listener_settings *settings;
        struct exporters *exporters; /* who may send to it */
        struct collector *collector;
        enum reception_content content;
        uint16_t exporter; /* conntrack: whose; else EXPORTER_NOBODY */
};

/* What a reception has to know to go on behind a sequence. */
struct node_kept {
        uint64_t sequence;
        struct buffer state;
};

struct node {
        struct node_options options;
        struct settings settings;
        uint8_t configuration[RELAY_CONFIGURATION_BYTES];
        struct event_base *base;
        struct event *every_piece, *every_second, *readable, *writable, *terminate, *interrupt;
        struct node_listener listeners[SETTINGS_LISTENERS_MAX];
        struct exporters *senders; /* all exporters by address, for the journal's entries */
        struct reception *reception;
        struct zone_table *zones;
        struct journal *journal;
        char journal_folder[4096];
        int journal_file; /* its folder, to ask for free space; -1 */

        /* Towards the store (sending.c). */
        struct buffer filling, sending;
        size_t sent; /* of `sending` */
        struct relay_writer writer;
        struct relay_reader *reader;
        uint64_t told, marked, released; /* sequences: decoded, marked, to be released */
        int64_t receipt_ms;              /* the latest that was decoded; TIME_UNKNOWN */
        bool greeted, store_stops;

        /* keeping.c */
        struct node_kept kept[NODE_KEPT_MAX];
        size_t kept_count;
        int64_t kept_ms;          /* steady clock */
        int64_t waiting_since_ms; /* something waits for its template without a break; 0: nothing */

        /* Sessions of connections; see session_of. */
        struct node_session {
                uint64_t connection;
                uint32_t session;
                uint16_t listener, exporter;
                struct address source;
        } * sessions; /* owned */
        size_t session_count, session_capacity;
        uint32_t next_session;

        unsigned stopped; /* enum node_stop */
        int64_t stopped_ms, started_ms, second_ms;
        uint64_t stops, stop_ms;
        uint64_t unsound;        /* that the relay does not take */
        uint64_t not_configured; /* entries of the journal whose exporter is gone */
        uint64_t replayed;
        bool is_replaying, ends;
        struct relay_store_counts store; /* as it told last */
        bool store_is_known;
        struct evhttp *http;
        struct evconnlistener *http_listener; /* evhttp's */
        unsigned http_connections;            /* in this second */
        struct said {
                int64_t since_ms;
                uint64_t more;
        } said[8];            /* lines that are written once in a while */
        struct error failure; /* why it ends */
        int code;
};

/* Reads the configuration and the secrets, and listens; nothing is read of the network yet. node_close in any
 * case. 0, or negative with a message. */
int node_open(struct node *node, const struct node_options *options, struct error *error);

/* Gives up what is not needed any more (os/confine.h): of files it reaches only its journal from here on. */
int node_confine(struct node *node, struct error *error);

/* Opens and replays the journal, then takes what comes until SIGTERM or SIGINT, or until the store is gone.
 * 0, or negative with a message. */
int node_run(struct node *node, struct error *error);
void node_close(struct node *node);

/* --- Parts --- */

/* Ends the loop with this. Returns code. */
int node_fail(struct node *node, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* listening.c */
int node_listen(struct node *node, struct error *error);
void node_end_listening(struct node *node);
void node_stop_taking(struct node *node, enum node_stop why, const char *words);
void node_go_on_taking(struct node *node, enum node_stop why);

/* taking.c */
int node_replay(struct node *node, struct error *error);
struct collect_sink node_collect_sink(struct node_listener *listener);
/* Messages were lost that nobody counted: between this life and the one before. */
int node_begin_after_loss(struct node *node);

/* sending.c */
struct reception_sink node_reception_sink(struct node *node);
int node_greet(struct node *node, struct error *error);
size_t node_queued(const struct node *node);
/* Sends what the socket takes. node_wait: until less than `most` waits, whatever it takes. 0 or negative. */
int node_send(struct node *node);
int node_wait(struct node *node, size_t most);
int node_receive(struct node *node);
/* Coverage so far, and a mark behind all that was decoded. */
int node_tell(struct node *node);
int node_tell_counts(struct node *node);

/* keeping.c: which templates hold, in FOLDER/templates. */
int node_load(struct node *node, struct error *error);
void node_keep(struct node *node);
int node_release(struct node *node, uint64_t sequence, struct error *error);
void node_forget_kept(struct node *node);

/* serving.c */
int node_serve(struct node *node, struct error *error);
void node_serve_again(struct node *node); /* once a second */
void node_end_serving(struct node *node);

/* A line that is written at most once a minute, with how often it would have been. which: 0..7. */
void node_say_seldom(struct node *node, unsigned which, enum log_weight weight, const char *event,
        const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same, always. */
void node_say(enum log_weight weight, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
