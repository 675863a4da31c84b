/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_SETTINGS_NODE_H
#define ROGATORY_SETTINGS_NODE_H

/* What a live node is told beside its realms and exporters: the section [node], and one [listener NAME] for
 * each socket that it takes records from. Commands that only read a store do not look at them. */

#include "base/address.h"
#include "base/buffer.h"
#include "settings/key_source.h"

#include <stdint.h>

#define SETTINGS_NAME_MAX                                                                                    \
        64 /* names of realms, exporters, listeners: letters, digits, '.', '-', '_', ':'; with end mark */
#define SETTINGS_PATH_MAX 256         /* with end mark */
#define SETTINGS_ACCOUNT_MAX 33       /* users and groups, useradd(8); with end mark */
#define SETTINGS_HOST_MAX 254         /* RFC 1035 section 2.3.4, as text; with end mark */
#define SETTINGS_ORGANISATION_MAX 128 /* bytes of UTF-8, with end mark */
#define SETTINGS_LISTENERS_MAX 64
#define SETTINGS_SOCKET_PATH_MAX 108 /* sockaddr_un, with end mark */

struct name_list {
        char (*items)[SETTINGS_NAME_MAX]; /* owned by the settings */
        size_t count;
};

struct endpoint {
        struct address address;
        uint16_t port; /* host order; 0: none */
};

/* Bits: what a process does without, in the words of whoever runs the node. */
enum node_confine {
        NODE_CONFINE_ON = 0,
        NODE_WITHOUT_LANDLOCK = 1,
        NODE_WITHOUT_SECCOMP = 2,
        NODE_CONFINE_OFF = NODE_WITHOUT_LANDLOCK | NODE_WITHOUT_SECCOMP,
};

struct node_settings {
        char organisation[SETTINGS_ORGANISATION_MAX]; /* "": not said */
        char collect_user[SETTINGS_ACCOUNT_MAX];      /* "": who the parent is, which must not be root */
        char store_user[SETTINGS_ACCOUNT_MAX];
        char ask_group[SETTINGS_ACCOUNT_MAX];      /* who may ask over the socket; "": the node's own */
        char ask_socket[SETTINGS_SOCKET_PATH_MAX]; /* "": ask.socket in the store's folder */
        struct endpoint metrics;                   /* port 0: none */
        int64_t sync_interval_ms;                  /* sync-interval = 1s */
        uint64_t memory;                           /* bytes of live windows; above it they are merged early */
        uint64_t journal_limit;                    /* bytes of the journal; above it taking stops */
        uint64_t disk_reserve;                     /* bytes; with less free space taking stops */
        int64_t merge_delay_ms;                    /* merge-delay = 2m, after an hour's end */
        enum node_confine confine;
        struct key_sources journal_key; /* what the journal is sealed by; none: it is plain */
};

enum listener_transport {
        LISTENER_UNSAID,
        LISTENER_UDP,
        LISTENER_TCP,
        LISTENER_TLS,
        LISTENER_RADIUS,    /* UDP, with answers */
        LISTENER_CONNTRACK, /* events of this machine's own NAT: no socket is listened on */
};
enum listener_content { CONTENT_UNSAID, CONTENT_FLOW, CONTENT_SYSLOG }; /* unsaid: radius and conntrack */

struct listener_settings {
        char name[SETTINGS_NAME_MAX]; /* FileDescriptorName= of a socket that systemd hands over */
        enum listener_transport transport;
        enum listener_content content;
        struct address address;           /* 0.0.0.0 by default; :: is all of IPv6, and no IPv4 */
        uint16_t port;                    /* host order; 0: conntrack only */
        char exporter[SETTINGS_NAME_MAX]; /* conntrack: whose events they are */
        uint64_t buffer;                  /* bytes of the kernel's receive buffer */
        uint32_t connections;             /* open at once; streams */
        int64_t idle_ms;                  /* without a byte: closed; streams */
        char certificate[SETTINGS_PATH_MAX], key[SETTINGS_PATH_MAX]; /* tls */
        char authorities[SETTINGS_PATH_MAX]; /* tls; "": no certificate is asked of senders */
        bool tls12;
};

/* Is it a socket of datagrams (udp, radius), of streams (tcp, tls)? Neither: conntrack. */
bool listener_is_datagrams(const struct listener_settings *listener);
bool listener_is_streams(const struct listener_settings *listener);
const char *listener_transport_name(enum listener_transport transport); /* "udp" */

#endif
