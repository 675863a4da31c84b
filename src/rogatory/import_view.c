/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/import_view.h"
#include "rogatory/answer_view.h"
#include "rogatory/lease_flaws.h"
#include "rogatory/terminal.h"

#include <inttypes.h>

/* --- For a person --- */

struct line_of_summary {
        const char *what;
        uint64_t count;
};

static void write_lines(
        const char *heading, const struct line_of_summary *lines, size_t count, struct buffer *ret)
{
        bool any = false;

        for (size_t i = 0; i < count; i++) {
                if (lines[i].count == 0)
                        continue;
                if (!any)
                        buffer_printf(ret, "%s\n", heading);
                any = true;
                buffer_printf(ret, "  %12" PRIu64 "  %s\n", lines[i].count, lines[i].what);
        }
}

#define WRITE_LINES(heading, lines, ret) write_lines(heading, lines, sizeof(lines) / sizeof(lines)[0], ret)

static void write_read(const struct intake_summary *s, struct buffer *ret)
{
        const struct line_of_summary read[] = {
                {"files", s->files},
                {"bytes", s->bytes},
                {"captured packets", s->packets},
                {"IPFIX or NetFlow messages", s->messages},
                {"RADIUS accounting packets", s->accounting_packets},
                {"lines", s->lines},
        };
        const struct line_of_summary decoded[] = {
                {"NAT events", s->events},
                {"lease events", s->lease_events},
                {"rows of plans", s->plan_events},
                {"templates", s->templates},
                {"options records", s->option_records},
                {"records or lines that are no NAT event (passed over)", s->not_nat},
                {"records without translation (passed over)", s->not_translated},
                {"NAT events that bind nothing: exhausted, quota, threshold (passed over)", s->other_events},
        };

        WRITE_LINES("Read", read, ret);
        WRITE_LINES("Decoded", decoded, ret);
}

static void write_stored(const struct intake_summary *s, struct buffer *ret)
{
        const struct line_of_summary stored[] = {
                {"hours written", s->windows_written},
                {"lease files written", s->lease_files_written},
                {"bindings with both edges (paired)", s->bindings_paired},
                {"bindings whose end was not seen (unpaired)", s->bindings_open},
                {"bindings whose beginning was not seen (unpaired)", s->bindings_unbegun},
                {"leases", s->leases},
                {"plan files written", s->plan_files_written},
                {"rows of plans", s->plan_rows},
                {"outside addresses that plans name", s->plan_addresses},
                {"bytes written", s->bytes_written},
        };
        char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX];

        WRITE_LINES("Stored", stored, ret);
        if (s->first_ms != TIME_UNKNOWN)
                buffer_printf(ret, "                from %s to %s\n", time_format_utc(s->first_ms, first),
                        time_format_utc(s->last_ms, last));
        if (s->plan_rows > 0)
                buffer_printf(ret, "                plans valid from %s %s%s\n",
                        time_format_utc(s->plan_from_ms, first),
                        s->plan_until_ms == TIME_UNKNOWN ? "until further notice" : "to ",
                        s->plan_until_ms == TIME_UNKNOWN ? "" : time_format_utc(s->plan_until_ms, last));
}

/* Rows that give the same ports to two are kept, so that the answer can show both, and believed in nothing.
 */
static void write_plan_refused(const struct intake_summary *s, struct buffer *ret)
{
        if (s->plan_disputed == 0)
                return;
        buffer_printf(ret,
                "Refused rows of plans\n  %12" PRIu64
                "  contradict each other; answers for their ports are `unknown`\n                first ",
                s->plan_disputed);
        append_foreign(ret, s->plan_dispute);
        buffer_append_u8(ret, '\n');
}

static void write_losses(const struct intake_summary *s, struct buffer *ret)
{
        const struct line_of_summary losses[] = {
                {"records or packets that never came (sequence numbers)", s->lost},
                {"losses that the log itself reports", s->reported_losses},
                {"restarts of an exporter", s->restarts},
                {"times that an exporter's clock was set", s->clock_steps},
                {"messages that came twice (counted once)", s->duplicate_messages},
                {"packets that are neither flow export nor accounting", s->not_udp},
                {"senders that no exporter section names", s->unknown_senders},
        };

        WRITE_LINES("To be noted", losses, ret);
}

