/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/time.h"
#include "settings/key.h"

#define LONGEST (20 * 366 * TIME_DAY)

static const struct key_choice mapping_choices[] = {
        {"undeclared", MAPPING_UNDECLARED},
        {"endpoint-independent", MAPPING_ENDPOINT_INDEPENDENT},
        {"destination-dependent", MAPPING_DESTINATION_DEPENDENT},
        {NULL, 0},
};

static const struct key_choice destination_choices[] = {{"drop", false}, {"keep", true}, {NULL, 0}};
static const struct key_choice lease_vrf_choices[] = {{"matched", false}, {"ignored", true}, {NULL, 0}};
static const struct key_choice lease_log_choices[] = {{"may-lose", false}, {"complete", true}, {NULL, 0}};
static const struct key_choice lends_choices[] = {{"addresses", false}, {"nothing", true}, {NULL, 0}};
static const struct key_choice restart_choices[] = {{"clears", false}, {"keeps", true}, {NULL, 0}};

static const struct key_choice loss_choices[] = {
        {"automatic", LOSS_AUTOMATIC},
        {"sequence", LOSS_SEQUENCE},
        {"reported", LOSS_REPORTED},
        {"undetectable", LOSS_UNDETECTABLE},
        {NULL, 0},
};

#define REALM(member) offsetof(struct realm_settings, member)
#define EXPORTER(member) offsetof(struct exporter_settings, member)

static const struct key realm_table[] = {
        {.name = "zone",
                .kind = KEY_ZONE,
                .offset = REALM(zone),
                .help = "The local time of the people who ask, by its name in the IANA database "
                        "(Europe/Berlin).\n"
                        "Answers show it beside UTC and say when clocks were set back. It changes no "
                        "result."},
        {.name = "mapping",
                .kind = KEY_CHOICE,
                .offset = REALM(mapping),
                .choices = mapping_choices,
                .help = "How the NAT lends its outside ports (RFC 4787 section 4.1).\n"
                        "  endpoint-independent   one outside port belongs to one customer at a time, "
                        "whatever the\n"
                        "                         destination. Only then does a new opening prove that the "
                        "binding\n"
                        "                         before it had ended. Declare it only where you are sure: "
                        "most\n"
                        "                         carrier-grade NATs, but not Linux (nftables, iptables).\n"
                        "  destination-dependent  the same outside port may serve two customers at once "
                        "towards\n"
                        "                         different destinations. Linux works this way.\n"
                        "  undeclared             not known; treated as destination-dependent, and answers "
                        "say so."},
        {.name = "clock-uncertainty",
                .kind = KEY_DURATION,
                .offset = REALM(uncertainty_ms),
                .least = 1,
                .most = TIME_DAY,
                .help = "How far the clocks of the NATs, and of whoever noted the time that is asked, may be "
                        "off.\n"
                        "A question is judged over the time asked, plus and minus this much."},
        {.name = "longest-session",
                .kind = KEY_DURATION,
                .offset = REALM(longest_session_ms),
                .least = TIME_MINUTE,
                .most = LONGEST,
                .help = "No session or single-port mapping lives longer. One whose end was never seen may "
                        "have held\n"
                        "its port this long. Too short a value could name the wrong person: rather too "
                        "long."},
        {.name = "longest-block",
                .kind = KEY_DURATION,
                .offset = REALM(longest_block_ms),
                .least = TIME_MINUTE,
                .most = LONGEST,
                .help = "The same for port blocks and whole addresses."},
        {.name = "destinations",
                .kind = KEY_SWITCH,
                .offset = REALM(keep_destinations),
                .choices = destination_choices,
                .help = "drop: the addresses that customers talked to are never stored (RFC 6888 REQ-12 asks "
                        "for\n"
                        "this). keep: they are stored where the log has them. Only turn it on where the law "
                        "requires\n"
                        "it; it lets questions with --dest tell apart customers who shared a port."},
        {.name = "lease-log",
                .kind = KEY_SWITCH,
                .offset = REALM(lease_log_complete),
                .choices = lease_log_choices,
                .help = "may-lose: starts and stops of leases can be missing (RADIUS over UDP, DHCP), so a "
                        "lease\n"
                        "proves the subscriber only between records that mention it. complete: every start "
                        "and stop\n"
                        "is in the log, as in an export of the customer database."},
        {.name = "lease-vrf",
                .kind = KEY_SWITCH,
                .offset = REALM(leases_any_vrf),
                .choices = lease_vrf_choices,
                .help = "matched: a lease names the customer behind a binding only in its own VRF, and one "
                        "that\n"
                        "names no VRF (RADIUS, DHCP) only where the NAT log names none. ignored: leases hold "
                        "for\n"
                        "every VRF; say so only where no inside address is used in two of them."},
        {.name = "retain",
                .kind = KEY_RETAIN,
                .offset = REALM(retain_ms),
                .least = TIME_HOUR,
                .most = LONGEST,
                .help = "How long bindings are kept, like 180d. Questions about earlier times are answered "
                        "\"unknown:\n"
                        "outside retention\", and 'rogatory retain' destroys what is older. unlimited: no "
                        "end."},
        {.name = "retain-destinations",
                .kind = KEY_RETAIN,
                .offset = REALM(retain_destinations_ms),
                .least = TIME_HOUR,
                .most = LONGEST,
                .help = "How long the destinations of bindings are kept, where they are stored at all. "
                        "unlimited:\n"
                        "as long as their bindings."},
        {.name = "retain-leases",
                .kind = KEY_RETAIN,
                .offset = REALM(retain_leases_ms),
                .least = TIME_HOUR,
                .most = LONGEST,
                .help = "How long leases are kept after they ended. Not shorter than retain and a day, or "
                        "answers\n"
                        "about the oldest bindings lose their subscribers."},
        {.name = "retain-ranges",
                .kind = KEY_RANGES,
                .offset = REALM(retain_ranges),
                .least = TIME_HOUR,
                .most = LONGEST,
                .example = "198.51.100.0/26 bindings 365d, 100.64.0.0/20 leases 365d",
                .help = "Times of their own for some addresses: a prefix, what is kept (bindings, "
                        "destinations or\n"
                        "leases) and how long, separated by commas. Prefixes are of outside addresses, for "
                        "leases of\n"
                        "inside ones. The longest prefix that contains an address counts, of two equal ones "
                        "the shorter\n"
                        "time."},
        {.name = "outside",
                .kind = KEY_PREFIXES,
                .offset = REALM(outside),
                .example = "198.51.100.0/24, 203.0.113.64/26",
                .help = "The public addresses of this realm, separated by commas. With them an address that "
                        "is not\n"
                        "yours is recognised as such, and \"nobody held it\" can be proven for one without "
                        "any record.\n"
                        "Nothing by default: then the addresses seen in the logs count."},
        {.name = "key",
                .kind = KEY_SOURCES,
                .offset = REALM(key),
                .example = "file:/etc/rogatory/default.key",
                .help = "Where the key comes from that stored files of the realm are sealed by, so that a "
                        "disk or "
                        "a backup\n"
                        "cannot be read without it; several, separated by commas, are all needed.\n"
                        "  file:/path       made by rogatory with the first sealed file and replaced "
                        "whenever "
                        "windows are\n"
                        "                   destroyed; only with it can copies be made unreadable. Outside "
                        "the "
                        "store, never\n"
                        "                   in its backups; its loss is the loss of the realm.\n"
                        "  keyring:NAME     a key of type user in the kernel's keyring\n"
                        "  credential:NAME  a credential that systemd passes to the unit\n"
                        "  pkcs11:token=NAME;object=NAME?module-path=/PATH&pin-source=file:/PATH\n"
                        "                   made in a PKCS#11 token and replaced as a file is\n"
                        "none (the default): files are stored as they are. Files that are there stay as they "
                        "are."},
};

