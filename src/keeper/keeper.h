/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_KEEPER_KEEPER_H
#define ROGATORY_KEEPER_KEEPER_H

/* The store process of a live node: it takes from the collector what was decoded, holds it in memory until it
 * stands in windows, and answers. It decodes nothing that came from a network, and no question is answered by
 * it itself: a process of its own, which sees its memory as it is at that moment, answers and ends; so does
 * one that merges. Neither can hold it up or hurt it.
 *
 *      relay --> generations of what is not merged --fork--> merge: windows, retention; then RELEASED
 *                                                  --fork--> a question: the ask socket's caller
 *
 * One thread; a loop over poll(2). */

#include "live/generations.h"
#include "os/alive.h"
#include "os/log.h"
#include "relay/relay.h"

#include <signal.h>
#include <sys/types.h>

#define KEEPER_QUESTIONS_MAX 32u     /* answered at once */
#define KEEPER_QUESTION_SECONDS 7200 /* a batch may take long, but not for ever */
#define KEEPER_READ_BYTES (256u << 10)
#define KEEPER_ALIVE_MS (ALIVE_INTERVAL_MS / 2) /* how often the parent hears of it */
#define KEEPER_COUNTS_MS 1000                   /* how often the collector hears how the store does */
#define KEEPER_RETRY_MS 1000       /* a merge that found another writer, or failed, is tried again ... */
#define KEEPER_RETRY_MOST_MS 60000 /* ... later each time */

struct keeper_options {
        const char *store; /* the folder */
        int relay;         /* a stream socket to the collector */
        int ask;           /* a listening Unix socket; -1: none */
        int ready;         /* where the parent is told that this process is alive; -1: nobody */
};

enum child_kind { CHILD_NONE, CHILD_MERGE, CHILD_QUESTION };

struct child {
        enum child_kind kind;
        pid_t pid;
        int result;     /* CHILD_MERGE: what it tells comes from here */
        unsigned count; /* CHILD_MERGE: generations that it merges */
};

/* What a merge tells of itself. */
struct merge_result {
        int code; /* 0, or what hindered it */
        struct generations_merged merged;
        int64_t took_ms;
        char text[512];
};

/* Numbers for whoever watches the node. */
struct keeper_counts {
        uint64_t events, leases, pieces, refused;
        uint64_t questions, questions_busy;
        uint64_t merges, merges_failed, windows, window_bytes;
        int64_t last_merge_ms, last_merge_took_ms;
};

struct keeper {
        struct keeper_options options;
        struct depot *depot; /* read for its settings */
        uint8_t configuration[RELAY_CONFIGURATION_BYTES];
        struct generations generations;
        struct relay_reader *reader;
        struct relay_writer writer;
        struct buffer out;
        size_t sent; /* of `out` */
        struct child children[KEEPER_QUESTIONS_MAX + 1];
        int64_t now_ms;        /* of what is being taken */
        int64_t next_merge_ms; /* wall clock */
        int64_t retry_ms;      /* steady clock; not before */
        int64_t retry_wait_ms;
        int merge_code;   /* what hindered the last merge; 0: nothing */
        int64_t alive_ms; /* steady clock, when the parent was told last */
        bool is_full;     /* takes no more until something was merged */
        bool said_full;
        sigset_t signals; /* that were blocked before */
        struct keeper_counts counts;
        struct sharing *sharing; /* how addresses are shared, by number of the realm; shared with merges */
        size_t sharing_realms;
        int64_t counts_ms;    /* steady clock, when the collector was told last */
        struct error failure; /* why the relay ends */
};

/* Opens the store, before the process is confined. 0, or negative with a message; keeper_close in any case.
 */
int keeper_open(struct keeper *keeper, const struct keeper_options *options, struct error *error);
void keeper_close(struct keeper *keeper);

/* Gives up what the process does not need (os/confine.h). */
int keeper_confine(struct keeper *keeper, struct error *error);

/* Runs until the collector goes, or SIGTERM or SIGINT ask for the end; SIGUSR1: all that is held is merged
 * now. 0, or negative with a message. */
int keeper_run(struct keeper *keeper, struct error *error);

/* --- Parts of the loop --- */

/* The relay's sink; its context is the keeper. */
struct relay_sink keeper_sink(struct keeper *keeper);

/* Closes the generation and has it merged, where that is due and no other merge runs. */
int keeper_merge_if_due(struct keeper *keeper, struct error *error);

/* Somebody asks: has him answered. */
void keeper_answer(struct keeper *keeper);

/* Numbers for whoever watches the node (counting.c): the collector is told them where that is due. 0, or
 * negative with a message. */
int keeper_begin_counting(struct keeper *keeper, struct error *error);
int keeper_tell_counts(struct keeper *keeper, struct error *error);
void keeper_end_counting(struct keeper *keeper);

/* Children that ended: a merge that succeeded is told to the collector. 0, or negative with a message. */
int keeper_reap(struct keeper *keeper, struct error *error);

/* A place for a child; NULL where there is none. */
struct child *keeper_child_place(struct keeper *keeper, enum child_kind kind);

/* Behind fork, in the child: it ends with its parent, and signals do with it what they do with any process.
 */
void keeper_be_child(const struct keeper *keeper);

/* A line for the log (os/log.h). */
void keeper_say(enum log_weight weight, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
