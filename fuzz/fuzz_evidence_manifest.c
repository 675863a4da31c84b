/* SPDX-License-Identifier: EUPL-1.2 */
/* A manifest that is taken is written and read again as the same. */
#include "courier/manifest.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool holds)
{
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct evidence_manifest manifest, again;
        struct error error = {0};
        char *text, *second;

        if (evidence_manifest_read(bytes, length, &manifest, &error) < 0) {
                check(error.text[0] != '\0');
                return 0;
        }
        check(evidence_manifest_write(&manifest, &text, &error) == 0);
        check(evidence_manifest_read(text, strlen(text), &again, &error) == 0);
        check(evidence_manifest_write(&again, &second, &error) == 0);
        check(strcmp(text, second) == 0);
        free(text);
        free(second);
        evidence_manifest_free(&manifest);
        evidence_manifest_free(&again);
        return 0;
}
