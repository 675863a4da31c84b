/* SPDX-License-Identifier: EUPL-1.2 */
/* Prints the words that answers are made of, one "KIND WORD" per line, so that manual, schema and completion
 * can be held against the program. */
#include "nat/attribution.h"
#include "wire/flow.h"

#include <stdio.h>

int main(void)
{
        for (int i = VERDICT_ONE; i <= VERDICT_UNKNOWN; i++)
                printf("verdict %s\n", verdict_name((enum verdict)i));
        for (int i = 0; i < REASON_COUNT; i++)
                printf("reason %s\nsentence %s\n", reason_code((enum reason)i),
                        reason_sentence((enum reason)i));
        for (int i = 0; i < EDGE_COUNT; i++)
                printf("edge %s\n", edge_name((enum binding_edge)i));
        for (int i = 0; i < GAP_REASON_COUNT; i++)
                printf("gap %s\n", gap_name((enum gap_reason)i));
        for (int i = 0; i < REFUSAL_COUNT; i++)
                printf("refusal %s\n", refusal_name((enum refusal)i));
        return 0;
}
