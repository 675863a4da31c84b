/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/finding.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of UTF-8 stay; control characters (C0, DEL, and C1 as UTF-8 writes them) do not. */
static void make_printable(char *text)
{
        for (unsigned char *at = (unsigned char *)text; *at; at++) {
                if (*at < 0x20 || *at == 0x7f)
                        *at = '?';
                else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
                        at[0] = at[1] = '?';
        }
}

static struct finding *next_finding(struct findings *findings)
{
        if (findings->count == FINDINGS_MAX)
                return NULL;
        if (findings->count == findings->capacity) {
                size_t wanted = findings->capacity ? findings->capacity * 2 : 16;
                struct finding *grown = realloc(findings->list, wanted * sizeof *grown);
                if (!grown)
                        return NULL;
                findings->list = grown;
                findings->capacity = wanted;
        }
        return &findings->list[findings->count++];
}

__attribute__((format(printf, 5, 0))) static void add(struct findings *findings, enum finding_weight weight,
        const char *code, const char *place, const char *format, va_list arguments)
{
        findings->fatal += weight == FINDING_FATAL;
        findings->remarked += weight == FINDING_REMARK;
        struct finding *finding = next_finding(findings);
        if (!finding) {
                findings->dropped++;
                return;
        }
        finding->weight = weight;
        finding->code = code;
        (void)snprintf(finding->place, sizeof finding->place, "%s", place);
        (void)vsnprintf(finding->sentence, sizeof finding->sentence, format, arguments);
        make_printable(finding->place);
        make_printable(finding->sentence);
}

void findings_add(struct findings *findings, enum finding_weight weight, const char *code, const char *place,
        const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        add(findings, weight, code, place, format, arguments);
        va_end(arguments);
}

int findings_refuse(struct findings *findings, const char *code, const char *place, const char *format, ...)
{
        va_list arguments;
        va_start(arguments, format);
        add(findings, FINDING_FATAL, code, place, format, arguments);
        va_end(arguments);
        return -EBADMSG;
}

bool findings_hold(const struct findings *findings)
{
        return findings->fatal == 0;
}

const struct finding *findings_find(const struct findings *findings, const char *code)
{
        for (size_t i = 0; i < findings->count; i++)
                if (strcmp(findings->list[i].code, code) == 0)
                        return &findings->list[i];
        return NULL;
}

void findings_soften(struct findings *findings, size_t from)
{
        for (size_t i = from; i < findings->count; i++) {
                if (findings->list[i].weight != FINDING_FATAL)
                        continue;
                findings->list[i].weight = FINDING_REMARK;
                findings->fatal--;
                findings->remarked++;
        }
}

const char *finding_weight_word(enum finding_weight weight)
{
        return weight == FINDING_HELD ? "held" : weight == FINDING_REMARK ? "remark" : "refused";
}

int findings_write(const struct findings *findings, struct buffer *buffer)
{
        for (size_t i = 0; i < findings->count; i++) {
                const struct finding *f = &findings->list[i];
                (void)buffer_printf(buffer, "%-8s %s: %s [%s]\n", finding_weight_word(f->weight), f->place,
                        f->sentence, f->code);
        }
        if (findings->dropped > 0)
                (void)buffer_printf(buffer, "%zu more findings were not kept\n", findings->dropped);
        return buffer->failed;
}

void findings_free(struct findings *findings)
{
        free(findings->list);
        *findings = (struct findings){0};
}