static const struct key exporter_table[] = {
        {.name = "realm",
                .kind = KEY_NAME,
                .offset = EXPORTER(realm),
                .help = "The realm whose addresses it translates; it needs a section of its own, except "
                        "default."},
        {.name = "address",
                .kind = KEY_PREFIXES,
                .offset = EXPORTER(address),
                .example = "192.0.2.10, 2001:db8::10",
                .help = "Where its packets come from, in captures and at a node's listeners: addresses or "
                        "prefixes,\n"
                        "separated by commas."},
        {.name = "dialect",
                .kind = KEY_DIALECT,
                .offset = EXPORTER(dialect),
                .example = "rfc8158",
                .help = "How it writes NAT events into IPFIX or NetFlow (rfc8158, cisco-nel ...). Nothing by "
                        "default:\n"
                        "it is then recognised where that is beyond doubt, and refused otherwise."},
        {.name = "loss",
                .kind = KEY_CHOICE,
                .offset = EXPORTER(loss),
                .choices = loss_choices,
                .help = "How lost records are noticed. Without that, \"nobody\" and \"only this customer\" "
                        "cannot be\n"
                        "proven.\n"
                        "  automatic     by sequence numbers where the format has them, otherwise not at "
                        "all\n"
                        "  sequence      by sequence numbers, said outright\n"
                        "  reported      the source writes a line when it loses events, and that line is in "
                        "the file\n"
                        "  undetectable  nothing shows whether the log is whole"},
        {.name = "delay",
                .kind = KEY_DURATION,
                .offset = EXPORTER(delay_ms),
                .least = TIME_SECOND,
                .most = TIME_DAY,
                .help = "The least time to assume between an event and its export. What is measured counts "
                        "where it\n"
                        "is longer."},
        {.name = "heartbeat",
                .kind = KEY_DURATION,
                .offset = EXPORTER(heartbeat_ms),
                .least = TIME_SECOND,
                .most = 31 * TIME_DAY,
                .help = "In a log without sequence numbers, silence longer than this counts as a gap."},
        {.name = "zone",
                .kind = KEY_ZONE,
                .offset = EXPORTER(zone),
                .example = "Europe/Berlin",
                .help = "The zone of the times in its text log, where its lines do not say. Nothing by "
                        "default: such\n"
                        "lines are refused, because a guess could be an hour off."},
        {.name = "year",
                .kind = KEY_YEAR,
                .offset = EXPORTER(year),
                .least = 1970,
                .most = 2261,
                .example = "2026",
                .help = "The year of the first line of its text log, where its lines do not say (BSD "
                        "syslog).\n"
                        "Nothing by default: such lines are refused."},
        {.name = "restart",
                .kind = KEY_SWITCH,
                .offset = EXPORTER(restart_keeps),
                .choices = restart_choices,
                .help = "clears: a log that begins at sequence number zero begins with an empty NAT (only "
                        "where the\n"
                        "exporter was never heard before; a later restart proves nothing). keeps: the NAT "
                        "may\n"
                        "hold bindings when its log begins at zero, so earlier holders may remain."},
        {.name = "outside",
                .kind = KEY_PREFIXES,
                .offset = EXPORTER(outside),
                .example = "198.51.100.0/25",
                .help = "The public addresses that this exporter lends, where it does not lend all of its "
                        "realm's.\n"
                        "A gap in its log then leaves the other addresses untouched."},
        {.name = "lends",
                .kind = KEY_SWITCH,
                .offset = EXPORTER(lends_nothing),
                .choices = lends_choices,
                .help = "nothing: it is no NAT, but a server of RADIUS or DHCP, or a relay of log lines. "
                        "Otherwise what\n"
                        "is asked waits to be heard of it as of a NAT, and stays unknown."},
        {.name = "accept",
                .kind = KEY_NAMES,
                .offset = EXPORTER(accept),
                .example = "ipfix",
                .help = "Which listeners of the node take its messages, separated by commas. Nothing by "
                        "default: all\n"
                        "of them, RADIUS only with a secret."},
        {.name = "rate",
                .kind = KEY_COUNT,
                .offset = EXPORTER(rate),
                .least = 1,
                .most = 100000000,
                .help = "How many messages per second are taken from it. Datagrams above it are refused and "
                        "counted as\n"
                        "a gap, streams have to wait: so it cannot starve another exporter."},
        {.name = "secret-file",
                .kind = KEY_PATH,
                .offset = EXPORTER(secret_file),
                .most = SETTINGS_PATH_MAX - 1,
                .file = SETTINGS_FILE_SECRET,
                .example = "/etc/rogatory/nat-1.secret",
                .help = "RADIUS: the file that holds the secret shared with it, in one line, readable by "
                        "nobody else."},
        {.name = "certificate-name",
                .kind = KEY_HOST,
                .offset = EXPORTER(certificate_name),
                .example = "nat-1.example.net",
                .help = "TLS: the DNS name that its certificate must have. Nothing by default: any "
                        "certificate of the\n"
                        "listener's authorities."},
};

