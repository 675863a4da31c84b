/* SPDX-License-Identifier: EUPL-1.2 */
/* Who reaches what. Everything begins with what the parent gave up. */
#include "exchanged/exchanged.h"

#include "courier/timestamp_fetch.h"
#include "exchange/office.h"
#include "os/confine.h"
#include "os/program.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DNS_PORT 53 /* answers that do not fit into a datagram come by TCP */

struct paths {
        struct confine_path list[CONFINE_PATHS_MAX];
        char texts[CONFINE_PATHS_MAX][PATH_MAX];
        size_t count;
};

/* What is not there needs no leave. */
static void add(struct paths *paths, unsigned rights, const char *folder, const char *name)
{
        if (paths->count == CONFINE_PATHS_MAX || !folder)
                return;
        char *text = paths->texts[paths->count];
        int length = name ? snprintf(text, PATH_MAX, "%s/%s", folder, name)
                          : snprintf(text, PATH_MAX, "%s", folder);
        if (length < 0 || length >= PATH_MAX || access(text, F_OK) < 0)
                return;
        paths->list[paths->count++] = (struct confine_path){.path = text, .rights = rights};
}

static void add_system(struct paths *paths)
{
        add(paths, CONFINE_READ, "/etc", NULL);
        add(paths, CONFINE_READ, "/usr", NULL);
        add(paths, CONFINE_READ, "/run/systemd/resolve", NULL);
}

/* The three files of the database, and no other of its folder. They are not made anew meanwhile: whoever is
 * confined has them open, and the last to close them removes them. */
static void add_database(struct paths *paths, const struct exchanged *node)
{
        static const char *const names[] = {
                OFFICE_DATABASE_NAME, OFFICE_DATABASE_NAME "-wal", OFFICE_DATABASE_NAME "-shm"};

        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
                add(paths, CONFINE_READ | CONFINE_WRITE, node->folder, names[i]);
}

/* The program that asks the store stands beside this one, or in bin beside sbin. */
static void add_program(struct paths *paths)
{
        static const char *const names[] = {"rogatory", "../bin/rogatory"};
        char folder[PATH_MAX - 64];
        const char *loader = program_loader();
        struct error error = {0};

        add(paths, CONFINE_READ | CONFINE_WRITE, "/dev/null", NULL);
        if (program_folder(folder, sizeof folder, &error) < 0)
                return;
        for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
                add(paths, CONFINE_EXECUTE, folder, names[i]);
        if (loader)
                add(paths, CONFINE_EXECUTE, loader, NULL);
}

/* Where a child opens keys in tokens: their modules and PINs. */
static void add_tokens(struct paths *paths, const struct exchanged *node)
{
        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++)
                if (*node->keys[purpose].uri) {
                        add(paths, CONFINE_READ, node->keys[purpose].token.module, NULL);
                        add(paths, CONFINE_READ, node->keys[purpose].token.pin_file, NULL);
                }
        for (size_t i = 0; i < node->token_file_count; i++)
                add(paths, CONFINE_READ | CONFINE_WRITE, node->token_files[i], NULL);
}

/* Where the key for TLS was opened already: what its module reads and writes while it signs. */
static void add_opened_token(struct paths *paths, const struct exchanged *node)
{
        for (size_t i = 0; *node->keys[DIRECTORY_TLS].uri && i < node->token_file_count; i++)
                add(paths, CONFINE_READ | CONFINE_WRITE, node->token_files[i], NULL);
}

static int apply(const struct exchanged *node, const struct confine_plan *wanted, const struct paths *paths,
        struct error *error)
{
        struct confine_plan plan = *wanted;

        plan.paths = paths->list;
        plan.path_count = paths->count;
        plan.without_landlock = node->options->without_landlock;
        plan.without_seccomp = node->options->without_seccomp;
        return confine(&plan, NULL, error);
}

