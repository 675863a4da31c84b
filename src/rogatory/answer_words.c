/* SPDX-License-Identifier: EUPL-1.2 */
/* The words that the plain answer is made of. */
#include "rogatory/answer_view.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const char *edge_sentence(enum binding_edge edge)
{
        static const char *const sentences[EDGE_COUNT] = {
                [EDGE_OPEN] = "open: never seen",
                [EDGE_OBSERVED] = "observed: the log says so",
                [EDGE_INTERIM] = "interim: it existed then",
                [EDGE_REUSED] = "reused: it was opened again",
                [EDGE_BOUND] = "bound: no later than this",
        };
        return edge < EDGE_COUNT ? sentences[edge] : sentences[EDGE_OPEN];
}

static bool is_by_lease(const struct answer_candidate *candidate)
{
        return candidate->exporter[0] == '\0';
}

const char *holding_name(const struct answer_candidate *candidate)
{
        static const char *const names[NAT_KIND_COUNT] = {"session", "mapping", "block", "address"};

        if (is_by_lease(candidate))
                return "lease";
        return candidate->kind < NAT_KIND_COUNT ? names[candidate->kind] : "session";
}

void holder_write(const struct answer_candidate *candidate, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        if (candidate->subscriber[0])
                append_foreign(ret, candidate->subscriber);
        else if (!address_is_none(&candidate->inside) && !address_is_named(&candidate->inside))
                buffer_printf(ret, "inside %s", address_format(&candidate->inside, text));
        else
                buffer_append_text(ret, "somebody the log does not name");
}

/* Orders by who is meant: within a realm by subscriber, else by inside host. The same name in two realms may
 * be two people. */
static int compare_holders(const void *left, const void *right)
{
        const struct answer_candidate *a = *(const struct answer_candidate *const *)left;
        const struct answer_candidate *b = *(const struct answer_candidate *const *)right;
        int r = strcmp(a->realm, b->realm);

        if (r == 0)
                r = strcmp(a->subscriber, b->subscriber);
        if (r == 0 && !a->subscriber[0])
                r = address_compare(&a->inside, &b->inside);
        if (r == 0 && !a->subscriber[0])
                r = (a->vrf > b->vrf) - (a->vrf < b->vrf);
        return r;
}

size_t holder_count(const struct answer_candidate *candidates, size_t count)
{
        const struct answer_candidate **sorted = count ? malloc(count * sizeof *sorted) : NULL;
        size_t holders = 0;

        if (!sorted)
                return count;
        for (size_t i = 0; i < count; i++)
                sorted[i] = &candidates[i];
        qsort(sorted, count, sizeof *sorted, compare_holders);
        for (size_t i = 0; i < count; i++)
                holders += i == 0 || compare_holders(&sorted[i - 1], &sorted[i]) != 0;
        free(sorted);
        return holders;
}

char *span_format(int64_t milliseconds, char text[SPAN_TEXT_MAX])
{
        int64_t seconds = milliseconds / 1000;

        if (milliseconds < TIME_MINUTE && milliseconds % 1000 != 0)
                snprintf(text, SPAN_TEXT_MAX, "%" PRId64 ".%03d s", seconds, (int)(milliseconds % 1000));
        else if (milliseconds < TIME_MINUTE)
                snprintf(text, SPAN_TEXT_MAX, "%" PRId64 " s", seconds);
        else if (milliseconds < TIME_HOUR)
                snprintf(text, SPAN_TEXT_MAX, "%" PRId64 " min %d s", seconds / 60, (int)(seconds % 60));
        else if (milliseconds < TIME_DAY)
                snprintf(text, SPAN_TEXT_MAX, "%" PRId64 " h %d min", seconds / 3600,
                        (int)(seconds / 60 % 60));
        else
                snprintf(text, SPAN_TEXT_MAX, "%" PRId64 " d %d h", seconds / 86400,
                        (int)(seconds / 3600 % 24));
        return text;
}

char *offset_format(int32_t milliseconds, char text[SPAN_TEXT_MAX])
{
        int64_t size = llabs((long long)milliseconds);

        snprintf(text, SPAN_TEXT_MAX, "%c%" PRId64 ".%03d s", milliseconds < 0 ? '-' : '+', size / 1000,
                (int)(size % 1000));
        return text;
}
