/* SPDX-License-Identifier: EUPL-1.2 */
/* Input: a capture file of the pcapng format. */
#include "os/pcapng.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static volatile unsigned sum;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct captured_packet packet;
        struct error error = {0};
        struct pcapng *pcapng;

        if (length == 0)
                return 0;
        FILE *file = fmemopen((void *)(uintptr_t)bytes, length, "r");
        if (!file)
                return 0;
        if (pcapng_open(file, "fuzz", &pcapng, &error) == 0) {
                while (pcapng_next(pcapng, &packet, &error) > 0)
                        for (size_t i = 0; i < packet.captured; i++)
                                sum += packet.bytes[i];
                pcapng_close(pcapng);
        }
        fclose(file);
        return 0;
}
