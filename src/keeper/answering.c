/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions over the ask socket, each in a process of its own. */
#include "keeper/keeper.h"

#include "live/view.h"
#include "os/clock.h"
#include "os/pass.h"
#include "os/person.h"
#include "rogatory/ask.h"
#include "rogatory/command.h"
#include "rogatory/node.h"
#include "rogatory/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKER_MS 5000   /* in which an asker must have said what he wants */
#define WRITER_MS 60000 /* how long another writer of the store is waited for */
#define WRITER_LOOK_US 100000

static void tell(int socket, enum node_outcome outcome, int code)
{
        unsigned char bytes[2] = {(unsigned char)outcome, (unsigned char)code};

        (void)send(socket, bytes, sizeof bytes, MSG_NOSIGNAL);
}

/* The words, one behind the other with an end mark each. */
static int split_words(char *bytes, size_t length, char *ret_words[NODE_WORDS_MAX + 1])
{
        int count = 0;

        if (length == 0 || bytes[length - 1] != '\0')
                return -EPROTO;
        for (char *at = bytes; at < bytes + length; at += strlen(at) + 1) {
                if (count == NODE_WORDS_MAX)
                        return -E2BIG;
                ret_words[count++] = at;
        }
        ret_words[count] = NULL;
        return count;
}

static int turn(void *context, const struct address *address, struct error *error)
{
        return live_view_turn(context, address, clock_now_ms(), error);
}

/* The asker's own descriptors become this process' standard ones. */
static bool take_place(const int descriptors[3])
{
        for (int i = 0; i < 3; i++)
                if (dup2(descriptors[i], i) < 0)
                        return false;
        return true;
}

/* --- What may be asked for --- */

static int ask(struct keeper *keeper, int count, char **words)
{
        struct live_view view = {0};
        struct error error = {0};
        int code = EXIT_FAILED;

        if (live_view_open(&view, &keeper->generations, keeper->options.store, &error) < 0) {
                complain_error(&error);
        } else {
                struct asking_source source = {
                        .context = &view, .depot = view.depot, .inquiry = view.inquiry, .turn = turn};
                code = ask_for(&source, count, words);
        }
        live_view_close(&view);
        return code;
}

/* What is to be preserved may stand in no window yet: this process merges what it has a copy of, and the
 * node's own merge later finds that nothing is new. */
static int preserve_of(struct keeper *keeper, int count, char **words)
{
        struct generations_merged merged;
        struct error error = {0};
        int64_t until_ms = clock_steady_ms() + WRITER_MS;

        int r = generations_turn(&keeper->generations, &error);
        while (r == 0 && generations_closed(&keeper->generations) > 0) {
                r = generations_merge(
                        &keeper->generations, keeper->options.store, clock_now_ms(), NULL, &merged, &error);
                if (r != -EBUSY || clock_steady_ms() > until_ms)
                        break;
                r = 0;
                usleep(WRITER_LOOK_US);
        }
        return r < 0 ? complain_error(&error) : command_preserve.run(&command_preserve, count, words);
}

/* These look at the store as it is on the disk. */
static int look(struct keeper *keeper, int count, char **words)
{
        static const struct command *const commands[] = {&command_holds, &command_info, &command_check};

        (void)keeper;
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
                if (strcmp(commands[i]->name, words[0]) == 0)
                        return commands[i]->run(commands[i], count, words);
        return EXIT_FAILED;
}

static const struct {
        const char *name;
        int (*run)(struct keeper *keeper, int count, char **words);
} services[] = {{"ask", ask}, {"preserve", preserve_of}, {"holds", look}, {"info", look}, {"check", look}};

/* Whatever the asker calls the store: it is this one. */
static void name_store(const struct keeper *keeper, int count, char **words)
{
        static char word[4096 + sizeof "--store="];

        for (int i = 1; i < count; i++) {
                if (strcmp(words[i], "--store") == 0 && i + 1 < count)
                        words[++i] = (char *)(uintptr_t)keeper->options.store;
                else if (strncmp(words[i], "--store=", 8) == 0 &&
                         snprintf(word, sizeof word, "--store=%s", keeper->options.store) > 0)
                        words[i] = word;
        }
}

static int serve(struct keeper *keeper, int socket)
{
        static char bytes[PASS_BYTES_MAX];
        char *words[NODE_WORDS_MAX + 1];
        struct timeval patience = {.tv_sec = ASKER_MS / 1000};
        struct error error = {0};
        struct pass_peer peer;
        int descriptors[3];
        size_t length;

        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int r = pass_peer(socket, &peer, &error);
        if (r == 0)
                r = pass_receive(socket, bytes, sizeof bytes, &length, descriptors, 3, &error);
        int count = r == 0 ? split_words(bytes, length, words) : r;
        for (size_t i = 0; count > 0 && i < sizeof services / sizeof *services; i++) {
                if (strcmp(words[0], services[i].name) != 0 || !take_place(descriptors))
                        continue;
                person_act_for(peer.uid);
                name_store(keeper, count, words);
                tell(socket, NODE_DONE, services[i].run(keeper, count, words));
                return 0;
        }
        tell(socket, NODE_REFUSED, EXIT_FAILED);
        return 1;
}

static void answer_in_child(struct keeper *keeper, int socket)
{
        keeper_be_child(keeper);
        signal(SIGPIPE, SIG_IGN);
        alarm(KEEPER_QUESTION_SECONDS);
        close(keeper->options.relay);
        close(keeper->options.ask);
        _exit(serve(keeper, socket));
}

void keeper_answer(struct keeper *keeper)
{
        int socket = accept4(keeper->options.ask, NULL, NULL, SOCK_CLOEXEC);
        struct child *child;

        if (socket < 0)
                return;
        child = keeper_child_place(keeper, CHILD_QUESTION);
        pid_t pid = child ? fork() : -1;
        if (pid == 0)
                answer_in_child(keeper, socket);
        if (pid > 0) {
                *child = (struct child){.kind = CHILD_QUESTION, .pid = pid, .result = -1};
                keeper->counts.questions++;
        } else {
                keeper->counts.questions_busy++;
                tell(socket, NODE_BUSY, EXIT_FAILED);
        }
        close(socket);
}
