/* SPDX-License-Identifier: EUPL-1.2 */
/* HI1 messages and the certificates in them: what is read is written in one form, which reads to the same
 * again. An input that begins with '!' is a certificate alone, because the base 64 and the digest around it
 * cannot be guessed. */
#include "hi1/hi1.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int reader(struct slice text, struct message *message, struct findings *findings);
typedef int writer(const struct message *message, struct buffer *ret, struct error *error);

static void read_and_write(struct slice text, reader *read, writer *write)
{
        struct buffer written = buffer_make(HI1_BYTES_MAX);
        struct message message, again;
        struct findings findings = {0};
        struct error error = {0};

        message_init(&message, MESSAGE_NONE);
        message_init(&again, MESSAGE_NONE);
        int r = read(text, &message, &findings);
        if ((r == 0) != findings_hold(&findings) || (r < 0 && message.kind != MESSAGE_NONE))
                abort();
        /* A certificate alone may lack what a message cannot be sent without, and be larger when it is
         * escaped. */
        if (r == 0 && write(&message, &written, &error) == 0) {
                findings_free(&findings);
                findings = (struct findings){0};
                if (read(slice_make((const char *)written.bytes, written.length), &again, &findings) < 0 ||
                        !message_equal(&message, &again))
                        abort();
        } else if (r == 0 && error.text[0] == '\0') {
                abort();
        }
        message_free(&message);
        message_free(&again);
        findings_free(&findings);
        buffer_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct slice text = slice_make((const char *)data, size);
        struct hi1_header header;
        struct error error = {0};

        if (size > 0 && data[0] == '!') {
                read_and_write(
                        slice_make(text.text + 1, size - 1), hi1_certificate_read, hi1_certificate_write);
                return 0;
        }
        (void)hi1_read_header(text, &header, &error);
        read_and_write(text, hi1_read, hi1_write);
        return 0;
}
