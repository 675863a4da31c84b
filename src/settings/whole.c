/* SPDX-License-Identifier: EUPL-1.2 */
/* What only shows once all realms and exporters are read. */
#include "settings/parser.h"

#include <stdlib.h>
#include <string.h>

static bool list_holds(const struct prefix_list *list, const struct prefix *prefix)
{
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i].length <= prefix->length &&
                        prefix_contains(&list->items[i], &prefix->address))
                        return true;
        return false;
}

static void check_outside(struct parser *parser, const struct exporter_settings *exporter,
        const struct realm_settings *realm, unsigned line)
{
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; realm->outside.count && i < exporter->outside.count; i++)
                if (!list_holds(&realm->outside, &exporter->outside.items[i]))
                        parser_report(parser, line,
                                "outside: %s is not among the outside prefixes of realm %s",
                                prefix_format(&exporter->outside.items[i], text), realm->name);
}

/* --- Senders --- */

struct sender {
        struct prefix prefix;
        size_t exporter;
};

static int compare_senders(const void *a, const void *b)
{
        const struct sender *one = a, *other = b;
        int order = address_compare(&one->prefix.address, &other->prefix.address);

        if (order == 0)
                order = (one->prefix.length > other->prefix.length) -
                        (one->prefix.length < other->prefix.length);
        return order ? order : (one->exporter > other->exporter) - (one->exporter < other->exporter);
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
        return a->length == b->length && address_compare(&a->address, &b->address) == 0;
}

static void report_same(struct parser *parser, const struct sender *first, const struct sender *again)
{
        const struct exporter_settings *exporters = parser->settings.exporters;
        unsigned line = parser_line_of(parser, SECTION_EXPORTER, again->exporter, "address");
        char text[ADDRESS_TEXT_MAX];

        if (first->exporter == again->exporter)
                parser_report(
                        parser, line, "address: %s stands there twice", prefix_format(&again->prefix, text));
        else
                parser_report(parser, line, "address: %s is also that of exporter %s",
                        prefix_format(&again->prefix, text), exporters[first->exporter].name);
}

/* Two exporters that send from the same prefix could not be told apart. */
static void check_senders(struct parser *parser)
{
        const struct settings *settings = &parser->settings;
        size_t count = 0, first = 0;

        for (size_t i = 0; i < settings->exporter_count; i++)
                count += settings->exporters[i].address.count;
        struct sender *senders = calloc(count ? count : 1, sizeof *senders);
        if (!senders) {
                parser->no_memory = true;
                return;
        }
        count = 0;
        for (size_t i = 0; i < settings->exporter_count; i++)
                for (size_t j = 0; j < settings->exporters[i].address.count; j++)
                        senders[count++] = (struct sender){settings->exporters[i].address.items[j], i};
        qsort(senders, count, sizeof *senders, compare_senders);
        for (size_t i = 1; i < count; i++) {
                if (same_prefix(&senders[first].prefix, &senders[i].prefix))
                        report_same(parser, &senders[first], &senders[i]);
                else
                        first = i;
        }
        free(senders);
}

/* --- Keys --- */

/* A key's file is replaced whenever something sealed by it is destroyed: it serves one realm. */
static void check_key_files(struct parser *parser)
{
        const struct settings *settings = &parser->settings;
        const struct key_source *own = key_sources_replaceable(&settings->node.journal_key);
        const char *journal = key_sources_file(&settings->node.journal_key);

        /* Whoever writes the journal is confined, and loads no module of a token. */
        if (own && own->kind == KEY_SOURCE_TOKEN)
                parser_report(parser, parser_line_of(parser, SECTION_NODE, 0, "journal-key"),
                        "journal-key: the journal is not sealed by a token; write file:/path");

        for (size_t i = 0; i < settings->realm_count; i++) {
                const char *file = key_sources_file(&settings->realms[i].key);
                for (size_t j = 0; file && j < i; j++) {
                        const char *other = key_sources_file(&settings->realms[j].key);
                        unsigned one = parser_line_of(parser, SECTION_REALM, i, "key");
                        unsigned two = parser_line_of(parser, SECTION_REALM, j, "key");
                        if (other && strcmp(file, other) == 0)
                                parser_report(parser, one > two ? one : two,
                                        "key: %s is also that of realm %s; each needs a file of its own",
                                        file, settings->realms[one > two ? j : i].name);
                }
                if (file && journal && strcmp(file, journal) == 0)
                        parser_report(parser, parser_line_of(parser, SECTION_NODE, 0, "journal-key"),
                                "journal-key: %s is also that of realm %s; each needs a file of its own",
                                file, settings->realms[i].name);
        }
}

void parser_check_whole(struct parser *parser)
{
        const struct settings *settings = &parser->settings;

        for (size_t i = 0; i < settings->exporter_count; i++) {
                const struct exporter_settings *exporter = &settings->exporters[i];
                const struct realm_settings *realm = settings_realm(settings, exporter->realm);

                if (!realm)
                        parser_report(parser, parser_line_of(parser, SECTION_EXPORTER, i, "realm"),
                                "realm: there is no section [realm %s]", exporter->realm);
                else
                        check_outside(parser, exporter, realm,
                                parser_line_of(parser, SECTION_EXPORTER, i, "outside"));
        }
        check_senders(parser);
        check_key_files(parser);
}
