/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_EXCHANGED_H
#define ROGATORY_EXCHANGED_EXCHANGED_H

/* The node of an exchange as it runs: one process that holds no key and no database, and children of it that
 * do one thing each.
 *
 *      peers --TLS--> gate: takes messages into the inbox, gives out evidence. Has the key for TLS; reaches
 *                     the inbox and what it offers, nothing else, and connects nowhere.
 *      parent ------> work: one pass over what waits, messages and clocks, and what is due in the outbox.
 *             ------> stamp: seals what waits for a timestamp. Connects nowhere; a child of its own asks the
 *                     timestamp service, and reaches nothing else.
 *             ------> delivery: one recipient's messages. Reaches the outbox and the network, no other key.
 *             ------> fetch: evidence beside one sender's messages. Reaches what is to be fetched, that
 *                     sender's folder and the network, no other key.
 *             ------> command: what one person of this machine asks for over the node's socket, as himself.
 *
 * The parent keeps no database open, because SQLite's locks do not survive fork(2) in a child; so each child
 * opens the node's folder for itself, and what a killed one leaves is what stands in the database. */

#include "courier/names.h"
#include "exchange/settings.h"
#include "os/log.h"
#include "os/notify.h"

#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EXCHANGED_COMMANDS_MAX 32u   /* of people, at once */
#define EXCHANGED_DELIVERIES_MAX 16u /* recipients that are sent to at once */
#define EXCHANGED_COMMAND_SECONDS 3600u
#define EXCHANGED_WORK_SECONDS 900u
#define EXCHANGED_DELIVERY_SECONDS 7200u
#define EXCHANGED_STAMP_SECONDS 900u
#define EXCHANGED_FETCHES_MAX 4u /* senders whose evidence is fetched at once */
#define EXCHANGED_PLACES (3 + EXCHANGED_DELIVERIES_MAX + EXCHANGED_FETCHES_MAX + EXCHANGED_COMMANDS_MAX)

/* How patient a node is; a test has less patience. */
struct exchanged_times {
        int64_t tick_ms;        /* the parent looks around at least so often */
        int64_t idle_ms;        /* a pass over what waits, also where nothing called for one */
        int64_t retry_first_ms; /* after a pass or a gate that failed; then twice as long each time ... */
        int64_t retry_most_ms;  /* ... up to this */
        int64_t hang_ms;        /* a gate that says nothing for so long is ended */
        int64_t delivery_ms;    /* wait after the first delivery that failed (courier/schedule.h) */
        int64_t delivery_most_ms;
        int64_t timestamp_ms;       /* a timestamp service is given so long; 0: courier/timestamp_fetch.h */
        int64_t timestamp_retry_ms; /* and is asked again after this, then longer; 0: exchange/post_stamp.c */
        unsigned gate_failures_max; /* so often in a row, before it was ever ready: the node gives up */
};
extern const struct exchanged_times exchanged_usual_times;

struct exchanged_options {
        const char *node;         /* the folder */
        const char *socket;       /* for people; NULL: exchange.socket in the folder */
        const char *socket_group; /* whose it is; NULL: the group that runs us */
        const char *user;         /* whom to become; NULL: who we are */
        bool check;
        bool without_landlock, without_seccomp;
};

/* 0: run; 1: done (--help, --version); -EINVAL: said what is wrong. */
int exchanged_options_read(int argc, char **argv, struct exchanged_options *ret_options);

enum child_kind {
        CHILD_NONE,
        CHILD_GATE,
        CHILD_WORK,
        CHILD_STAMP,
        CHILD_DELIVERY,
        CHILD_FETCH,
        CHILD_COMMAND
};

struct child {
        enum child_kind kind;
        pid_t pid;
        int told;                              /* what it tells comes from here; -1: nothing */
        int64_t started_ms, heard_ms;          /* steady clock */
        bool is_ready;                         /* CHILD_GATE: it said so */
        bool is_asked;                         /* to end */
        char recipient[ORGANISATION_TEXT_MAX]; /* CHILD_DELIVERY; CHILD_FETCH: the sender */
};

/* What a pass tells. Written at once. */
struct work_report {
        int code; /* 0, or what hindered it */
        uint32_t taken;
        int64_t next_ms; /* when the next pass has something to do, by the node's clock; INT64_MAX */
        bool stamp_due;  /* a message waits for a timestamp, and the service is to be asked */
        uint32_t recipient_count;
        char recipients[EXCHANGED_DELIVERIES_MAX][ORGANISATION_TEXT_MAX]; /* have something due */
        uint32_t sender_count;
        char senders[EXCHANGED_FETCHES_MAX][ORGANISATION_TEXT_MAX]; /* offer what is still to be fetched */
        char text[512];
};

