/* SPDX-License-Identifier: EUPL-1.2 */
/* hi1_dump [certificate]: writes messages of every kind as HI1 JSON (or their certificates), one a line: some
 * lawful ones, then ones with any of their fields given. */
#include "hi1/random_message_test.h"
#include "order/order_example_test.h"

#include <stdio.h>
#include <string.h>

#define RANDOM_MESSAGES 200

static int put(struct message *message, bool certificate)
{
        struct buffer text = buffer_make(HI1_BYTES_MAX);
        struct error error = {0};

        int r = certificate ? hi1_certificate_write(message, &text, &error)
                            : hi1_write(message, &text, &error);
        if (r < 0)
                fprintf(stderr, "%s\n", error.text);
        else
                printf("%.*s\n", (int)text.length, (const char *)text.bytes);
        buffer_free(&text);
        message_free(message);
        return r < 0;
}

int main(int count, char **arguments)
{
        bool certificate = count > 1 && strcmp(arguments[1], "certificate") == 0;
        struct message message;

        example_production(&message);
        int failed = put(&message, certificate);
        example_preservation(&message);
        failed |= put(&message, certificate);
        example_traffic(&message);
        failed |= put(&message, certificate);
        for (uint64_t i = 1; i <= RANDOM_MESSAGES; i++) {
                struct chance chance = {.state = i * UINT64_C(0xd1342543de82ef95)};
                random_message(&chance, (enum message_kind)(1 + i % (MESSAGE_KINDS - 1)), &message);
                failed |= put(&message, certificate);
        }
        return failed;
}
