/* SPDX-License-Identifier: EUPL-1.2 */
/* What a node does for people over its socket. */
#include "rogatory/command.h"

static const struct command *const commands[] = {&command_office, &command_order, &command_open,
        &command_inform, &command_inbox, &command_answer, &command_clear, &command_object, &command_log};

const struct command *const *command_table(size_t *ret_count)
{
        *ret_count = sizeof commands / sizeof commands[0];
        return commands;
}
