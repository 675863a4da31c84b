/* SPDX-License-Identifier: EUPL-1.2 */
/* The grammar of what a live node is told: [node] and [listener NAME]. */
#include "base/time.h"
#include "settings/key.h"

#include <string.h>

#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)
#define TIB (INT64_C(1) << 40)

static const struct key_choice confine_choices[] = {
        {"on", NODE_CONFINE_ON},
        {"off-landlock", NODE_WITHOUT_LANDLOCK},
        {"off-seccomp", NODE_WITHOUT_SECCOMP},
        {"off", NODE_CONFINE_OFF},
        {NULL, 0},
};

static const struct key_choice transport_choices[] = {
        {"udp", LISTENER_UDP},
        {"tcp", LISTENER_TCP},
        {"tls", LISTENER_TLS},
        {"radius", LISTENER_RADIUS},
        {"conntrack", LISTENER_CONNTRACK},
        {NULL, 0},
};

static const struct key_choice content_choices[] = {
        {"flow", CONTENT_FLOW}, {"syslog", CONTENT_SYSLOG}, {NULL, 0}};
static const struct key_choice no_yes[] = {{"no", false}, {"yes", true}, {NULL, 0}};

#define NODE(member) offsetof(struct node_settings, member)
#define LISTENER(member) offsetof(struct listener_settings, member)

static const struct key node_table[] = {
        {.name = "organisation",
                .kind = KEY_TEXT,
                .offset = NODE(organisation),
                .most = SETTINGS_ORGANISATION_MAX - 1,
                .example = "Example Networks Ltd.",
                .help = "Who runs the node, as it is to stand in what leaves the house."},
        {.name = "collect-user",
                .kind = KEY_USER,
                .offset = NODE(collect_user),
                .example = "rogatory-collect",
                .help = "Whom the process becomes that reads what comes from the network: a user that owns "
                        "nothing.\n"
                        "Needed where the node is started as root; otherwise it stays who it is."},
        {.name = "store-user",
                .kind = KEY_USER,
                .offset = NODE(store_user),
                .example = "rogatory",
                .help = "Whom the process becomes that keeps the store: the account that owns its folder."},
        {.name = "ask-group",
                .kind = KEY_GROUP,
                .offset = NODE(ask_group),
                .example = "rogatory-ask",
                .help = "Whose members may ask the node. Nothing by default: the node's own account alone. "
                        "Every\n"
                        "question is recorded with who asked."},
        {.name = "ask-socket",
                .kind = KEY_PATH,
                .offset = NODE(ask_socket),
                .most = SETTINGS_SOCKET_PATH_MAX - 1,
                .file = SETTINGS_FILE_SOCKET,
                .example = "/run/rogatory/ask.socket",
                .help = "Where the node is asked. Nothing by default: ask.socket in the store's folder."},
        {.name = "metrics",
                .kind = KEY_ENDPOINT,
                .offset = NODE(metrics),
                .example = "127.0.0.1:9464",
                .help = "Address and port at which metrics (Prometheus), health and readiness are served "
                        "over HTTP, to\n"
                        "whoever reaches it. Nothing by default: not at all."},
        {.name = "sync-interval",
                .kind = KEY_DURATION,
                .offset = NODE(sync_interval_ms),
                .least = 10,
                .most = TIME_MINUTE,
                .help = "What came is on the disk after at most this long: so much can a power failure "
                        "cost."},
        {.name = "memory",
                .kind = KEY_SIZE,
                .offset = NODE(memory),
                .least = 16 * MIB,
                .most = TIB,
                .help = "What live hours may take in memory. Above it they are merged into the store early."},
        {.name = "journal-limit",
                .kind = KEY_SIZE,
                .offset = NODE(journal_limit),
                .least = 64 * MIB,
                .most = 64 * TIB,
                .help = "How large the journal may grow on the disk. Above it nothing is taken, and that is "
                        "a "
                        "gap."},
        {.name = "disk-reserve",
                .kind = KEY_SIZE,
                .offset = NODE(disk_reserve),
                .least = 16 * MIB,
                .most = 64 * TIB,
                .help = "With less than this free on the disk nothing is taken, and that is a gap; questions "
                        "are still\n"
                        "answered, and taking resumes by itself."},
        {.name = "merge-delay",
                .kind = KEY_DURATION,
                .offset = NODE(merge_delay_ms),
                .least = TIME_SECOND,
                .most = TIME_HOUR,
                .help = "How long after its end an hour is merged into the store: late records come in this "
                        "time."},
        {.name = "confine",
                .kind = KEY_CHOICE,
                .offset = NODE(confine),
                .choices = confine_choices,
                .help = "on: a process that cannot be confined to its files and system calls (Landlock, "
                        "seccomp) does\n"
                        "not start. off-landlock, off-seccomp, off: it does without, and says so."},
        {.name = "journal-key",
                .kind = KEY_SOURCES,
                .offset = NODE(journal_key),
                .example = "file:/etc/rogatory/journal.key",
                .help = "Where the key comes from that the journal is sealed by, as the key of a realm. none "
                        "(the\n"
                        "default): it is stored as it is, until its hours are merged."},
};

