/* SPDX-License-Identifier: EUPL-1.2 */
/* Questions over the ask socket, each in a process of its own. */
#include "keeper/keeper.h"

#include "live/view.h"
#include "os/clock.h"
#include "os/pass.h"
#include "os/person.h"
#include "rogatory/ask.h"
#include "rogatory/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKER_MS 5000 /* in which an asker must have said what he wants */

static void tell(int socket, enum ask_outcome outcome, int code)
{
        unsigned char bytes[2] = {(unsigned char)outcome, (unsigned char)code};

        (void)send(socket, bytes, sizeof bytes, MSG_NOSIGNAL);
}

/* The words, one behind the other with an end mark each. */
static int split_words(char *bytes, size_t length, char *ret_words[ASK_WORDS_MAX + 1])
{
        int count = 0;

        if (length == 0 || bytes[length - 1] != '\0')
                return -EPROTO;
        for (char *at = bytes; at < bytes + length; at += strlen(at) + 1) {
                if (count == ASK_WORDS_MAX)
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

static int answer(struct keeper *keeper, int socket)
{
        static char bytes[PASS_BYTES_MAX];
        char *words[ASK_WORDS_MAX + 1], person[PERSON_TEXT_MAX];
        struct timeval patience = {.tv_sec = ASKER_MS / 1000};
        struct error error = {0};
        struct pass_peer peer;
        struct live_view view = {0};
        int descriptors[3];
        size_t length;

        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int r = pass_peer(socket, &peer, &error);
        if (r == 0)
                r = pass_receive(socket, bytes, sizeof bytes, &length, descriptors, 3, &error);
        int count = r == 0 ? split_words(bytes, length, words) : r;
        if (count < 1 || strcmp(words[0], "ask") != 0 || !take_place(descriptors)) {
                tell(socket, ASK_REFUSED, EXIT_FAILED);
                return 1;
        }
        struct asking_source source = {
                .context = &view, .turn = turn, .person = person_describe_peer(peer.uid, person)};
        r = live_view_open(&view, &keeper->generations, keeper->options.store, &error);
        source.depot = view.depot;
        source.inquiry = view.inquiry;
        int code = EXIT_FAILED;
        if (r < 0)
                dprintf(STDERR_FILENO, "rogatory: %s\n", error.text);
        else
                code = ask_for(&source, count, words);
        tell(socket, ASK_DONE, code);
        return 0;
}

static void answer_in_child(struct keeper *keeper, int socket)
{
        keeper_be_child(keeper);
        signal(SIGPIPE, SIG_IGN);
        alarm(KEEPER_QUESTION_SECONDS);
        close(keeper->options.relay);
        close(keeper->options.ask);
        _exit(answer(keeper, socket));
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
                tell(socket, ASK_BUSY, EXIT_FAILED);
        }
        close(socket);
}