struct exchanged {
        const struct exchanged_options *options;
        const struct exchanged_times *times;
        char folder[PATH_MAX]; /* from the root */
        char organisation[ORGANISATION_TEXT_MAX];
        char store[PATH_MAX]; /* folder or socket that is asked; "" */
        struct office_key_place keys[DIRECTORY_PURPOSES];
        char token_files[OFFICE_TOKEN_FILES_MAX][PATH_MAX]; /* what their modules read and write */
        size_t token_file_count;
        char timestamp_url[OFFICE_URL_MAX]; /* "": none */
        char timestamp_authorities[PATH_MAX];
        char address[64]; /* where peers knock; "": nowhere */
        uint16_t port;
        char socket_path[PATH_MAX];
        int people; /* listens for people of this machine */
        bool people_handed_over;
        int offers; /* what the gate asks for comes from here; -1: there is no gate */
        struct notify notify;
        int64_t told_alive_ms;
        int signals; /* signalfd(2) */
        sigset_t signals_before;
        struct child children[EXCHANGED_PLACES];
        bool work_wanted, stamp_wanted;
        int64_t work_next_ms;       /* the node's clock */
        int64_t work_not_before_ms; /* steady clock */
        int64_t work_started_ms, work_wait_ms;
        int64_t gate_not_before_ms, gate_wait_ms; /* steady clock */
        int64_t stamp_not_before_ms, stamp_wait_ms;
        unsigned gate_failures;
        bool gate_was_ready, worked_once, said_ready;
        char directory_mark[128]; /* changes with the directory's file */
        bool ending;
};

/* Reads the settings of the node. */
int exchanged_open(struct exchanged *node, const struct exchanged_options *options,
        const struct exchanged_times *times, struct error *error);
/* What the settings say now, for a child that runs after they were changed. */
int exchanged_read_settings(struct exchanged *node, struct error *error);
/* Makes the sockets (where nothing is only checked) and gives up what the node does not need. */
int exchanged_prepare(struct exchanged *node, struct error *error);
/* Opens the node's folder and every key once, in a process of its own, and says what is wrong. */
int exchanged_examine(struct exchanged *node, struct error *error);
/* Runs until SIGTERM or SIGINT. SIGHUP: the directory is read again and a pass is made. 0, or negative with a
 * message. */
int exchanged_run(struct exchanged *node, struct error *error);
void exchanged_close(struct exchanged *node);

/* --- Children --- */

/* Starts one. 1: this is the child, *ret_told is where it tells (where wants_told), and it ends by _exit; 0:
 * this is the parent, and it runs; negative with a message. */
int child_start(struct exchanged *node, enum child_kind kind, const char *recipient, bool wants_told,
        int *ret_told, struct error *error);
struct child *child_find(struct exchanged *node, enum child_kind kind, const char *recipient);
void child_forget(struct child *child);

/* What each does; never returns. */
void gate_run(struct exchanged *node, int told, int offers) __attribute__((noreturn));
void work_run(struct exchanged *node, int told) __attribute__((noreturn));
void stamp_run(struct exchanged *node) __attribute__((noreturn));
void delivery_run(struct exchanged *node, const char *recipient) __attribute__((noreturn));
void fetch_run(struct exchanged *node, const char *sender) __attribute__((noreturn));
void command_run(struct exchanged *node, int socket) __attribute__((noreturn));

#define GATE_MESSAGE 'm' /* beside the bytes of os/alive.h: something waits in the inbox */

/* Somebody of this machine asks: has him answered. */
void exchanged_answer(struct exchanged *node);

/* The parent's own confinement, and that of its children which want less than it has. */
int exchanged_confine(const struct exchanged *node, struct error *error);
int gate_confine(const struct exchanged *node, struct error *error);
int delivery_confine(const struct exchanged *node, struct error *error);
int fetch_confine(const struct exchanged *node, const char *sender, struct error *error);
int stamp_confine(const struct exchanged *node, struct error *error);
int stamp_fetch_confine(
        const struct exchanged *node, struct error *error); /* of whoever asks for timestamps */

/* A line for the log: event=... text="...". */
void exchanged_say(enum log_weight weight, const char *event, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
