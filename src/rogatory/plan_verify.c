/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory plan check`: contradictions, gaps, and how many share an address. */
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include <inttypes.h>
#include <string.h>

#define SHOWN 20
#define USABLE_PORTS 64512u /* 1024 to 65535: RFC 7422 section 2.2 keeps the others back */
#define BAR_COLUMNS 40

struct check {
        struct plan_reading reading;
        struct plan_findings findings;
        uint64_t limit;
        uint64_t crowded; /* addresses with more hosts than the limit */
        bool has_inside;
        struct prefix inside;
        uint64_t without; /* hosts of `inside` that no row names */
        uint32_t without_first[PLAN_WITHOUT_SHOWN];
};

static bool contradicts(const struct check *c)
{
        return c->findings.overlap_total || c->reading.refused || c->findings.is_cut;
}

static bool has_remarks(const struct check *c)
{
        return c->crowded || c->without || c->findings.gap_total;
}

static uint64_t addresses_needed(const struct check *c)
{
        return c->findings.hosts_most / c->limit + (c->findings.hosts_most % c->limit != 0);
}

/* --- Text --- */

static void write_more(uint64_t total, uint64_t shown, struct buffer *ret)
{
        if (total > shown)
                buffer_printf(ret, "  ... and %" PRIu64 " more\n", total - shown);
}

static void write_overlaps(const struct check *c, struct buffer *ret)
{
        const struct plan_findings *f = &c->findings;
        char outside[ADDRESS_TEXT_MAX], a[ADDRESS_TEXT_MAX], b[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX],
                to[TIME_TEXT_MAX];

        if (f->overlap_total == 0)
                return;
        buffer_printf(ret, "\nTwo holders of one port at one time (%" PRIu64 ")\n", f->overlap_total);
        for (size_t i = 0; i < f->overlap_count && i < SHOWN; i++) {
                const struct plan_overlap *overlap = &f->overlaps[i];
                const struct plan_line *x = &c->reading.table.lines[overlap->a],
                                       *y = &c->reading.table.lines[overlap->b];
                buffer_printf(ret,
                        "  %s port %u: %s (line %" PRIu64 ") and %s (line %" PRIu64 ")\n    %s  %s\n",
                        plan_outside_text(x->row.outside, outside), overlap->port,
                        plan_holder_text(&x->row, a), x->line, plan_holder_text(&y->row, b), y->line,
                        time_format_utc(overlap->from_ms, from), plan_end_text(overlap->to_ms, to));
        }
        write_more(f->overlap_total, f->overlap_count < SHOWN ? f->overlap_count : SHOWN, ret);
        if (f->is_cut)
                buffer_append_text(ret, "  So many rows meet that not all of them were compared.\n");
}

static void write_gaps(const struct check *c, struct buffer *ret)
{
        const struct plan_findings *f = &c->findings;
        char inside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        if (f->gap_total == 0)
                return;
        buffer_printf(ret, "\nHosts that had no ports for a while (%" PRIu64 ")\n", f->gap_total);
        for (size_t i = 0; i < f->gap_count && i < SHOWN; i++) {
                const struct plan_line *x = &c->reading.table.lines[f->gaps[i].before],
                                       *y = &c->reading.table.lines[f->gaps[i].after];
                buffer_printf(ret, "  %s from %s to %s (lines %" PRIu64 " and %" PRIu64 ")\n",
                        plan_holder_text(&x->row, inside), time_format_utc(x->row.to_ms, from),
                        time_format_utc(y->row.from_ms, to), x->line, y->line);
        }
        write_more(f->gap_total, f->gap_count < SHOWN ? f->gap_count : SHOWN, ret);
}

static void write_without(const struct check *c, struct buffer *ret)
{
        char text[ADDRESS_TEXT_MAX];

        if (c->without == 0)
                return;
        buffer_printf(ret, "\nHosts of %s without ports (%" PRIu64 ")\n ", prefix_format(&c->inside, text),
                c->without);
        for (size_t i = 0; i < c->without && i < PLAN_WITHOUT_SHOWN; i++)
                buffer_printf(ret, " %s", plan_outside_text(c->without_first[i], text));
        buffer_append_text(ret, c->without > PLAN_WITHOUT_SHOWN ? " ...\n" : "\n");
}

/* How many addresses have how many hosts: one bar for each of the numbers that occur. */
static void write_distribution(const struct check *c, struct buffer *ret)
{
        const struct plan_findings *f = &c->findings;
        uint64_t shown = 0, hosts = f->most_per_address, most = 1;

        for (int pass = 0; pass < 2; pass++, hosts = f->most_per_address, shown = 0)
                while (shown < SHOWN) {
                        uint64_t count = 0, next = 0;
                        for (size_t i = 0; i < f->address_count; i++) {
                                uint64_t its = f->addresses[i].hosts;
                                count += its == hosts;
                                next = its < hosts && its + 1 > next ? its + 1 : next;
                        }
                        most = count > most ? count : most;
                        if (pass)
                                buffer_printf(ret, "  %6" PRIu64 " %s  %c %6" PRIu64 " %-9s  %.*s\n", hosts,
                                        hosts == 1 ? "host " : "hosts", hosts > c->limit ? '!' : ' ', count,
                                        count == 1 ? "address" : "addresses",
                                        (int)((count * BAR_COLUMNS + most - 1) / most),
                                        "########################################");
                        shown++;
                        if (next == 0)
                                break;
                        hosts = next - 1;
                }
}

static void write_sharing(const struct check *c, struct buffer *ret)
{
        const struct plan_findings *f = &c->findings;

        if (f->address_count == 0)
                return;
        buffer_printf(ret, "\nHosts behind an address (! is above the limit of %" PRIu64 ")\n", c->limit);
        write_distribution(c, ret);
        if (c->crowded == 0)
                return;
        buffer_printf(ret,
                "  To keep the limit, give every host a block of at least %" PRIu64 " ports (%u / %" PRIu64
                ");\n  %" PRIu64 " hosts then need %" PRIu64 " outside addresses, and the plan has %zu.\n",
                USABLE_PORTS / c->limit, USABLE_PORTS, c->limit, f->hosts_most, addresses_needed(c),
                f->address_count);
}

static const char *heading(const struct check *c)
{
        if (c->findings.overlap_total)
                return "CONTRADICTORY: this plan does not always say whose a port was\n";
        if (contradicts(c))
                return c->reading.refused ? "INCOMPLETE: lines of this plan cannot be read\n"
                                          : "INCOMPLETE: not all of this plan could be compared\n";
        if (c->reading.table.count == 0)
                return "EMPTY: this plan lends no port to anybody\n";
        return has_remarks(c) ? "SOUND, with remarks: no port has two holders\n"
                              : "SOUND: no port has two holders\n";
}

static void write_text(const struct check *c, struct buffer *ret)
{
        const struct plan_findings *f = &c->findings;
        char from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];

        buffer_append_text(ret, heading(c));
        buffer_printf(ret,
                "  rows               %zu\n  hosts              %" PRIu64 ", at one time %" PRIu64
                " at most\n  outside addresses  %zu\n",
                c->reading.table.count, f->hosts, f->hosts_most, f->address_count);
        if (c->reading.table.count)
                buffer_printf(ret, "  valid              %s  %s\n", time_format_utc(f->from_ms, from),
                        plan_end_text(f->to_ms, to));
        if (f->repeated)
                buffer_printf(ret, "  rows that repeat   %" PRIu64 "\n", f->repeated);
        if (f->ended_by_next)
                buffer_printf(ret, "  open rows ended    %" PRIu64 ", where the next row for a port begins\n",
                        f->ended_by_next);
        write_overlaps(c, ret);
        plan_write_refusals(&c->reading, ret);
        write_gaps(c, ret);
        write_without(c, ret);
        write_sharing(c, ret);
}

/* --- JSON --- */

static json_t *overlaps_to_json(const struct check *c)
{
        json_t *list = json_array();
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 0; i < c->findings.overlap_count; i++) {
                const struct plan_overlap *overlap = &c->findings.overlaps[i];
                const struct plan_line *x = &c->reading.table.lines[overlap->a],
                                       *y = &c->reading.table.lines[overlap->b];
                json_array_append_new(list,
                        json_pack("{s:s, s:i, s:o, s:o, s:[o,o]}", "address",
                                plan_outside_text(x->row.outside, text), "port", overlap->port, "from",
                                plan_time_to_json(overlap->from_ms), "to", plan_time_to_json(overlap->to_ms),
                                "rows", plan_row_to_json(x), plan_row_to_json(y)));
        }
        return list;
}

static json_t *gaps_to_json(const struct check *c)
{
        json_t *list = json_array();

        for (size_t i = 0; i < c->findings.gap_count; i++)
                json_array_append_new(
                        list, json_pack("{s:o, s:o}", "before",
                                      plan_row_to_json(&c->reading.table.lines[c->findings.gaps[i].before]),
                                      "after",
                                      plan_row_to_json(&c->reading.table.lines[c->findings.gaps[i].after])));
        return list;
}

static json_t *to_json(const struct check *c)
{
        const struct plan_findings *f = &c->findings;

        return json_pack(
                "{s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:b, s:I, s:o, s:I, s:o, s:o, s:I, s:I, s:I, s:I, "
                "s:I}",
                "sound", !contradicts(c), "row_count", (json_int_t)c->reading.table.count, "hosts",
                (json_int_t)f->hosts, "hosts_at_once", (json_int_t)f->hosts_most, "address_count",
                (json_int_t)f->address_count, "contradiction_count", (json_int_t)f->overlap_total,
                "contradictions", overlaps_to_json(c), "all_compared", !f->is_cut, "gap_count",
                (json_int_t)f->gap_total, "gaps", gaps_to_json(c), "not_read_count",
                (json_int_t)c->reading.refused, "not_read", plan_refusals_to_json(&c->reading),
                "hosts_without_ports", c->has_inside ? json_integer((json_int_t)c->without) : json_null(),
                "hosts_per_address", (json_int_t)f->most_per_address, "limit", (json_int_t)c->limit,
                "addresses_above_limit", (json_int_t)c->crowded, "block_size_for_limit",
                (json_int_t)(USABLE_PORTS / c->limit), "addresses_for_limit",
                (json_int_t)addresses_needed(c));
}

/* --- The verb --- */

static int look(struct check *c, struct error *error)
{
        int r = plan_check(&c->reading.table, &c->findings, error);

        if (r < 0)
                return r;
        for (size_t i = 0; i < c->findings.address_count; i++)
                c->crowded += c->findings.addresses[i].hosts > c->limit;
        return c->has_inside ? plan_hosts_without(
                                       &c->reading.table, &c->inside, &c->without, c->without_first, error)
                             : 0;
}

static int output(const struct check *c, bool json)
{
        struct buffer text = buffer_make(OUTPUT_MAX);

        if (json)
                output_json_line(&text, to_json(c));
        else
                write_text(c, &text);
        int code = output_write(&text);
        buffer_free(&text);
        return code != EXIT_DONE ? code
               : contradicts(c)  ? (int)PLAN_EXIT_CONTRADICTS
               : has_remarks(c)  ? (int)PLAN_EXIT_REMARKS
                                 : EXIT_DONE;
}

int plan_verify(const struct command *command, const struct plan_options *o)
{
        struct check c = {.limit = PLAN_LIMIT_HOSTS};
        struct error error = {0};

        if (o->operand_count != 1)
                return complain_usage(command, "plan check needs one file (\"-\" is standard input)");
        if (o->limit && (slice_number(slice_of(o->limit), USABLE_PORTS, &c.limit) < 0 || c.limit == 0))
                return complain_usage(
                        command, "--limit: '%s' is not a number from 1 to %u", o->limit, USABLE_PORTS);
        if (o->inside && prefix_parse(slice_of(o->inside), &c.inside, &error) < 0)
                return complain_usage(command, "--inside: %s", error.text);
        c.has_inside = o->inside != NULL;
        int r = plan_read_table(o->operands[0], &c.reading, &error);
        if (r == 0)
                r = look(&c, &error);
        int code = r < 0 ? complain_error(&error) : output(&c, o->json);
        plan_findings_free(&c.findings);
        plan_reading_free(&c.reading);
        return code;
}
