/* SPDX-License-Identifier: EUPL-1.2 */
/* What people of this machine ask the node for, over its socket: each in a process of its own, as himself. */
#include "exchanged/exchanged.h"

#include "os/pass.h"
#include "os/person.h"
#include "rogatory/command.h"
#include "rogatory/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKER_SECONDS 5 /* in which an asker must have said what he wants */

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

/* What this node does for people: whatever else the program can do, it does with files of whoever calls it.
 */
static const struct command *command_of(const char *name)
{
        static const char *const names[] = {
                "order", "office", "open", "inform", "inbox", "answer", "clear", "object", "log"};

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
                if (strcmp(names[i], name) == 0)
                        return command_by_name(name);
        return NULL;
}

/* Options may be abbreviated, and a word may be the value of another one: "--why --node=X --nod OTHER" would
 * have this node, with its rights, open a folder that the asker made, in which he has every role. */
static bool is_abbreviated(const char *word)
{
        size_t length = strcspn(word, "=");

        return length >= 3 && length < strlen("--node") && strncmp(word, "--node", length) == 0;
}

/* Whatever the asker calls the node: it is this one. False where he names none: such a command is about files
 * of his own. */
static bool name_node(const struct exchanged *node, int count, char **words)
{
        static char word[PATH_MAX + sizeof "--node="];
        bool named = false;

        for (int i = 1; i < count; i++) {
                if (is_abbreviated(words[i]))
                        return false;
                if (strcmp(words[i], "--node") == 0 && i + 1 < count) {
                        words[++i] = (char *)(uintptr_t)node->folder;
                        named = true;
                } else if (strncmp(words[i], "--node=", 7) == 0 &&
                           snprintf(word, sizeof word, "--node=%s", node->folder) > 0) {
                        words[i] = word;
                        named = true;
                }
        }
        return named;
}

static int serve(struct exchanged *node, int socket)
{
        static char bytes[PASS_BYTES_MAX];
        char *words[NODE_WORDS_MAX + 1];
        struct timeval patience = {.tv_sec = ASKER_SECONDS};
        struct error error = {0};
        struct pass_peer peer;
        int descriptors[3];
        size_t length;

        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        int r = pass_peer(socket, &peer, &error);
        if (r == 0)
                r = pass_receive(socket, bytes, sizeof bytes, &length, descriptors, 3, &error);
        int count = r == 0 ? split_words(bytes, length, words) : r;
        const struct command *command = count > 0 ? command_of(words[0]) : NULL;
        if (command && !name_node(node, count, words))
                command = NULL;
        for (int i = 0; command && i < 3; i++)
                if (dup2(descriptors[i], i) < 0)
                        command = NULL;
        if (!command) {
                tell(socket, NODE_REFUSED, EXIT_FAILED);
                return 1;
        }
        person_act_for(peer.uid);
        int code = command->run(command, count, words);
        fflush(NULL);
        tell(socket, NODE_DONE, code);
        return 0;
}

void command_run(struct exchanged *node, int socket)
{
        _exit(serve(node, socket));
}

void exchanged_answer(struct exchanged *node)
{
        struct error error = {0};
        int told, socket = accept4(node->people, NULL, NULL, SOCK_CLOEXEC);

        if (socket < 0)
                return;
        int r = child_start(node, CHILD_COMMAND, NULL, false, &told, &error);
        if (r > 0)
                command_run(node, socket);
        if (r < 0) {
                exchanged_say(LOG_CAUTION, "busy", "%s", error.text);
                tell(socket, NODE_BUSY, EXIT_FAILED);
        }
        close(socket);
}