/* What readers remarked, file by file. */
static void write_notes(const struct intake_summary *s, struct buffer *ret)
{
        if (s->note_count > 0)
                buffer_append_text(ret, "Remarks\n");
        for (unsigned i = 0; i < s->note_count; i++) {
                buffer_append_text(ret, "  ");
                append_foreign(ret, s->notes[i]);
                buffer_append_u8(ret, '\n');
        }
}

static void write_refused(const struct intake_summary *s, struct buffer *ret)
{
        bool any = false;

        for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
                const struct intake_refusal *r = &s->refused[i];
                if (r->count == 0)
                        continue;
                if (!any)
                        buffer_append_text(ret, "Refused\n");
                any = true;
                buffer_printf(ret, "  %12" PRIu64 "  %s: ", r->count, refusal_name((enum refusal)i));
                append_wrapped(ret, refusal_sentence((enum refusal)i),
                        18 + (unsigned)strlen(refusal_name((enum refusal)i)), 16);
                buffer_append_text(ret, "                first in ");
                append_foreign(ret, r->first_file);
                buffer_printf(ret, " at %" PRIu64 ": ", r->first_place);
                append_foreign(ret, r->first_detail);
                buffer_append_u8(ret, '\n');
        }
        if (any)
                buffer_append_text(ret,
                        "  (the place is a line of a text log, a packet of a capture, or a byte offset)\n");
}

static void write_failed(const struct import_view *view, struct buffer *ret)
{
        if (view->failed_count > 0)
                buffer_append_text(ret, "NOT READ\n");
        for (size_t i = 0; i < view->failed_count; i++) {
                buffer_append_text(ret, "  ");
                append_foreign(ret, view->failed[i].error.text);
                buffer_append_u8(ret, '\n');
        }
}

static void write_hints(const struct import_view *view, struct buffer *ret)
{
        const struct intake_summary *s = view->summary;
        const char *realm = s->new_realm[0] ? s->new_realm : view->realm[0] ? view->realm : "default";

        if (s->mapping_undeclared && s->events > 0) {
                buffer_append_u8(ret, '\n');
                append_wrapped(ret,
                        "Hint: the realm does not declare its mapping behaviour, so it is taken as one that "
                        "may lend a "
                        "port to several customers at once, and fewer answers can be 'one'. If this NAT "
                        "gives one "
                        "inside endpoint one outside port for every destination, and never lends that port "
                        "to another "
                        "meanwhile, write into rogatory.conf in the store:",
                        0, 0);
                buffer_printf(ret, "  [realm %s]\n  mapping = endpoint-independent\n", realm);
                buffer_append_text(
                        ret, "Otherwise write 'mapping = destination-dependent'; Linux is one of these.\n");
        }
        if (s->loss_undetectable) {
                buffer_append_u8(ret, '\n');
                append_wrapped(ret,
                        "Hint: a source that was read cannot show whether it lost events, so 'one' and "
                        "'none' can "
                        "hardly be proven from it and answers are 'unknown'. If the source writes a line "
                        "whenever it "
                        "loses events, and these lines are in the files, write into rogatory.conf in the "
                        "store:",
                        0, 0);
                buffer_printf(ret, "  [exporter %s]\n  loss = reported\n",
                        view->exporter[0] ? view->exporter : "NAME");
        }
}

void import_write_text(const struct import_view *view, struct buffer *ret)
{
        const struct intake_summary *s = view->summary;
        char span[SPAN_TEXT_MAX];

        write_read(s, ret);
        write_stored(s, ret);
        write_notes(s, ret);
        write_refused(s, ret);
        write_plan_refused(s, ret);
        write_losses(s, ret);
        lease_flaws_write(&s->lease_quality, 0, ret);
        write_failed(view, ret);
        if (s->events + s->lease_events + s->plan_events == 0)
                buffer_append_text(ret, "No NAT event, no lease and no row of a plan was found.\n");
        buffer_printf(ret, "Time taken: %s\n", span_format(view->elapsed_ms, span));
        write_hints(view, ret);
}

