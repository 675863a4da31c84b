/* SPDX-License-Identifier: EUPL-1.2 */
/* Stands in for rogatory-collect and rogatory-store in tests of rogatoryd: writes down what it was handed,
 * and behaves as a file in the store's folder says.
 *
 *   FOLDER/told-NAME        written: a line for each argument, descriptor and fact, whole by rename
 *   FOLDER/behaviour-NAME   read: "serve" (also where it is missing), "refuse" (ends with 3), "mute" (no sign
 *                           of life behind its readiness), "never-ready", "stubborn" (no end by SIGTERM) */
#include "os/alive.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
        (void)signal;
        ended = 1;
}

static const char *value_of(int argc, char **argv, const char *option)
{
        for (int i = 1; i + 1 < argc; i++)
                if (strcmp(argv[i], option) == 0)
                        return argv[i + 1];
        return NULL;
}

static void write_descriptors(FILE *file)
{
        DIR *folder = opendir("/proc/self/fd");

        for (struct dirent *entry; folder && (entry = readdir(folder));) {
                char *rest;
                long descriptor = strtol(entry->d_name, &rest, 10);
                struct stat status;
                if (*rest || descriptor == dirfd(folder) || descriptor == fileno(file) ||
                        fstat((int)descriptor, &status) < 0)
                        continue;
                fprintf(file, "descriptor %ld %s\n", descriptor,
                        S_ISSOCK(status.st_mode) ? "socket" : "other");
        }
        if (folder)
                closedir(folder);
}

static void write_told(const char *folder, const char *name, int argc, char **argv)
{
        char path[4096], temporary[4200], line[256];

        snprintf(path, sizeof path, "%s/told-%s", folder, name);
        snprintf(temporary, sizeof temporary, "%s.%d", path, getpid());
        FILE *file = fopen(temporary, "w");
        FILE *status = fopen("/proc/self/status", "r");
        if (!file)
                exit(4);
        fprintf(file, "pid %d\nuid %d\n", getpid(), getuid());
        for (int i = 1; i < argc; i++)
                fprintf(file, "argument %s\n", argv[i]);
        for (char **one = environ; *one; one++)
                fprintf(file, "environment %s\n", *one);
        while (status && fgets(line, sizeof line, status))
                if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
                        strncmp(line, "Seccomp:", 8) == 0 || strncmp(line, "SigBlk", 6) == 0)
                        fprintf(file, "status %s", line);
        if (status)
                fclose(status);
        write_descriptors(file);
        fclose(file);
        if (rename(temporary, path) < 0)
                exit(4);
}

static void read_behaviour(const char *folder, const char *name, char *text, size_t size)
{
        char path[4096];

        snprintf(path, sizeof path, "%s/behaviour-%s", folder, name);
        snprintf(text, size, "serve");
        FILE *file = fopen(path, "r");
        if (file && fgets(text, (int)size, file))
                text[strcspn(text, "\n")] = '\0';
        if (file)
                fclose(file);
}

int main(int argc, char **argv)
{
        const char *name = strrchr(argv[0], '/');
        const char *folder = value_of(argc, argv, "--config");
        const char *ready_text = value_of(argc, argv, "--ready"),
                   *relay_text = value_of(argc, argv, "--relay");
        char behaviour[32];

        if (!name || !folder || !ready_text || !relay_text)
                return 5;
        int ready = (int)strtol(ready_text, NULL, 10), relay = (int)strtol(relay_text, NULL, 10);
        struct sigaction action = {.sa_handler = end};
        sigaction(SIGTERM, &action, NULL);
        read_behaviour(folder, name + 1, behaviour, sizeof behaviour);
        write_told(folder, name + 1, argc, argv);
        if (strcmp(behaviour, "refuse") == 0)
                return 3;
        if (strcmp(behaviour, "never-ready") != 0)
                alive_say(ready, ALIVE_READY);
        while (!ended || strcmp(behaviour, "stubborn") == 0) {
                struct pollfd wait = {.fd = relay, .events = POLLIN};
                char byte;
                if (strcmp(behaviour, "mute") != 0)
                        alive_say(ready,
                                strcmp(behaviour, "never-ready") == 0 ? ALIVE_STARTING : ALIVE_WORKING);
                /* The collector that loses its store has nothing to do; the store has to end its work. */
                if (strcmp(name + 1, "rogatory-store") == 0 || strcmp(behaviour, "stubborn") == 0)
                        poll(NULL, 0, 50);
                else if (poll(&wait, 1, 50) > 0 && read(relay, &byte, 1) == 0)
                        return 0;
        }
        return 0;
}