int exchanged_confine(const struct exchanged *node, struct error *error)
{
        const unsigned all = CONFINE_READ | CONFINE_WRITE;
        const struct confine_plan plan = {
                .role = CONFINE_PARENT, .user = node->options->user, .may_connect = true};
        struct paths *paths = calloc(1, sizeof *paths);
        char folder[PATH_MAX];

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        add(paths, all | CONFINE_SOCKET, node->folder, NULL);
        if (*node->store)
                add(paths, all, node->store, NULL);
        /* The socket of people is removed at the end. */
        snprintf(folder, sizeof folder, "%s", node->socket_path);
        char *slash = strrchr(folder, '/');
        if (slash && slash != folder && node->options->socket && !node->people_handed_over) {
                *slash = '\0';
                add(paths, CONFINE_READ | CONFINE_SOCKET, folder, NULL);
        }
        add(paths, CONFINE_READ, getenv("CREDENTIALS_DIRECTORY"), NULL);
        add_system(paths);
        add_program(paths);
        add_tokens(paths, node);
        /* Root alone has to name somebody. */
        int r = plan.user || (geteuid() != 0 && getuid() != 0)
                        ? apply(node, &plan, paths, error)
                        : error_set(error, -EINVAL,
                                  "A node does not run as root; name whom it is to become: --user NAME");
        free(paths);
        return r;
}

/* No key is below these paths: the one for TLS is in memory, or its token was opened before. */
int gate_confine(const struct exchanged *node, struct error *error)
{
        const struct confine_plan plan = {.role = CONFINE_COLLECT};
        struct paths *paths = calloc(1, sizeof *paths);

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        add_database(paths, node);
        add(paths, CONFINE_READ | CONFINE_WRITE, node->folder, "spool");
        add_opened_token(paths, node);
        int r = apply(node, &plan, paths, error);
        free(paths);
        return r;
}

/* Of the evidence what this sender sent, and no other's. */
int fetch_confine(const struct exchanged *node, const char *sender, struct error *error)
{
        const struct confine_plan plan = {.role = CONFINE_PARENT, .may_connect = true};
        struct paths *paths = calloc(1, sizeof *paths);
        char name[sizeof "evidence/" + ORGANISATION_TEXT_MAX];

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        snprintf(name, sizeof name, "evidence/%s", sender);
        add_database(paths, node);
        add(paths, CONFINE_READ | CONFINE_WRITE, node->folder, name);
        add_opened_token(paths, node);
        add_system(paths);
        int r = apply(node, &plan, paths, error);
        free(paths);
        return r;
}

int delivery_confine(const struct exchanged *node, struct error *error)
{
        const struct confine_plan plan = {.role = CONFINE_PARENT, .may_connect = true};
        struct paths *paths = calloc(1, sizeof *paths);

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        add_database(paths, node);
        add(paths, CONFINE_READ | CONFINE_WRITE, node->folder, "spool");
        add_opened_token(paths, node);
        add_system(paths);
        int r = apply(node, &plan, paths, error);
        free(paths);
        return r;
}

/* The key of the seal was opened before. */
int stamp_confine(const struct exchanged *node, struct error *error)
{
        const struct confine_plan plan = {.role = CONFINE_PARENT};
        struct paths *paths = calloc(1, sizeof *paths);

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        add(paths, CONFINE_READ | CONFINE_WRITE, node->folder, NULL);
        for (size_t i = 0; *node->keys[DIRECTORY_SEAL].uri && i < node->token_file_count; i++)
                add(paths, CONFINE_READ | CONFINE_WRITE, node->token_files[i], NULL);
        add_system(paths);
        int r = apply(node, &plan, paths, error);
        free(paths);
        return r;
}

/* What names of hosts are looked up with, and the one port of the service. */
int stamp_fetch_confine(const struct exchanged *node, struct error *error)
{
        char host[TIMESTAMP_HOST_MAX];
        struct confine_plan plan = {
                .role = CONFINE_PARENT, .may_connect = true, .connect_ports = {0, DNS_PORT}};
        struct paths *paths = calloc(1, sizeof *paths);

        if (!paths)
                return error_set(error, -ENOMEM, "not enough memory");
        add_system(paths);
        int r = timestamp_service_place(node->timestamp_url, host, &plan.connect_ports[0], error);
        if (r == 0)
                r = apply(node, &plan, paths, error);
        free(paths);
        return r;
}
