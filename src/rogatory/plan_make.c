/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory plan make`: a plan by formula, or out of what a product prints. */
#include "nat/plan_make.h"
#include "rogatory/plan.h"
#include "rogatory/terminal.h"

#include "os/file.h"
#include "wire/plan_csv.h"

#include <stdlib.h>
#include <string.h>

/* What is made, while it is made. */
struct making {
        const struct plan_options *options;
        const char *generator;
        struct plan_row pattern;
        struct plan_reading reading;
};

/* --- Numbers and ranges of the command line --- */

static int take_number(const char *text, const char *option, uint64_t most, uint64_t otherwise, uint64_t *ret,
        struct error *error)
{
        *ret = otherwise;
        if (!text || slice_number(slice_of(text), most, ret) == 0)
                return 0;
        return error_set(error, -EINVAL, "--%s: '%s' is not a number from 0 to %llu", option, text,
                (unsigned long long)most);
}

static int take_pool(const char *text, const char *option, struct plan_pool *ret, struct error *error)
{
        uint32_t first, last;

        if (!text)
                return error_set(error, -EINVAL, "--%s is missing", option);
        int r = ipv4_range_parse(slice_of(text), &first, &last, error);
        if (r < 0)
                return error_prefix(error, r, "--%s: ", option);
        *ret = (struct plan_pool){.first = first, .count = (uint64_t)last - first + 1};
        return 0;
}

static int take_prefix(const char *text, const char *option, struct prefix *ret, struct error *error)
{
        if (!text)
                return error_set(error, -EINVAL, "--%s is missing", option);
        int r = prefix_parse(slice_of(text), ret, error);
        return r < 0 ? error_prefix(error, r, "--%s: ", option) : 0;
}

static int take_time(const char *text, const char *option, int64_t *ret, struct error *error)
{
        int r = time_parse_rfc3339(slice_of(text), ret, NULL, error);

        return r < 0 ? error_prefix(error, r, "--%s: ", option) : 0;
}

static int take_pattern(const struct plan_options *o, struct plan_row *ret, struct error *error)
{
        static const struct {
                const char *name;
                uint8_t number;
        } protocols[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"dccp", 33}, {"sctp", 132}, {"udplite", 136}};
        uint64_t vrf;

        if (!o->valid_from)
                return error_set(
                        error, -EINVAL, "--valid-from is missing: since when does this configuration hold?");
        ret->to_ms = TIME_UNKNOWN;
        int r = take_time(o->valid_from, "valid-from", &ret->from_ms, error);
        if (r == 0 && o->valid_to)
                r = take_time(o->valid_to, "valid-to", &ret->to_ms, error);
        if (r == 0)
                r = take_number(o->vrf, "vrf", UINT32_MAX, 0, &vrf, error);
        if (r < 0)
                return r;
        if (ret->to_ms != TIME_UNKNOWN && ret->to_ms <= ret->from_ms)
                return error_set(error, -EINVAL, "--valid-to is not later than --valid-from");
        ret->vrf = (uint32_t)vrf;
        for (size_t i = 0; o->protocol && i < sizeof protocols / sizeof protocols[0]; i++)
                if (strcmp(o->protocol, protocols[i].name) == 0)
                        ret->protocol = protocols[i].number;
        if (o->protocol && ret->protocol == 0)
                return error_set(error, -EINVAL,
                        "--protocol: '%s' is none of tcp, udp, icmp, dccp, sctp, udplite", o->protocol);
        return 0;
}

/* --- Generators by formula --- */

static int take_blocks(const struct making *m, struct plan_blocks *ret, struct error *error)
{
        const struct plan_options *o = m->options;
        uint64_t ratio, block, dynamic;

        *ret = (struct plan_blocks){.pattern = m->pattern, .port_first = 1024, .port_last = UINT16_MAX};
        int r = take_pool(o->inside, "inside", &ret->inside, error);
        if (r == 0)
                r = take_pool(o->outside, "outside", &ret->outside, error);
        if (r == 0 && o->ports) {
                r = port_range_parse(slice_of(o->ports), &ret->port_first, &ret->port_last, error);
                r = r < 0 ? error_prefix(error, r, "--ports: ") : 0;
        }
        if (r == 0)
                r = take_number(o->ratio, "ratio", UINT16_MAX, 0, &ratio, error);
        if (r == 0)
                r = take_number(o->block_size, "block-size", UINT16_MAX, 0, &block, error);
        if (r == 0)
                r = take_number(o->dynamic, "dynamic", UINT16_MAX, 0, &dynamic, error);
        if (r < 0)
                return r;
        ret->ratio = (uint32_t)ratio;
        ret->block_size = (uint32_t)block;
        ret->dynamic = (uint32_t)dynamic;
        return 0;
}

static int make_rfc7422(struct making *m, struct error *error)
{
        const char *algorithm = m->options->algorithm;
        struct plan_blocks blocks;
        int r = take_blocks(m, &blocks, error);

        if (r < 0)
                return r;
        if (algorithm && strcmp(algorithm, "random") == 0)
                return error_set(error, -EINVAL,
                        "--algorithm random: RFC 7422 leaves to each product how it is computed; ask the "
                        "product for its table");
        blocks.is_staggered = algorithm && strcmp(algorithm, "staggered") == 0;
        if (algorithm && !blocks.is_staggered && strcmp(algorithm, "sequential") != 0)
                return error_set(error, -EINVAL, "--algorithm: write sequential or staggered");
        return plan_make_rfc7422(&blocks, &m->reading.table, error);
}

static int make_det44(struct making *m, struct error *error)
{
        struct prefix inside, outside;
        int r = take_prefix(m->options->inside, "inside", &inside, error);

        if (r == 0)
                r = take_prefix(m->options->outside, "outside", &outside, error);
        if (r < 0)
                return r;
        if (!address_is_ipv4(&inside.address) || !address_is_ipv4(&outside.address) || inside.length < 96 ||
                outside.length < 96)
                return error_set(error, -EINVAL, "det44 maps an IPv4 prefix to an IPv4 prefix");
        return plan_make_det44(&m->pattern, address_ipv4(&inside.address), inside.length - 96u,
                address_ipv4(&outside.address), outside.length - 96u, &m->reading.table, error);
}

/* Junos: "the network and broadcast addresses in the source address range are not translated unless you
 * configure include-boundary-addresses". Which addresses of a pool's prefix it uses, its manual does not say:
 * they are asked for one by one. */
static int make_juniper(struct making *m, struct error *error)
{
        struct plan_blocks blocks;
        int r = take_blocks(m, &blocks, error);

        if (r < 0)
                return r;
        if (blocks.outside.count > 1 && strchr(m->options->outside, '/'))
                return error_set(error, -EINVAL,
                        "--outside: write the first and last address that the pool really uses "
                        "(FIRST-LAST): Junos may leave out the edges of a prefix, and every block would "
                        "be another host's");
        if (strchr(m->options->inside, '/') && !m->options->include_boundary && blocks.inside.count > 2) {
                blocks.inside.first++;
                blocks.inside.count -= 2;
        }
        return plan_make_juniper(&blocks, &m->reading.table, error);
}

static int make_a10(struct making *m, struct error *error)
{
        struct plan_blocks blocks;

        if (m->options->operand_count == 2)
                return plan_read_listing(
                        m->options->operands[1], fixed_nat_read, &m->pattern, &m->reading, error);
        int r = take_blocks(m, &blocks, error);
        return r < 0 ? r : plan_make_a10(&blocks, &m->reading.table, error);
}

static int make_map(struct making *m, struct error *error)
{
        const struct plan_options *o = m->options;
        struct plan_map_rule rule;
        struct prefix ipv4;
        uint64_t ea, offset;
        int r = take_prefix(o->inside, "inside", &rule.ipv6, error);

        if (r == 0)
                r = take_prefix(o->outside, "outside", &ipv4, error);
        if (r == 0 && !o->ea_bits)
                r = error_set(error, -EINVAL, "--ea-bits is missing");
        if (r == 0)
                r = take_number(o->ea_bits, "ea-bits", 48, 0, &ea, error);
        if (r == 0)
                r = take_number(o->psid_offset, "psid-offset", 15, 6, &offset, error);
        if (r < 0)
                return r;
        if (!address_is_ipv4(&ipv4.address) || ipv4.length < 96)
                return error_set(error, -EINVAL, "--outside: the rule's IPv4 prefix");
        rule.ipv4 = address_ipv4(&ipv4.address);
        rule.ipv4_length = ipv4.length - 96u;
        rule.ea_length = (unsigned)ea;
        rule.psid_offset = (unsigned)offset;
        return plan_make_map(&m->pattern, &rule, &m->reading.table, error);
}

/* --- Out of files --- */

static int make_lw4o6(struct making *m, struct error *error)
{
        return plan_read_listing(
                m->options->operands[1], softwire_table_read, &m->pattern, &m->reading, error);
}

static int make_nftables(struct making *m, struct error *error)
{
        return plan_read_listing(m->options->operands[1], nft_map_read, &m->pattern, &m->reading, error);
}

enum takes_file { NO_FILE, NEEDS_FILE, MAY_HAVE_FILE };

static const struct generator {
        const char *name;
        int (*make)(struct making *making, struct error *error);
        enum takes_file file;
} generators[] = {
        {"rfc7422", make_rfc7422, NO_FILE},
        {"det44", make_det44, NO_FILE},
        {"juniper", make_juniper, NO_FILE},
        {"a10", make_a10, MAY_HAVE_FILE},
        {"map-e", make_map, NO_FILE},
        {"map-t", make_map, NO_FILE},
        {"lw4o6", make_lw4o6, NEEDS_FILE},
        {"nftables", make_nftables, NEEDS_FILE},
};

static const struct generator *generator_by_name(const char *name)
{
        for (size_t i = 0; i < sizeof generators / sizeof generators[0]; i++)
                if (strcmp(generators[i].name, name) == 0)
                        return &generators[i];
        return NULL;
}

/* --- Writing --- */

/* Where the table came from, as a comment: whoever finds it in a year can make it again. */
static void write_head(const struct making *m, struct buffer *ret)
{
        buffer_append_text(ret, "# rogatory " ROGATORY_VERSION ":");
        for (int i = 0; i < m->options->word_count; i++) {
                buffer_append_u8(ret, ' ');
                append_foreign(ret, m->options->words[i]);
        }
        buffer_append_u8(ret, '\n');
}

static void write_csv(const struct making *m, struct buffer *ret)
{
        write_head(m, ret);
        plan_csv_write_header(ret);
        for (size_t i = 0; i < m->reading.table.count; i++)
                plan_csv_write_row(&m->reading.table.lines[i].row, ret);
}

static void write_json(const struct making *m, const struct plan_findings *found, struct buffer *ret)
{
        json_t *rows = json_array();

        for (size_t i = 0; i < m->reading.table.count; i++)
                json_array_append_new(rows, plan_row_to_json(&m->reading.table.lines[i]));
        output_json_line(
                ret, json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "generator", m->generator, "row_count",
                             (json_int_t)m->reading.table.count, "hosts", (json_int_t)found->hosts,
                             "address_count", (json_int_t)found->address_count, "contradictions",
                             (json_int_t)found->overlap_total, "rows", rows));
}

static int write_as(
        const struct making *m, const struct plan_findings *found, struct buffer *ret, struct error *error)
{
        const char *as = m->options->as;

        if (m->options->json)
                write_json(m, found, ret);
        else if (!as || strcmp(as, "csv") == 0)
                write_csv(m, ret);
        else if (strcmp(as, "vpp") == 0) /* exec of VPP reads commands alone */
                return plan_write_vpp(&m->reading.table, ret, error);
        else {
                write_head(m, ret);
                return plan_write_nftables(&m->reading.table, m->options->interface, ret, error);
        }
        return 0;
}

static int publish(const char *path, const struct buffer *text, struct error *error)
{
        const char *slash = strrchr(path, '/');
        char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");

        if (!folder)
                return error_set(error, -ENOMEM, "not enough memory");
        int r = text->failed
                        ? error_set(error, text->failed, "the plan is too long to be written")
                        : file_publish(folder, slash ? slash + 1 : path, text->bytes, text->length, error);
        free(folder);
        return r;
}

/* Lines that could not be read would be ports of nobody: nothing is made of a listing that has such. */
static int refuse_listing(const struct making *m)
{
        struct buffer text = buffer_make(1 << 20);

        plan_write_refusals(&m->reading, &text);
        buffer_append_u8(&text, 0);
        complain("nothing was written: ports of the lines that cannot be read would be called nobody's%s",
                text.failed ? "" : (const char *)text.bytes);
        buffer_free(&text);
        return PLAN_EXIT_CONTRADICTS;
}

static int output(struct making *m, struct error *error)
{
        struct buffer text = buffer_make(OUTPUT_MAX);
        struct plan_findings found = {0};
        int code = EXIT_DONE, r = plan_check(&m->reading.table, &found, error);

        if (r == 0)
                r = write_as(m, &found, &text, error);
        if (r == 0 && m->options->output)
                r = publish(m->options->output, &text, error);
        else if (r == 0)
                code = output_write(&text);
        if (r < 0)
                code = complain_error(error);
        else if (code == EXIT_DONE && (found.overlap_total || found.is_cut)) {
                complain("the plan gives ports to two holders at one time; 'rogatory plan check' names them");
                code = PLAN_EXIT_CONTRADICTS;
        }
        plan_findings_free(&found);
        buffer_free(&text);
        return code;
}

static int check_words(const struct command *command, const struct plan_options *o, const struct generator *g)
{
        static const char *const forms[] = {"csv", "nftables", "vpp"};
        int files = o->operand_count - 1;
        bool known = !o->as;

        for (size_t i = 0; i < 3 && o->as; i++)
                known |= strcmp(o->as, forms[i]) == 0;
        if (!known)
                return complain_usage(command, "--as: '%s' is not known; write csv, nftables or vpp", o->as);
        if (o->json && o->as)
                return complain_usage(command, "--json and --as are two forms of the same; give one");
        if (o->interface && (!o->as || strcmp(o->as, "nftables") != 0))
                return complain_usage(command, "--interface is for --as nftables");
        if (files > 1 || (files == 1 && g->file == NO_FILE))
                return complain_usage(command, "'%s' is one word too many", o->operands[files]);
        if (files == 0 && g->file == NEEDS_FILE)
                return complain_usage(
                        command, "plan make %s needs a file (\"-\" is standard input)", g->name);
        return -1;
}

int plan_make(const struct command *command, const struct plan_options *o)
{
        struct making m = {.options = o};
        struct error error = {0};

        if (o->operand_count == 0)
                return complain_usage(command,
                        "say what the plan is made of: rfc7422, det44, juniper, a10, map-e, map-t, lw4o6 or "
                        "nftables");
        const struct generator *generator = generator_by_name(o->operands[0]);
        if (!generator)
                return complain_usage(command,
                        "'%s' is not known; plans are made of rfc7422, det44, juniper, a10, map-e, map-t, "
                        "lw4o6 or nftables",
                        o->operands[0]);
        int code = check_words(command, o, generator);
        if (code >= 0)
                return code;
        m.generator = generator->name;
        if (take_pattern(o, &m.pattern, &error) < 0)
                return complain_usage(command, "%s", error.text);
        if (generator->make(&m, &error) < 0)
                code = complain_error(&error);
        else if (m.reading.refused)
                code = refuse_listing(&m);
        else if (m.reading.table.count == 0) {
                complain("no row of a plan is in %s%s%s", o->operand_count > 1 ? o->operands[1] : "it",
                        m.reading.note ? ": " : "", m.reading.note ? m.reading.note : "");
                code = EXIT_FAILED;
        } else
                code = output(&m, &error);
        plan_reading_free(&m.reading);
        return code;
}
