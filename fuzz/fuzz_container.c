/* SPDX-License-Identifier: EUPL-1.2 */
/* The bytes as a container, under both kinds of rules. Nobody is pinned, so that nothing may open. */
#include "container/container.h"
#include "container/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        static const struct certificate_set nobody;

        for (int strict = 0; strict < 2; strict++) {
                struct container_rules rules = {
                        .trust = {.signers = &nobody, .instant_ms = INT64_C(1795000000000)},
                        .deviations_refused = strict == 1};
                struct findings findings = {0};
                struct container container;
                int r = container_open(bytes, length, &rules, &findings, &container);
                if (r == 0 || findings_hold(&findings))
                        abort();
                findings_free(&findings);
        }
        return 0;
}
