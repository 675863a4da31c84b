/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory: who was behind this public address and port at this moment. */
#include "rogatory/command.h"
#include "rogatory/terminal.h"

#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {
        &command_init,
        &command_conf_check,
        &command_import,
        &command_ask,
        &command_check,
        &command_info,
        &command_retain,
        &command_preserve,
        &command_holds,
        &command_top,
        &command_pki,
        &command_directory,
        &command_log,
        &command_office,
        &command_order,
        &command_open,
        &command_inform,
        &command_inbox,
        &command_answer,
        &command_clear,
        &command_object,
        &command_verify,
        &command_plan,
        &command_decode,
        &command_dialects,
        &command_help,
        &command_version,
};

const struct command *const *command_table(size_t *ret_count)
{
        *ret_count = sizeof commands / sizeof commands[0];
        return commands;
}

static int no_such_command(const char *name)
{
        const char *nearest = command_nearest(name);

        if (name[0] == '-')
                return complain_usage(NULL, "unknown option %s; a command comes first", name);
        if (nearest)
                return complain_usage(NULL, "unknown command '%s'; did you mean '%s'?", name, nearest);
        return complain_usage(NULL, "unknown command '%s'", name);
}

int main(int argc, char **argv)
{
        /* A reader that goes away is a failed write, which is reported, not a silent death. */
        signal(SIGPIPE, SIG_IGN);
        if (argc < 2)
                return complain_usage(NULL, "no command given");
        if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
                return command_help.run(&command_help, 1, argv + 1);
        if (strcmp(argv[1], "--version") == 0)
                return command_version.run(&command_version, 1, argv + 1);

        const struct command *command = command_by_name(argv[1]);
        if (!command)
                return no_such_command(argv[1]);
        return command->run(command, argc - 1, argv + 1);
}