const struct key_table *realm_keys(void)
{
        static const struct key_table table = {
                "realm", "a realm section", realm_table, sizeof realm_table / sizeof realm_table[0]};
        return &table;
}

const struct key_table *exporter_keys(void)
{
        static const struct key_table table = {"exporter", "an exporter section", exporter_table,
                sizeof exporter_table / sizeof exporter_table[0]};
        return &table;
}

struct realm_settings realm_defaults(const char *name)
{
        struct realm_settings realm = {
                .zone = "UTC",
                .mapping = MAPPING_UNDECLARED,
                .uncertainty_ms = 2 * TIME_SECOND,
                .longest_session_ms = 24 * TIME_HOUR,
                .longest_block_ms = 30 * TIME_DAY,
        };
        size_t length = strnlen(name, sizeof realm.name - 1);
        memcpy(realm.name, name, length);
        return realm;
}

struct exporter_settings exporter_defaults(const char *name, const char *realm)
{
        struct exporter_settings exporter = {
                .loss = LOSS_AUTOMATIC,
                .delay_ms = TIME_SECOND,
                .heartbeat_ms = TIME_MINUTE,
                .rate = 200000,
        };
        memcpy(exporter.name, name, strnlen(name, sizeof exporter.name - 1));
        memcpy(exporter.realm, realm, strnlen(realm, sizeof exporter.realm - 1));
        return exporter;
}
