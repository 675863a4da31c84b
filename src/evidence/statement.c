/* SPDX-License-Identifier: EUPL-1.2 */
/* The statement for people: one HTML page (https://html.spec.whatwg.org), made out of the evidence's JSON and
 * of nothing else. No script, nothing that is loaded from elsewhere; every text from outside is escaped, set
 * apart from the text around it in its direction, and without characters that nobody sees. */
#include "evidence/evidence.h"

#include <errno.h>
#include <stdio.h>

/* ---- text from outside ---- */

/* The next character of valid UTF-8 (the parser of the JSON has seen to that). */
static uint32_t next_character(const unsigned char **at)
{
        const unsigned char *p = *at;
        int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
        uint32_t character = more == 0 ? p[0] : p[0] & (0x3fu >> more);

        for (int i = 1; i <= more; i++)
                character = character << 6 | (p[i] & 0x3f);
        *at = p + more + 1;
        return character;
}

/* Control characters, and what changes the direction of the text or has no width: somebody's name must not
 * make the words around it say something else. */
static bool is_unseen(uint32_t character)
{
        return (character < 0x20 && character != '\n' && character != '\t') ||
               (character >= 0x7f && character < 0xa0) || character == 0xad || character == 0x61c ||
               (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
               (character >= 0x2060 && character <= 0x206f) || character == 0xfeff ||
               (character >= 0xfff9 && character <= 0xfffb) || (character >= 0xe0000 && character <= 0xe007f);
}

static void escaped(struct buffer *ret, const char *text)
{
        const unsigned char *at = (const unsigned char *)text;

        while (*at) {
                const unsigned char *from = at;
                uint32_t character = next_character(&at);
                if (is_unseen(character))
                        buffer_printf(ret, "<span class=\"unseen\">[U+%04X]</span>", (unsigned)character);
                else if (character == '<')
                        buffer_append_text(ret, "&lt;");
                else if (character == '>')
                        buffer_append_text(ret, "&gt;");
                else if (character == '&')
                        buffer_append_text(ret, "&amp;");
                else if (character == '"')
                        buffer_append_text(ret, "&quot;");
                else if (character == '\'')
                        buffer_append_text(ret, "&#39;");
                else
                        buffer_append(ret, from, (size_t)(at - from));
        }
}

static void text(struct buffer *ret, const char *value)
{
        buffer_append_text(ret, "<bdi>");
        escaped(ret, value);
        buffer_append_text(ret, "</bdi>");
}

/* A string or a number of the tree; a dash for null. */
static void value(struct buffer *ret, const json_t *of)
{
        if (json_is_string(of))
                text(ret, json_string_value(of));
        else if (json_is_integer(of))
                buffer_printf(ret, "%" JSON_INTEGER_FORMAT, json_integer_value(of));
        else if (json_is_boolean(of))
                buffer_append_text(ret, json_is_true(of) ? "yes" : "no");
        else
                buffer_append_text(ret, "-");
}

static const json_t *get(const json_t *object, const char *name)
{
        return json_object_get(object, name);
}

/* A row of a table: what it is, and a value. */
static void row(struct buffer *ret, const char *label, const json_t *of)
{
        if (!of || json_is_null(of))
                return;
        buffer_printf(ret, "<tr><th scope=\"row\">%s</th><td>", label);
        value(ret, of);
        buffer_append_text(ret, "</td></tr>\n");
}

/* An instant in UTC, and in local time beside it. */
static void row_time(
        struct buffer *ret, const char *label, const json_t *utc, const json_t *local, const json_t *edge)
{
        buffer_printf(ret, "<tr><th scope=\"row\">%s</th><td>", label);
        value(ret, utc);
        if (json_is_string(utc))
                buffer_append_text(ret, " UTC");
        if (json_is_string(local)) {
                buffer_append_text(ret, "<br>");
                value(ret, local);
                buffer_append_text(ret, " local time");
        }
        if (json_is_string(edge)) {
                buffer_append_text(ret, " (edge ");
                value(ret, edge);
                buffer_append_text(ret, ")");
        }
        buffer_append_text(ret, "</td></tr>\n");
}

static void list_of_texts(struct buffer *ret, const char *class, const json_t *texts)
{
        if (json_array_size(texts) == 0)
                return;
        buffer_printf(ret, "<ul class=\"%s\">\n", class);
        for (size_t i = 0; i < json_array_size(texts); i++) {
                buffer_append_text(ret, "<li>");
                value(ret, json_array_get(texts, i));
                buffer_append_text(ret, "</li>\n");
        }
        buffer_append_text(ret, "</ul>\n");
}

static void list_of_reasons(struct buffer *ret, const json_t *reasons)
{
        if (json_array_size(reasons) == 0)
                return;
        buffer_append_text(ret, "<ul>\n");
        for (size_t i = 0; i < json_array_size(reasons); i++) {
                buffer_append_text(ret, "<li>");
                if (json_is_string(get(json_array_get(reasons, i), "sentence"))) {
                        value(ret, get(json_array_get(reasons, i), "sentence"));
                        buffer_append_text(ret, " ");
                }
                buffer_append_text(ret, "(");
                value(ret, get(json_array_get(reasons, i), "code"));
                buffer_append_text(ret, ")</li>\n");
        }
        buffer_append_text(ret, "</ul>\n");
}

/* ---- parts ---- */

static void write_asked(struct buffer *ret, const json_t *asked)
{
        const json_t *source = get(asked, "source"), *destination = get(asked, "destination");

        buffer_append_text(ret, "<h3>What was asked</h3>\n<table>\n");
        row(ret, "Identifier", get(asked, "value"));
        row(ret, "Port", get(asked, "port"));
        row(ret, "Protocol", get(asked, "protocol"));
        if (json_is_object(destination)) {
                row(ret, "Destination", get(destination, "address"));
                row(ret, "Destination port", get(destination, "port"));
        }
        row(ret, "Time in the source's own words", get(asked, "stated_time"));
        row_time(ret, "From", get(asked, "from"), get(asked, "from_local"), NULL);
        row_time(ret, "To", get(asked, "to"), get(asked, "to_local"), NULL);
        row(ret, "Local time is that of", get(asked, "zone"));
        if (json_is_object(source)) {
                row(ret, "Source", get(source, "title"));
                row(ret, "Line of the source", get(source, "line"));
                row(ret, "The source says", get(source, "excerpt"));
                row(ret, "SHA-256 of the source", get(source, "sha256"));
        }
        buffer_append_text(ret, "</table>\n");
}

static void write_binding(struct buffer *ret, const json_t *binding)
{
        const json_t *lease = get(binding, "lease"), *ports = get(binding, "outside_ports"),
                     *person = get(binding, "person"), *window = get(binding, "window");

        buffer_append_text(ret, "<table class=\"binding\">\n");
        row(ret, "Subscriber (as the provider's records call the line)", get(binding, "subscriber"));
        if (json_is_object(person)) {
                row(ret, "Name", get(person, "name"));
                row(ret, "Postal address", get(person, "postal_address"));
                row(ret, "Origin of the postal address", get(person, "address_origin_words"));
        }
        row(ret, "Inside address", get(binding, "inside_address"));
        row(ret, "Inside port", get(binding, "inside_port"));
        row(ret, "Kind of binding", get(binding, "kind"));
        row(ret, "Protocol", get(binding, "protocol"));
        if (json_is_object(ports)) {
                row(ret, "First outside port", get(ports, "first"));
                row(ret, "Last outside port", get(ports, "last"));
        }
        if (json_is_object(get(binding, "destination"))) {
                row(ret, "Destination", get(get(binding, "destination"), "address"));
                row(ret, "Destination port", get(get(binding, "destination"), "port"));
        }
        row_time(ret, "Held from", get(binding, "from"), get(binding, "from_local"),
                get(binding, "from_edge"));
        row_time(ret, "Held to", get(binding, "to"), get(binding, "to_local"), get(binding, "to_edge"));
        row(ret, "Milliseconds from the time asked to the nearest edge", get(binding, "margin_ms"));
        row(ret, "Near an edge", get(binding, "near_edge"));
        if (json_is_object(lease)) {
                row_time(ret, "Lease from", get(lease, "from"), NULL, get(lease, "from_edge"));
                row_time(ret, "Lease to", get(lease, "to"), NULL, get(lease, "to_edge"));
                row(ret, "Lease of", get(lease, "prefix"));
        }
        row(ret, "Realm", get(binding, "realm"));
        row(ret, "Recorded by", get(binding, "exporter"));
        row(ret, "Its clock minus true time, in milliseconds", get(binding, "clock_offset_ms"));
        row(ret, "Record", get(binding, "record"));
        if (json_is_integer(window))
                buffer_printf(ret,
                        "<tr><th scope=\"row\">Stands in</th><td>window %" JSON_INTEGER_FORMAT
                        " below</td></tr>\n",
                        json_integer_value(window) + 1);
        buffer_append_text(ret, "</table>\n");
        list_of_reasons(ret, get(binding, "reasons"));
}

static void write_coverage(struct buffer *ret, const json_t *coverage)
{
        const json_t *exporters = get(coverage, "exporters");

        buffer_append_text(ret, "<h4>How far the logs were heard</h4>\n<table>\n");
        row_time(ret, "Judged from", get(coverage, "from"), NULL, NULL);
        row_time(ret, "Judged to", get(coverage, "to"), NULL, NULL);
        row(ret, "Heard without loss throughout", get(coverage, "complete"));
        for (size_t i = 0; i < json_array_size(exporters); i++) {
                const json_t *one = json_array_get(exporters, i);
                row(ret, "Exporter", get(one, "exporter"));
                row(ret, "Heard without loss", get(one, "whole"));
                row_time(ret, "Heard from", get(one, "heard_from"), NULL, NULL);
                row_time(ret, "Heard to", get(one, "heard_to"), NULL, NULL);
                row(ret, "Its clock minus true time, in milliseconds", get(one, "clock_offset_ms"));
                for (size_t k = 0; k < json_array_size(get(one, "gaps")); k++)
                        row(ret, "Gap", json_array_get(get(one, "gaps"), k));
        }
        buffer_append_text(ret, "</table>\n");
}

static void write_finding(struct buffer *ret, const json_t *finding)
{
        const json_t *bindings = get(finding, "bindings");

        list_of_reasons(ret, get(finding, "reasons"));
        for (size_t i = 0; i < json_array_size(bindings); i++)
                write_binding(ret, json_array_get(bindings, i));
        write_coverage(ret, get(finding, "coverage"));
}

static void write_identifier(struct buffer *ret, const json_t *identifier, size_t number)
{
        const json_t *findings = get(identifier, "findings"), *clock = get(identifier, "clock");

        buffer_printf(ret, "<section>\n<h2>Identifier %zu</h2>\n", number);
        write_asked(ret, get(identifier, "asked"));
        buffer_append_text(ret, "<h3>What the records say</h3>\n<p class=\"verdict\">");
        value(ret, json_is_string(get(identifier, "verdict")) ? get(identifier, "verdict")
                                                              : get(identifier, "outcome"));
        buffer_append_text(ret, "</p>\n<p>");
        value(ret, get(identifier, "statement"));
        buffer_append_text(ret, "</p>\n");
        list_of_texts(ret, "warning", get(identifier, "warnings"));
        buffer_append_text(ret, "<table>\n");
        row(ret, "What became of it", get(identifier, "outcome"));
        row(ret, "How many held it, or may have", get(identifier, "holders"));
        row(ret, "Postal address", get(identifier, "address_origin_words"));
        row(ret, "Whose clock", get(clock, "source"));
        row(ret, "That clock minus true time, in milliseconds", get(clock, "offset_ms"));
        row(ret, "Uncertainty of the clocks, in milliseconds", get(clock, "uncertainty_ms"));
        row(ret, "Milliseconds from the time asked to the nearest edge", get(identifier, "margin_ms"));
        row(ret, "Near an edge", get(identifier, "near_edge"));
        row(ret, "Rests on one hit: needs corroboration", get(identifier, "corroborate"));
        buffer_append_text(ret, "</table>\n");
        for (size_t i = 0; i < json_array_size(findings); i++)
                write_finding(ret, json_array_get(findings, i));
        buffer_append_text(ret, "</section>\n");
}

static void write_windows(struct buffer *ret, const json_t *windows)
{
        if (json_array_size(windows) == 0)
                return;
        buffer_append_text(ret,
                "<section>\n<h2>Windows that the records stand in</h2>\n<p>Each was entered into "
                "the provider's transparency log, which can only grow, with the digest of the "
                "stored file. The proofs stand in evidence.json; rogatory-verify checks "
                "them.</p>\n");
        for (size_t i = 0; i < json_array_size(windows); i++) {
                const json_t *window = json_array_get(windows, i), *log = get(window, "log");
                buffer_printf(ret, "<h3>Window %zu</h3>\n<table>\n", i + 1);
                row(ret, "Realm", get(window, "realm"));
                row(ret, "File", get(window, "file"));
                row(ret, "SHA-256", get(window, "sha256"));
                row(ret, "Log", get(log, "origin"));
                row(ret, "Entry of the log", get(log, "index"));
                buffer_append_text(ret, "</table>\n");
                if (!json_is_object(log))
                        buffer_append_text(ret, "<p>This window does not stand in the log.</p>\n");
        }
        buffer_append_text(ret, "</section>\n");
}

static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'; "
        "form-action 'none'; base-uri 'none'\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Statement on an order for data</title>\n<style>\n"
        "body{font-family:serif;line-height:1.4;max-width:50em;margin:2em auto;padding:0 1em;color:#000;"
        "background:#fff}\n"
        "table{border-collapse:collapse;margin:.5em 0 1em;width:100%}\n"
        "th,td{border:1px solid #777;padding:.25em .5em;text-align:left;vertical-align:top;"
        "overflow-wrap:anywhere;white-space:pre-wrap}\nth{width:40%;font-weight:normal;background:#eee}\n"
        ".verdict{font-size:1.6em;font-weight:bold;text-transform:uppercase;margin:.3em 0}\n"
        ".warning{border:2px solid #000;padding:.5em 1em .5em 2em}\n.unseen{border:1px solid #000}\n"
        "@page{margin:2cm}\n@media print{body{margin:0;max-width:none}section{break-inside:auto}"
        "h2,h3{break-after:avoid}table.binding{break-inside:avoid}}\n"
        "</style>\n</head>\n<body>\n<h1>Statement on an order for data</h1>\n";

int evidence_write_statement(const json_t *evidence, struct buffer *ret, struct error *error)
{
        const json_t *identifiers = get(evidence, "identifiers");

        buffer_append_text(ret, head);
        buffer_append_text(ret, "<table>\n");
        row(ret, "Order", get(evidence, "order"));
        row(ret, "Title", get(evidence, "title"));
        row(ret, "File number of the authority", get(evidence, "file_number"));
        row(ret, "Authority", get(evidence, "authority"));
        row(ret, "Provider", get(evidence, "provider"));
        row(ret, "Prepared by", get(evidence, "prepared_by"));
        row_time(ret, "Made", get(evidence, "made"), get(evidence, "made_local"), NULL);
        row(ret, "Made with", get(evidence, "program"));
        buffer_append_text(ret,
                "</table>\n<p>The records tell which line of the provider an address and port was "
                "lent to. They do not tell who used the line. An answer of 'unknown' is "
                "no evidence against anybody.</p>\n");
        list_of_texts(ret, "warning", get(evidence, "warnings"));
        for (size_t i = 0; i < json_array_size(identifiers); i++)
                write_identifier(ret, json_array_get(identifiers, i), i + 1);
        write_windows(ret, get(evidence, "windows"));
        buffer_append_text(ret, "</body>\n</html>\n");
        return ret->failed ? error_set(error, ret->failed, "the statement for people is too large") : 0;
}
