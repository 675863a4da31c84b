/* SPDX-License-Identifier: EUPL-1.2 */
/* An order as whoever approves, checks or judges it reads it: every field of the form that was filled in,
 * each identifier with the place that it was taken out of. */
#include "rogatory/order.h"

#include "crypto/digest.h"
#include "order/form.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PART_IDENTIFIERS "identifiers["

const char *order_protocol(int64_t number, char room[ORDER_PROTOCOL_MAX])
{
        static const struct {
                int64_t number;
                const char *name;
        } known[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {33, "dccp"}, {58, "icmpv6"}, {132, "sctp"},
                {136, "udplite"}};

        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
                if (known[i].number == number)
                        return known[i].name;
        snprintf(room, ORDER_PROTOCOL_MAX, "protocol %lld", (long long)number);
        return room;
}

/* Paths count from 0, as in JSON; people count as `order show` does. */
void order_write_place(const char *place, struct buffer *ret)
{
        const size_t before = strlen(PART_IDENTIFIERS);
        const char *end = strncmp(place, PART_IDENTIFIERS, before) == 0 ? strchr(place + before, ']') : NULL;
        uint64_t number;

        if (end && slice_number(slice_make(place + before, (size_t)(end - place) - before),
                           ORDER_IDENTIFIERS_MAX, &number) == 0) {
                buffer_printf(ret, "identifier %" PRIu64, number + 1);
                place = end + 1;
                if (*place != '.')
                        return;
                buffer_append_text(ret, ", ");
                place++;
        }
        append_foreign(ret, place);
}

/* ---- the form ---- */

static void write_words(const struct vocabulary *words, uint64_t set, struct buffer *ret)
{
        const char *between = "";

        for (size_t i = 0; i < words->count; i++)
                if (set & WORD_BIT(words->words[i].value)) {
                        buffer_printf(ret, "%s%s", between, words->words[i].meaning);
                        between = "; ";
                }
}

static void write_value(const struct model_field *field, const void *object, struct buffer *ret)
{
        const void *at = model_at_const(field, object);
        char text[DIGEST_TEXT_MAX > TIME_TEXT_MAX ? DIGEST_TEXT_MAX : TIME_TEXT_MAX];
        const struct text_list *list = at;

        switch (field->kind) {
        case MODEL_TEXT:
                append_foreign(ret, *(char *const *)at);
                break;
        case MODEL_ID:
        case MODEL_COUNTRY:
        case MODEL_ORGANISATION:
        case MODEL_PERSON:
                append_foreign(ret, at);
                break;
        case MODEL_INSTANT:
                buffer_append_text(ret, time_format_utc(*(const int64_t *)at, text));
                break;
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                buffer_printf(ret, "%lld", (long long)*(const int64_t *)at);
                break;
        case MODEL_CHOICE:
                buffer_append_text(ret, word_meaning(field->words, (int)*(const unsigned *)at));
                break;
        case MODEL_SET:
                write_words(field->words, *(const uint64_t *)at, ret);
                break;
        case MODEL_TEXTS:
                for (size_t i = 0; i < list->count; i++) {
                        buffer_append_text(ret, i ? "; " : "");
                        append_foreign(ret, list->items[i]);
                }
                break;
        default:
                buffer_append_text(ret, "given");
        }
}

static int write_field(
        void *context, const char *path, const struct model_field *field, const void *object, bool within)
{
        struct buffer *ret = context;

        /* The identifiers are shown by themselves; what kind of order it is and its title stand above. */
        if (!within || field->kind == MODEL_PART || field->kind == MODEL_LIST ||
                strncmp(path, PART_IDENTIFIERS, strlen(PART_IDENTIFIERS)) == 0 || strcmp(path, "kind") == 0 ||
                strcmp(path, "title") == 0 || !model_is_given(field, object))
                return 0;
        buffer_printf(ret, "  %-11s %s: ", field->section, field->label);
        write_value(field, object, ret);
        buffer_append_text(ret, "\n");
        return 0;
}

void order_write_form(const struct order *form, struct buffer *ret)
{
        (void)model_walk(&order_type, form, "", write_field, ret);
}

void order_write_source(const struct identifier *one, struct buffer *ret)
{
        char digest[DIGEST_TEXT_MAX];

        if (one->entry == ENTRY_RETYPED || !one->source.excerpt)
                return;
        buffer_append_text(ret, "     out of ");
        append_foreign(ret, one->source.title ? one->source.title : "a source without a name");
        if (one->source.line > 0)
                buffer_printf(ret, ", line %lld", (long long)one->source.line);
        buffer_printf(ret, ", SHA-256 %s:\n     \"", digest_format(one->source.digest, digest));
        append_foreign(ret, one->source.excerpt);
        buffer_append_text(ret, "\"\n");
}
