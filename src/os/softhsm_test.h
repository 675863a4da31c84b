/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_SOFTHSM_TEST_H
#define ROGATORY_OS_SOFTHSM_TEST_H

/* A PKCS#11 token for one test: SoftHSM with all its files in the scratch folder. */

#include "os/file.h"
#include "os/scratch_test.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TOKEN_PIN "246813"

extern char **environ;

/* NULL where it is not installed. */
static inline const char *softhsm_module(void)
{
        static const char *const paths[] = {"/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"};

        if (access("/usr/bin/softhsm2-util", X_OK) < 0)
                return NULL;
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
                if (access(paths[i], R_OK) == 0)
                        return paths[i];
        return NULL;
}

static inline int softhsm_run(const char *path, char *const *arguments)
{
        posix_spawn_file_actions_t quiet;
        pid_t child;
        int status = -1;

        posix_spawn_file_actions_init(&quiet);
        posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        if (posix_spawn(&child, path, &quiet, NULL, arguments, environ) == 0)
                (void)waitpid(child, &status, 0);
        posix_spawn_file_actions_destroy(&quiet);
        return status;
}

static inline int softhsm_util(char *const *arguments)
{
        return softhsm_run("/usr/bin/softhsm2-util", arguments);
}

static inline int softhsm_write(const char *name, const char *text, mode_t mode)
{
        int file = open(scratch_path(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

        if (file < 0)
                return -1;
        ssize_t written = write(file, text, strlen(text));
        return close(file) == 0 && written == (ssize_t)strlen(text) ? 0 : -1;
}

/* A token of this name; scratch/secret/pin holds its PIN. */
static inline int softhsm_setup(char *label)
{
        char text[200];
        char *const arguments[] = {"softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin",
                "13579135", "--pin", TOKEN_PIN, NULL};

        (void)mkdir(scratch_path("tokens"), 0700);
        (void)mkdir(scratch_path("secret"), 0700);
        snprintf(text, sizeof text,
                "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", scratch);
        setenv("SOFTHSM2_CONF", scratch_path("softhsm2.conf"), 1);
        return softhsm_write("softhsm2.conf", text, 0600) < 0 ||
                               softhsm_write("secret/pin", TOKEN_PIN "\n", 0600) < 0
                       ? -1
                       : softhsm_util(arguments);
}

/* What acts for an account of the token with pkcs11-tool: softhsm2-util makes keys that agree on nothing. */
static inline bool softhsm_has_tool(void)
{
        return access("/usr/bin/pkcs11-tool", X_OK) == 0;
}

#define TOOL(text) ((char *)(uintptr_t)(text))
/* 0 where it did what it was asked for; further words end with NULL. */
static inline int softhsm_tool(const char *token, const char *const *further)
{
        char *arguments[32] = {TOOL("pkcs11-tool"), TOOL("--module"), TOOL(softhsm_module()),
                TOOL("--token-label"), TOOL(token), TOOL("--login"), TOOL("--pin"), TOOL(TOKEN_PIN)};

        for (size_t i = 8; i < 31 && *further; i++)
                arguments[i] = TOOL(*further++);
        return softhsm_run("/usr/bin/pkcs11-tool", arguments);
}

/* Puts a private key (PKCS#8 in PEM) into the token, for signing and agreeing. */
static inline int softhsm_import(const char *token, const char *pem, const char *object, const char *id)
{
        const char *const further[] = {"--write-object", pem, "--type", "privkey", "--label", object, "--id",
                id, "--usage-sign", "--usage-derive", "--sensitive", NULL};

        return softhsm_tool(token, further);
}

#endif
