/* SPDX-License-Identifier: EUPL-1.2 */
/* Prints every field of every record of raw message files, for comparison with other decoders:
 *   MESSAGE OFFSET LENGTH TEMPLATE ENTERPRISE ELEMENT HEX
 * The files are one exporter's, in order. "message N at OFFSET long LENGTH" precedes each message. */
#include "wire/flow.h"

#include <stdio.h>
#include <stdlib.h>

struct dump {
        unsigned message;
        const uint8_t *start;
};

static int on_record(void *context, const struct flow_record *record)
{
        const struct dump *dump = context;

        for (size_t i = 0; i < record->field_count; i++) {
                const struct flow_field *field = &record->fields[i];
                printf("%u %td %u %u %u %u ", dump->message, field->bytes - dump->start, field->length,
                        record->template_id, field->enterprise, field->element);
                for (size_t k = 0; k < field->length; k++)
                        printf("%02x", field->bytes[k]);
                printf("\n");
        }
        return 0;
}

static int dump_file(struct flow_decoder *decoder, const char *path, unsigned *message)
{
        static uint8_t bytes[1 << 22];
        FILE *file = fopen(path, "rb");

        if (!file) {
                perror(path);
                return 1;
        }
        size_t length = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        for (size_t at = 0, size; at < length; at += size) {
                struct error error;
                /* What cannot be cut into messages is one datagram, as a whole. */
                if (flow_message_length(bytes + at, length - at, &size, &error) < 0)
                        size = length - at;
                struct dump dump = {++*message, bytes + at};
                printf("message %u of %s at %zu long %zu\n", *message, path, at, size);
                if (flow_walk(decoder, 1, bytes + at, size, on_record, &dump) < 0)
                        return 1;
        }
        return 0;
}

int main(int count, char **arguments)
{
        struct flow_decoder *decoder;
        unsigned message = 0;
        int r = 0;

        if (flow_decoder_new(&decoder) < 0)
                return 1;
        for (int i = 1; i < count && r == 0; i++)
                r = dump_file(decoder, arguments[i], &message);
        flow_decoder_free(decoder);
        return r;
}
