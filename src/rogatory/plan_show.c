/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory plan show`: a plan as a table, with the ports of each address as a strip. */
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_COLUMNS 32
#define STRIP_PORTS (65536 / STRIP_COLUMNS)

/* What is shown of the plan. */
struct view {
        struct plan_reading reading;
        struct plan_findings findings;
        uint64_t limit;
        bool is_filtered;
        struct address address; /* of the filter */
        int port;               /* -1: every port */
        uint64_t matching;      /* rows that pass the filter */
        int64_t at_ms;          /* the last change: what holds then is drawn */
};

static bool matches(const struct view *v, const struct plan_row *row)
{
        if (!v->is_filtered)
                return true;
        bool outside = address_is_ipv4(&v->address) && address_ipv4(&v->address) == row->outside;
        bool inside = !row->is_dynamic && prefix_contains(&row->inside, &v->address);
        if (v->port >= 0 && !(outside && plan_row_has_port(row, (uint16_t)v->port)))
                return false;
        return outside || inside;
}

static void look(struct view *v)
{
        v->at_ms = TIME_UNKNOWN;
        for (size_t i = 0; i < v->reading.table.count; i++) {
                const struct plan_row *row = &v->reading.table.lines[i].row;
                v->matching += matches(v, row);
                v->at_ms = row->from_ms > v->at_ms ? row->from_ms : v->at_ms;
        }
}

/* An address of which at least one row passes the filter. */
static bool address_matches(const struct view *v, const struct plan_address *address)
{
        for (size_t i = 0; i < address->count; i++)
                if (matches(v, &v->reading.table.lines[address->first + i].row))
                        return true;
        return false;
}

/* --- Text --- */

static char strip_mark(const uint8_t *ports)
{
        unsigned lent = 0, dynamic = 0;

        for (unsigned i = 0; i < STRIP_PORTS; i++) {
                lent += ports[i] == 1;
                dynamic += ports[i] == 2;
        }
        return lent + dynamic == 0 ? '.' : lent == STRIP_PORTS ? '#' : dynamic == STRIP_PORTS ? 'd' : '+';
}

static void write_strips(const struct view *v, uint8_t *ports, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX], at[TIME_TEXT_MAX];
        uint64_t shown = 0, left = 0;

        buffer_printf(ret,
                "\nPorts of each address at %s\n  one column is %d ports: # lent, d dynamic, + in part, . "
                "nobody's\n",
                time_format_utc(v->at_ms, at), STRIP_PORTS);
        for (size_t i = 0; i < v->findings.address_count; i++) {
                const struct plan_address *address = &v->findings.addresses[i];
                if (!address_matches(v, address))
                        continue;
                if (v->limit && shown == v->limit) {
                        left++;
                        continue;
                }
                shown++;
                plan_ports_of(&v->reading.table, address, v->at_ms, ports);
                buffer_printf(ret, "  %-15s %7" PRIu64 " %s  ", plan_outside_text(address->outside, text),
                        address->hosts, address->hosts == 1 ? "host " : "hosts");
                for (unsigned k = 0; k < STRIP_COLUMNS; k++)
                        buffer_append_u8(ret, (uint8_t)strip_mark(ports + k * STRIP_PORTS));
                buffer_append_u8(ret, '\n');
        }
        if (left)
                buffer_printf(ret, "  ... and %" PRIu64 " more (--limit 0 shows all)\n", left);
}

static void write_row(const struct plan_row *row, struct buffer *ret)
{
        char outside[ADDRESS_TEXT_MAX], inside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
        char ports[64];

        snprintf(ports, sizeof ports, "%u-%u", row->port_first, row->port_last);
        buffer_printf(ret, "  %-15s  %-11s  %-22s", plan_outside_text(row->outside, outside), ports,
                plan_holder_text(row, inside));
        buffer_printf(ret, " %s  %s", time_format_utc(row->from_ms, from), plan_end_text(row->to_ms, to));
        if (row->repeat_count > 1)
                buffer_printf(ret, "\n  %15s  and each %u ports on, %u ranges", "", row->repeat_every,
                        row->repeat_count);
        if (row->protocol || row->vrf)
                buffer_printf(ret, "\n  %15s ", "");
        if (row->protocol)
                buffer_printf(ret, " protocol %u only", row->protocol);
        if (row->vrf)
                buffer_printf(ret, " VRF %u", row->vrf);
        buffer_append_u8(ret, '\n');
}

static void write_rows(const struct view *v, struct buffer *ret)
{
        uint64_t shown = 0;

        buffer_printf(ret, "\nRows\n  %-15s  %-11s  %-22s valid\n", "outside address", "ports", "inside");
        for (size_t i = 0; i < v->reading.table.count && (v->limit == 0 || shown < v->limit); i++) {
                if (!matches(v, &v->reading.table.lines[i].row))
                        continue;
                write_row(&v->reading.table.lines[i].row, ret);
                shown++;
        }
        if (shown < v->matching)
                buffer_printf(ret, "  ... and %" PRIu64 " more (--limit 0 shows all)\n", v->matching - shown);
}

static void write_summary(const struct view *v, struct buffer *ret)
{
        const struct plan_findings *f = &v->findings;
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        buffer_printf(ret, "PLAN: %zu %s, %" PRIu64 " %s behind %zu outside %s\n", v->reading.table.count,
                v->reading.table.count == 1 ? "row" : "rows", f->hosts, f->hosts == 1 ? "host" : "hosts",
                f->address_count, f->address_count == 1 ? "address" : "addresses");
        if (v->reading.table.count == 0)
                return;
        buffer_printf(ret, "  valid              %s  %s\n", time_format_utc(f->from_ms, from),
                plan_end_text(f->to_ms, to));
        buffer_printf(ret, "  hosts per address  %" PRIu64 " at most\n", f->most_per_address);
        if (f->ports_least == f->ports_most)
                buffer_printf(ret, "  ports per host     %u\n", f->ports_most);
        else
                buffer_printf(ret, "  ports per host     %u to %u\n", f->ports_least, f->ports_most);
        if (f->dynamic_rows)
                buffer_printf(ret, "  dynamic pools      %" PRIu64 "\n", f->dynamic_rows);
        if (v->reading.unproven)
                buffer_printf(ret,
                        "  prove nothing      %" PRIu64
                        " rows: they contradict others, or lines of their table were refused\n",
                        v->reading.unproven);
        if (f->overlap_total)
                buffer_printf(ret,
                        "  contradictions     %" PRIu64 " (rogatory plan check names them; no such port is "
                        "anybody's for sure)\n",
                        f->overlap_total);
}

static void write_text(const struct view *v, uint8_t *ports, struct buffer *ret)
{
        char address[ADDRESS_TEXT_MAX];

        write_summary(v, ret);
        if (v->is_filtered && v->matching == 0 && v->port >= 0 && v->reading.refused)
                buffer_printf(ret,
                        "\nNOT KNOWN: no row that could be read lends port %d of %s, but not all could be.\n",
                        v->port, address_format(&v->address, address));
        else if (v->is_filtered && v->matching == 0 && v->port >= 0)
                buffer_printf(ret,
                        "\nNOT ALLOCATED: no row lends port %d of %s. By this plan it is nobody's.\n",
                        v->port, address_format(&v->address, address));
        else if (v->is_filtered && v->matching == 0)
                buffer_printf(ret, "\nNo row names %s.\n", address_format(&v->address, address));
        if (v->matching) {
                write_strips(v, ports, ret);
                write_rows(v, ret);
        }
        plan_write_refusals(&v->reading, ret);
}

/* --- JSON --- */

static json_t *address_to_json(const struct view *v, const struct plan_address *address, uint8_t *ports)
{
        char text[ADDRESS_TEXT_MAX];
        int counts[3] = {0, 0, 0};

        plan_ports_of(&v->reading.table, address, v->at_ms, ports);
        for (size_t i = 0; i < 65536; i++)
                counts[ports[i]]++;
        return json_pack("{s:s, s:I, s:I, s:i, s:i, s:i}", "address",
                plan_outside_text(address->outside, text), "hosts", (json_int_t)address->hosts, "rows",
                (json_int_t)address->count, "ports_lent", counts[1], "ports_dynamic", counts[2],
                "ports_unassigned", counts[0]);
}

static json_t *to_json(const struct view *v, uint8_t *ports)
{
        const struct plan_findings *f = &v->findings;
        json_t *addresses = json_array(), *rows = json_array();
        size_t shown = 0;

        for (size_t i = 0; i < f->address_count && (v->limit == 0 || shown < v->limit); i++)
                if (address_matches(v, &f->addresses[i])) {
                        json_array_append_new(addresses, address_to_json(v, &f->addresses[i], ports));
                        shown++;
                }
        shown = 0;
        for (size_t i = 0; i < v->reading.table.count && (v->limit == 0 || shown < v->limit); i++)
                if (matches(v, &v->reading.table.lines[i].row)) {
                        json_array_append_new(rows, plan_row_to_json(&v->reading.table.lines[i]));
                        shown++;
                }
        return json_pack(
                "{s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:I, s:o}",
                "row_count", (json_int_t)v->reading.table.count, "rows_unproven",
                v->reading.is_stored ? json_integer((json_int_t)v->reading.unproven) : json_null(),
                "matching", (json_int_t)v->matching, "hosts", (json_int_t)f->hosts, "hosts_at_once",
                (json_int_t)f->hosts_most, "hosts_per_address", (json_int_t)f->most_per_address,
                "ports_per_host_least", (json_int_t)f->ports_least, "ports_per_host_most",
                (json_int_t)f->ports_most, "contradictions", (json_int_t)f->overlap_total, "valid_from",
                plan_time_to_json(f->from_ms), "valid_to", plan_time_to_json(f->to_ms), "drawn_at",
                plan_time_to_json(v->at_ms), "address_count", (json_int_t)f->address_count, "addresses",
                addresses, "rows", rows, "not_read_count", (json_int_t)v->reading.refused, "not_read",
                plan_refusals_to_json(&v->reading));
}

/* --- The verb --- */

/* Looks at the rows that were read and appends what is to be said of them: text, or a JSON object to list. */
static int append(struct view *v, json_t *list, struct buffer *ret, struct error *error)
{
        uint8_t *ports = malloc(65536);
        int r = ports ? plan_check(&v->reading.table, &v->findings, error)
                      : error_set(error, -ENOMEM, "not enough memory");

        if (r == 0) {
                look(v);
                if (list)
                        json_array_append_new(list, to_json(v, ports));
                else
                        write_text(v, ports, ret);
                plan_findings_free(&v->findings);
        }
        free(ports);
        return r;
}

static int show_file(const char *path, struct view *v, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};
        json_t *list = json ? json_array() : NULL;
        int code, r = plan_read_table(path, &v->reading, &error);

        if (r == 0)
                r = append(v, list, &text, &error);
        if (r == 0 && json)
                output_json_line(&text, json_incref(json_array_get(list, 0)));
        code = r < 0 ? complain_error(&error) : output_write(&text);
        if (code == EXIT_DONE && v->reading.refused)
                code = PLAN_EXIT_CONTRADICTS;
        plan_reading_free(&v->reading);
        json_decref(list);
        buffer_free(&text);
        return code;
}

/* Every realm's plans; *rows counts what is shown. */
static int append_realms(struct depot *depot, const struct view *asked, json_t *list, struct buffer *ret,
        uint64_t *rows, struct error *error)
{
        char **names = NULL;
        size_t count = 0;
        int r = depot_realms(depot, &names, &count, error);

        for (size_t i = 0; i < count && r == 0; i++) {
                struct view v = *asked;
                r = plan_store_read(depot, names[i], &v.reading, error);
                if (r == 0 && v.reading.table.count) {
                        if (!list)
                                buffer_printf(ret, "%sRealm %s\n", ret->length ? "\n" : "", names[i]);
                        r = append(&v, list, ret, error);
                        if (r == 0 && list)
                                json_object_set_new(json_array_get(list, json_array_size(list) - 1), "realm",
                                        json_string(names[i]));
                        *rows += v.matching;
                }
                plan_reading_free(&v.reading);
        }
        for (size_t i = 0; i < count; i++)
                free(names[i]);
        free(names);
        if (r == 0 && ret->length == 0 && !list)
                buffer_append_text(ret, "This store holds no plans.\n");
        return r;
}

static int show_store(const struct plan_options *o, const struct view *asked)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct error error = {0};
        struct depot *depot = NULL;
        json_t *list = o->json ? json_array() : NULL;
        uint64_t rows = 0;
        int r = depot_open(o->store, DEPOT_READ, &depot, &error);

        if (r == 0)
                r = append_realms(depot, asked, list, &text, &rows, &error);
        if (r == 0 && list)
                output_json_line(&text, json_pack("{s:O}", "realms", list));
        if (r == 0)
                r = plan_store_record(depot, o, rows, &error);
        int code = r < 0 ? complain_error(&error) : output_write(&text);
        if (depot)
                depot_close(depot);
        json_decref(list);
        buffer_free(&text);
        return code;
}

int plan_show(const struct command *command, const struct plan_options *o)
{
        struct view v = {.limit = PLAN_LIMIT_ROWS, .port = -1};
        struct error error = {0};

        if (o->operand_count != (o->store ? 0 : 1))
                return complain_usage(
                        command, "plan show needs one file (\"-\" is standard input), or --store DIR");
        if (o->limit && slice_number(slice_of(o->limit), PLAN_ROWS_MAX, &v.limit) < 0)
                return complain_usage(command, "--limit: '%s' is not a number", o->limit);
        if (o->address && address_parse_with_port(slice_of(o->address), &v.address, &v.port, &error) < 0)
                return complain_usage(command, "--address: %s", error.text);
        /* Whose a port was is a question about a person: it is asked for a case. */
        if (o->store && v.port >= 0)
                return complain_usage(command,
                        "--address: of a store, who had a port is asked with 'rogatory ask', for a case; "
                        "leave the port away");
        v.is_filtered = o->address != NULL;
        return o->store ? show_store(o, &v) : show_file(o->operands[0], &v, o->json);
}