static const struct key listener_table[] = {
        {.name = "transport",
                .kind = KEY_CHOICE,
                .offset = LISTENER(transport),
                .choices = transport_choices,
                .example = "udp",
                .help = "How messages come. It must be said.\n"
                        "  udp        IPFIX, NetFlow v9 or syslog in datagrams\n"
                        "  tcp        IPFIX or syslog (RFC 6587) in a stream\n"
                        "  tls        the same over TLS (RFC 7011 section 10.4, RFC 5425)\n"
                        "  radius     RADIUS accounting (RFC 2866), which is answered\n"
                        "  conntrack  events of this machine's own NAT"},
        {.name = "content",
                .kind = KEY_CHOICE,
                .offset = LISTENER(content),
                .choices = content_choices,
                .example = "flow",
                .help = "What comes by udp, tcp or tls, and must be said there: flow (IPFIX, NetFlow v9) or "
                        "syslog."},
        {.name = "address",
                .kind = KEY_ADDRESS,
                .offset = LISTENER(address),
                .help = "Where it listens. 0.0.0.0 is every IPv4 address of this machine, :: every IPv6 "
                        "address; for\n"
                        "both there are two listeners."},
        {.name = "port",
                .kind = KEY_PORT,
                .offset = LISTENER(port),
                .example = "4739",
                .help = "The port, which must be said: 4739 is that of IPFIX, 2055 often that of NetFlow, "
                        "514 that of\n"
                        "syslog, 6514 that of syslog over TLS, 1813 that of RADIUS accounting."},
        {.name = "exporter",
                .elsewhere = "nat-1",
                .kind = KEY_NAME,
                .offset = LISTENER(exporter),
                .help = "conntrack: the exporter whose events they are."},
        {.name = "buffer",
                .kind = KEY_SIZE,
                .offset = LISTENER(buffer),
                .least = 64 * KIB,
                .most = GIB,
                .help = "What the kernel keeps for it while the node is busy or starts again. More than the "
                        "system's\n"
                        "net.core.rmem_max is granted only to a node that was started as root."},
        {.name = "connections",
                .elsewhere = "1024",
                .kind = KEY_COUNT,
                .offset = LISTENER(connections),
                .least = 1,
                .most = 1000000,
                .help = "tcp, tls: how many connections are open at once. More are closed at once, and "
                        "counted."},
        {.name = "idle",
                .elsewhere = "1h",
                .kind = KEY_DURATION,
                .offset = LISTENER(idle_ms),
                .least = TIME_SECOND,
                .most = 7 * TIME_DAY,
                .help = "tcp, tls: a connection that is silent for so long is closed."},
        {.name = "certificate",
                .elsewhere = "/etc/rogatory/node.pem",
                .kind = KEY_PATH,
                .offset = LISTENER(certificate),
                .most = SETTINGS_PATH_MAX - 1,
                .file = SETTINGS_FILE_CERTIFICATES,
                .help = "tls: the file (PEM) of the node's certificate, with those that lead to its "
                        "authority."},
        {.name = "key",
                .elsewhere = "/etc/rogatory/node.key",
                .kind = KEY_PATH,
                .offset = LISTENER(key),
                .most = SETTINGS_PATH_MAX - 1,
                .file = SETTINGS_FILE_PRIVATE_KEY,
                .help = "tls: the file (PEM) of its private key, readable by nobody else."},
        {.name = "authorities",
                .elsewhere = "/etc/rogatory/exporters.pem",
                .kind = KEY_PATH,
                .offset = LISTENER(authorities),
                .most = SETTINGS_PATH_MAX - 1,
                .file = SETTINGS_FILE_CERTIFICATES,
                .help = "tls: the file (PEM) of the authorities that sign senders' certificates. Without it "
                        "no\n"
                        "certificate is asked for, and addresses alone say who sends."},
        {.name = "tls12",
                .elsewhere = "no",
                .kind = KEY_SWITCH,
                .offset = LISTENER(tls12),
                .choices = no_yes,
                .help = "tls: yes lets senders in that do not speak TLS 1.3."},
};

const struct key_table *node_keys(void)
{
        static const struct key_table table = {
                "node", "the node section", node_table, sizeof node_table / sizeof node_table[0]};
        _Static_assert(sizeof node_table / sizeof node_table[0] <= KEYS_MAX, "a line for each key");
        return &table;
}

const struct key_table *listener_keys(void)
{
        static const struct key_table table = {"listener", "a listener section", listener_table,
                sizeof listener_table / sizeof listener_table[0]};
        _Static_assert(sizeof listener_table / sizeof listener_table[0] <= KEYS_MAX, "a line for each key");
        return &table;
}

struct node_settings node_defaults(void)
{
        return (struct node_settings){
                .sync_interval_ms = TIME_SECOND,
                .memory = (uint64_t)GIB,
                .journal_limit = (uint64_t)(64 * GIB),
                .disk_reserve = (uint64_t)GIB,
                .merge_delay_ms = 2 * TIME_MINUTE,
        };
}

struct listener_settings listener_defaults(const char *name)
{
        struct listener_settings listener = {
                .address = address_from_ipv4(0),
                .buffer = (uint64_t)(32 * MIB),
                .connections = 1024,
                .idle_ms = TIME_HOUR,
        };
        memcpy(listener.name, name, strnlen(name, sizeof listener.name - 1));
        return listener;
}

bool listener_is_datagrams(const struct listener_settings *listener)
{
        return listener->transport == LISTENER_UDP || listener->transport == LISTENER_RADIUS;
}

bool listener_is_streams(const struct listener_settings *listener)
{
        return listener->transport == LISTENER_TCP || listener->transport == LISTENER_TLS;
}

const char *listener_transport_name(enum listener_transport transport)
{
        for (const struct key_choice *choice = transport_choices; choice->word; choice++)
                if (choice->value == (int)transport)
                        return choice->word;
        return "-";
}
