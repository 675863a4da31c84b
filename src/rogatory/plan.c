/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory plan`: mappings that are computed and not logged, as a table. */
#include "rogatory/plan.h"
#include "rogatory/option.h"
#include "rogatory/terminal.h"

#include <stdlib.h>
#include <string.h>

enum {
        KEY_STORE = 1,
        KEY_ADDRESS,
        KEY_LIMIT,
        KEY_INSIDE,
        KEY_OUTSIDE,
        KEY_PORTS,
        KEY_BLOCK_SIZE,
        KEY_RATIO,
        KEY_DYNAMIC,
        KEY_ALGORITHM,
        KEY_INCLUDE_BOUNDARY,
        KEY_EA_BITS,
        KEY_PSID_OFFSET,
        KEY_VALID_FROM,
        KEY_VALID_TO,
        KEY_PROTOCOL,
        KEY_VRF,
        KEY_AS,
        KEY_INTERFACE,
        KEY_OUTPUT,
        KEY_JSON
};

static const struct verb {
        const char *name;
        int (*run)(const struct command *command, const struct plan_options *options);
        int keys[24]; /* the options that it takes, beside --json */
} verbs[] = {
        {"show", plan_show, {KEY_STORE, KEY_ADDRESS, KEY_LIMIT}},
        {"check", plan_verify, {KEY_LIMIT, KEY_INSIDE}},
        {"make", plan_make,
                {KEY_INSIDE, KEY_OUTSIDE, KEY_PORTS, KEY_BLOCK_SIZE, KEY_RATIO, KEY_DYNAMIC, KEY_ALGORITHM,
                        KEY_INCLUDE_BOUNDARY, KEY_EA_BITS, KEY_PSID_OFFSET, KEY_VALID_FROM, KEY_VALID_TO,
                        KEY_PROTOCOL, KEY_VRF, KEY_AS, KEY_INTERFACE, KEY_OUTPUT}},
};

#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

/* Where an option's value goes; NULL for those without one. */
static const char **place_of(struct plan_options *o, int key)
{
        const char **const places[] = {[KEY_STORE] = &o->store,
                [KEY_ADDRESS] = &o->address,
                [KEY_LIMIT] = &o->limit,
                [KEY_INSIDE] = &o->inside,
                [KEY_OUTSIDE] = &o->outside,
                [KEY_PORTS] = &o->ports,
                [KEY_BLOCK_SIZE] = &o->block_size,
                [KEY_RATIO] = &o->ratio,
                [KEY_DYNAMIC] = &o->dynamic,
                [KEY_ALGORITHM] = &o->algorithm,
                [KEY_EA_BITS] = &o->ea_bits,
                [KEY_PSID_OFFSET] = &o->psid_offset,
                [KEY_VALID_FROM] = &o->valid_from,
                [KEY_VALID_TO] = &o->valid_to,
                [KEY_PROTOCOL] = &o->protocol,
                [KEY_VRF] = &o->vrf,
                [KEY_AS] = &o->as,
                [KEY_INTERFACE] = &o->interface,
                [KEY_OUTPUT] = &o->output,
                [KEY_JSON] = NULL};

        return places[key];
}

static const struct verb *verb_by_name(const char *name)
{
        for (size_t i = 0; i < VERB_COUNT; i++)
                if (strcmp(verbs[i].name, name) == 0)
                        return &verbs[i];
        return NULL;
}

/* The first option that the verb does not take; NULL where there is none. */
static const char *stray_option(
        const struct command *command, const struct verb *verb, const struct option_reader *reader)
{
        for (size_t i = 0; i < command->option_count; i++) {
                int key = command->options[i].key;
                bool taken = key == KEY_JSON || !(reader->seen & (UINT64_C(1) << key));
                for (size_t k = 0; k < sizeof verb->keys / sizeof verb->keys[0]; k++)
                        taken |= verb->keys[k] == key;
                if (!taken)
                        return command->options[i].name;
        }
        return NULL;
}

static int read_words(const struct command *command, int argc, char **argv, struct plan_options *options)
{
        struct option_reader reader;
        struct error error = {0};
        int key;

        option_begin(&reader, command, argc, argv);
        while ((key = option_next(&reader, &error)) != OPTION_END) {
                if (key == OPTION_WRONG)
                        return complain_usage(command, "%s", error.text);
                if (key == OPTION_HELP)
                        return print_help(command);
                const char **place = place_of(options, key);
                if (place)
                        *place = reader.value;
                options->json |= key == KEY_JSON;
                options->include_boundary |= key == KEY_INCLUDE_BOUNDARY;
        }
        if (optind == argc)
                return complain_usage(command, "say show, check or make");
        const struct verb *verb = verb_by_name(argv[optind]);
        if (!verb)
                return complain_usage(command, "'%s' is not known; say show, check or make", argv[optind]);
        const char *stray = stray_option(command, verb, &reader);
        if (stray)
                return complain_usage(command, "plan %s takes no --%s", verb->name, stray);
        options->operands = argv + optind + 1;
        options->operand_count = argc - optind - 1;
        return verb->run(command, options);
}

static int run_plan(const struct command *command, int argc, char **argv)
{
        /* Reading them puts the words into another order. */
        char **words = calloc((size_t)argc, sizeof *words);
        struct plan_options options = {.words = words, .word_count = argc};

        if (!words) {
                complain("not enough memory");
                return EXIT_FAILED;
        }
        for (int i = 0; i < argc; i++)
                words[i] = argv[i];
        int code = read_words(command, argc, argv, &options);
        free(words);
        return code;
}

static const struct option_text plan_options[] = {
        {KEY_STORE, "store", "DIR", "show: the plans of a store, in place of a file. The look is recorded."},
        {KEY_ADDRESS, "address", "ADDRESS[:PORT]",
                "show: only rows of this outside or inside address, and (of a file) of this port."},
        {KEY_LIMIT, "limit", "N",
                "show: rows and addresses shown, 0 for all (20). check: hosts that may share an\n"
                "outside address (16)."},
        {KEY_INSIDE, "inside", "RANGE",
                "The inside hosts: a prefix, FIRST-LAST, or the rule's IPv6 prefix (map-e, map-t).\n"
                "check: hosts of this prefix that no row names are listed."},
        {KEY_OUTSIDE, "outside", "RANGE",
                "The outside addresses: a prefix, FIRST-LAST, or the rule's IPv4 prefix."},
        {KEY_PORTS, "ports", "FIRST-LAST", "The ports that are lent (1024-65535); rfc7422 and a10."},
        {KEY_BLOCK_SIZE, "block-size", "N", "Ports of each host; without it as many as there are."},
        {KEY_RATIO, "ratio", "N", "Hosts per outside address (rfc7422); without it as many as needed."},
        {KEY_DYNAMIC, "dynamic", "N", "The dynamic pool of RFC 7422, in shares of one host (0)."},
        {KEY_ALGORITHM, "algorithm", "sequential|staggered",
                "Blocks (the default), or every so many-th port (rfc7422)."},
        {KEY_INCLUDE_BOUNDARY, "include-boundary-addresses", NULL,
                "The first and last address of the inside prefix are translated too (juniper)."},
        {KEY_EA_BITS, "ea-bits", "N", "Length of the embedded address bits (map-e, map-t)."},
        {KEY_PSID_OFFSET, "psid-offset", "N", "The offset a of the port sets (6); 0 is one range."},
        {KEY_VALID_FROM, "valid-from", "TIME",
                "Since when the plan holds, RFC 3339 with its offset. Needed: no listing says it."},
        {KEY_VALID_TO, "valid-to", "TIME", "Until when; without it until further notice."},
        {KEY_PROTOCOL, "protocol", "NAME", "The only protocol that the plan is for; without it every one."},
        {KEY_VRF, "vrf", "N", "The VRF of the inside hosts (0)."},
        {KEY_AS, "as", "csv|nftables|vpp", "What is written: the table, or a configuration."},
        {KEY_INTERFACE, "interface", "NAME", "The outside interface, for nftables."},
        {KEY_OUTPUT, "output", "FILE", "Written whole, in place of standard output."},
        {KEY_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_plan = {
        .name = "plan",
        .summary = "show, check or make the table of a deterministic NAT",
        .usage = "show FILE|--store DIR [--address ADDRESS[:PORT]] [--limit N] [--json]\n"
                 "check FILE [--limit N] [--inside PREFIX] [--json]\n"
                 "make GENERATOR --valid-from TIME [OPTION...] [FILE]",
        .description =
                "A NAT whose mappings are computed keeps no log. The table that is shown, checked and\n"
                "made here says in its place who is lent which ports from when to when; 'rogatory\n"
                "import' reads it. Generators by formula: rfc7422, det44 (VPP), juniper, a10, map-e,\n"
                "map-t. Out of a FILE: lw4o6 (a binding table), nftables ('nft list map', also -j),\n"
                "a10 (its FIXED-NAT-PORTS lines). Ports that are in no row are nobody's.\n",
        .options = plan_options,
        .option_count = sizeof plan_options / sizeof plan_options[0],
        .exits = "0  shown, made, or nothing found\n"
                 "1  could not be read, made or written\n"
                 "2  wrong usage\n"
                 "3  a line cannot be read; check, make: two holders have one port at one time\n"
                 "4  check: more hosts share an address than the limit allows, a host has no\n"
                 "   ports, or had none for a while",
        .examples = "rogatory plan make det44 --inside 100.64.0.0/22 --outside 203.0.113.0/26 \\\n"
                    "  --valid-from 2026-11-01T00:00:00+01:00 --output plan.csv\n"
                    "rogatory plan check plan.csv\n"
                    "rogatory plan show plan.csv --address 203.0.113.9:4711\n"
                    "nft list map ip nat blocks | rogatory plan make nftables - \\\n"
                    "  --valid-from 2026-11-01T00:00:00+01:00",
        .run = run_plan,
};