/* --- For a machine --- */

static json_t *refused_to_json(const struct intake_summary *s)
{
        json_t *list = json_array();

        for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
                const struct intake_refusal *r = &s->refused[i];
                if (r->count > 0)
                        json_array_append_new(
                                list, json_pack("{s:s, s:I, s:o, s:I, s:o}", "kind",
                                              refusal_name((enum refusal)i), "count", (json_int_t)r->count,
                                              "first_file", json_foreign(r->first_file), "first_place",
                                              (json_int_t)r->first_place, "first_detail",
                                              json_foreign(r->first_detail)));
        }
        return list;
}

static json_t *failed_to_json(const struct import_view *view)
{
        json_t *list = json_array();

        for (size_t i = 0; i < view->failed_count; i++)
                json_array_append_new(
                        list, json_pack("{s:o, s:o}", "file", json_foreign(view->failed[i].path), "error",
                                      json_foreign(view->failed[i].error.text)));
        return list;
}

static json_t *instant_to_json(int64_t instant)
{
        char text[TIME_TEXT_MAX];

        return instant == TIME_UNKNOWN ? json_null() : json_string(time_format_utc(instant, text));
}

static json_t *counts_to_json(const struct intake_summary *s)
{
        const struct line_of_summary counts[] = {
                {"files", s->files},
                {"bytes", s->bytes},
                {"packets", s->packets},
                {"messages", s->messages},
                {"accounting_packets", s->accounting_packets},
                {"lines", s->lines},
                {"events", s->events},
                {"lease_events", s->lease_events},
                {"templates", s->templates},
                {"option_records", s->option_records},
                {"not_nat", s->not_nat},
                {"not_translated", s->not_translated},
                {"other_events", s->other_events},
                {"windows_written", s->windows_written},
                {"lease_files_written", s->lease_files_written},
                {"bindings_paired", s->bindings_paired},
                {"bindings_without_end", s->bindings_open},
                {"bindings_without_beginning", s->bindings_unbegun},
                {"leases", s->leases},
                {"bytes_written", s->bytes_written},
                {"lost", s->lost},
                {"reported_losses", s->reported_losses},
                {"restarts", s->restarts},
                {"clock_steps", s->clock_steps},
                {"duplicate_messages", s->duplicate_messages},
                {"not_udp", s->not_udp},
                {"unknown_senders", s->unknown_senders},
                {"lease_overlaps", s->lease_quality.flaws[LEASE_OVERLAP].count},
                {"plan_events", s->plan_events},
                {"plan_files_written", s->plan_files_written},
                {"plan_rows", s->plan_rows},
                {"plan_addresses", s->plan_addresses},
                {"plan_rows_contradicting", s->plan_disputed},
        };
        json_t *object = json_object();

        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
                json_object_set_new(object, counts[i].what, json_integer((json_int_t)counts[i].count));
        return object;
}

static json_t *notes_to_json(const struct intake_summary *s)
{
        json_t *notes = json_array();

        for (unsigned i = 0; i < s->note_count; i++)
                json_array_append_new(notes, json_foreign(s->notes[i]));
        return notes;
}

json_t *import_to_json(const struct import_view *view)
{
        const struct intake_summary *s = view->summary;

        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o}", "counts",
                counts_to_json(s), "from", instant_to_json(s->first_ms), "to", instant_to_json(s->last_ms),
                "refused", refused_to_json(s), "remarks", notes_to_json(s), "not_read", failed_to_json(view),
                "new_realm", s->new_realm[0] ? json_foreign(s->new_realm) : json_null(), "mapping_undeclared",
                s->mapping_undeclared, "loss_undetectable", s->loss_undetectable, "plan_from",
                s->plan_rows ? instant_to_json(s->plan_from_ms) : json_null(), "plan_to",
                s->plan_rows ? instant_to_json(s->plan_until_ms) : json_null(), "plan_contradiction",
                s->plan_dispute[0] ? json_foreign(s->plan_dispute) : json_null(), "lease_flaws",
                lease_flaws_to_json(&s->lease_quality));
}
