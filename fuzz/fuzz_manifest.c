/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes as a manifest, as a list of another system, and as XML of which a part is canonicalised. */
#include "container/canonical_xml.h"
#include "container/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct findings findings = {0};
        struct manifest manifest;
        struct buffer part = buffer_make(1 << 20), again = buffer_make(1 << 20);

        if (manifest_read(bytes, length, "input", &findings, &manifest) == 0) {
                if (manifest.count == 0 || manifest.signature[0] == '\0')
                        abort();
                for (size_t i = 0; i < manifest.count; i++)
                        (void)manifest_compare(&manifest.references[i], "", 0);
                manifest_free(&manifest);
        }
        if (manifest_read_foreign(bytes, length, "input", &findings, &manifest) == 0)
                manifest_free(&manifest);
        /* What is canonical stays as it is. */
        if (canonical_xml_part(bytes, length, "x", &part) == 0 &&
                (canonical_xml_part(part.bytes, part.length, "x", &again) != 0 ||
                        part.length != again.length))
                abort();
        buffer_free(&part);
        buffer_free(&again);
        findings_free(&findings);
        return 0;
}
