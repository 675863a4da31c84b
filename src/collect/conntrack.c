/* SPDX-License-Identifier: EUPL-1.2 */
/* The kernel's own account of a NAT (netlink(7), ctnetlink): every opening and every end, as it comes. The
 * kernel never waits for a listener. Where the buffer is full it drops, says so once (ENOBUFS), and goes on
 * dropping until the buffer was emptied; how much, is counted with the socket. */
#include "collect/collector_state.h"
#include "os/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#define EVENTS_SETTING "/proc/sys/net/netfilter/nf_conntrack_events"

static int failed(struct error *error, const char *what)
{
        int code = errno;

        return error_set(error, -code, "Cannot listen to conntrack: %s: %s", what, strerrordesc_np(code));
}

/* ---- opening ---- */

/* A thread of its own enters the namespace, because that is a thread's and could not be left for certain. */
struct opening {
        const struct collect_conntrack *wanted;
        int socket; /* -1: one is to be made */
        int result;
        struct error error;
};

static int enter(const char *network, struct error *error)
{
        int namespace = open(network, O_RDONLY | O_CLOEXEC);
        if (namespace < 0)
                return failed(error, network);
        int r = setns(namespace, CLONE_NEWNET) < 0 ? failed(error, network) : 0;
        close(namespace);
        return r;
}

/* 2, the default of Linux, gives entries that are made while nobody listens no means to tell their end, ever
 * (nf_conntrack_ecache.c). */
static int check_ends_are_told(struct error *error)
{
        char value = '\0';

        int file = open(EVENTS_SETTING, O_RDONLY | O_CLOEXEC);
        if (file < 0 || read(file, &value, 1) != 1) {
                int r = failed(error, EVENTS_SETTING);
                if (file >= 0)
                        close(file);
                return r;
        }
        close(file);
        if (value == '1')
                return 0;
        return error_set(error, -EINVAL,
                "Cannot list what exists in conntrack: net.netfilter.nf_conntrack_events is %c, so the "
                "kernel "
                "tells no end of what began while nobody listened; set it to 1 before the first connection, "
                "or "
                "do without the listing",
                value);
}

/* A socket that has no name yet is told nothing, whatever groups it is a member of. */
static int make_socket(int *ret_socket, struct error *error)
{
        const struct sockaddr_nl any = {.nl_family = AF_NETLINK};

        int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
        if (made < 0)
                return failed(error, "no socket");
        if (bind(made, (const struct sockaddr *)&any, sizeof any) < 0) {
                int r = failed(error, "bind");
                close(made);
                return r;
        }
        *ret_socket = made;
        return 0;
}

static void *open_there(void *context)
{
        struct opening *opening = context;
        const struct collect_conntrack *wanted = opening->wanted;

        opening->result = wanted->network ? enter(wanted->network, &opening->error) : 0;
        if (opening->result == 0 && wanted->list_existing)
                opening->result = check_ends_are_told(&opening->error);
        if (opening->result < 0 || opening->socket >= 0)
                return NULL;
        opening->result = make_socket(&opening->socket, &opening->error);
        return NULL;
}

/* A descriptor that was handed over is looked at, because its maker may have meant something else with it. */
static int check_socket(int socket, struct error *error)
{
        int domain = 0, protocol = 0;
        socklen_t length = sizeof domain, name_length = sizeof(struct sockaddr_nl);
        struct sockaddr_nl name = {0};

        if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 ||
                getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0)
                return failed(error, "the descriptor that was handed over");
        if (domain != AF_NETLINK || protocol != NETLINK_NETFILTER)
                return error_set(error, -EINVAL,
                        "The socket that was handed over is not one of netlink's for netfilter");
        if (getsockname(socket, (struct sockaddr *)&name, &name_length) < 0 || name.nl_pid == 0)
                return error_set(error, -EINVAL, "The netlink socket that was handed over is not bound");
        if (evutil_make_socket_nonblocking(socket) < 0 || evutil_make_socket_closeonexec(socket) < 0)
                return failed(error, "the descriptor that was handed over");
        return 0;
}

int conntrack_open(const struct collect_listener *wanted, int *ret_socket, struct error *error)
{
        struct opening opening = {.wanted = wanted->conntrack, .socket = wanted->socket};
        pthread_t thread;

        if (wanted->socket >= 0) {
                int r = check_socket(wanted->socket, error);
                if (r < 0)
                        return r;
        }
        int code = pthread_create(&thread, NULL, open_there, &opening);
        if (code == 0)
                code = pthread_join(thread, NULL);
        if (code != 0)
                return error_set(
                        error, -code, "Cannot listen to conntrack: no thread: %s", strerrordesc_np(code));
        if (opening.result < 0)
                return error_set(error, opening.result, "%s", opening.error.text);
        *ret_socket = opening.socket;
        return 0;
}

/* ---- reading ---- */

static bool is_from_kernel(const struct sockaddr_storage *from)
{
        struct sockaddr_nl sender;

        memcpy(&sender, from, sizeof sender);
        return sender.nl_family == AF_NETLINK && sender.nl_pid == 0;
}

static void take(struct listening *listening, struct datagram_room *room, size_t i, int64_t now_ms)
{
        const struct collect_sink *sink = &listening->collector->sink;
        const struct collect_message message = {.listener = listening->number,
                .exporter = listening->exporter,
                .receipt_ms = now_ms,
                .bytes = room->bytes[i],
                .length = room->heads[i].msg_len};

        listening->counts.received++;
        listening->counts.bytes += message.length;
        if (!is_from_kernel(&room->sources[i]))
                collect_refuse(listening, COLLECT_UNKNOWN_SENDER, EXPORTER_NOBODY, now_ms);
        else if (message.length == 0)
                collect_refuse(listening, COLLECT_EMPTY, listening->exporter, now_ms);
        else if (room->heads[i].msg_hdr.msg_flags & MSG_TRUNC)
                collect_refuse(listening, COLLECT_TOO_LONG, listening->exporter, now_ms);
        else if (sink->message(sink->context, &message) < 0)
                collect_refuse(listening, COLLECT_NOT_TAKEN, listening->exporter, now_ms);
        else
                listening->counts.delivered++;
}

/* Said once for all that is dropped until the buffer is empty, and also for an event that the kernel had no
 * memory to write, which no counter of the socket's counts. */
static void told_of_loss(struct listening *listening)
{
        uint64_t before = listening->counts.dropped_by_kernel;

        datagrams_look_for_drops(listening);
        if (listening->counts.dropped_by_kernel == before) {
                const struct collect_sink *sink = &listening->collector->sink;
                listening->counts.dropped_by_kernel++;
                if (sink->lost)
                        sink->lost(sink->context, &(struct collect_loss){.listener = listening->number,
                                                          .exporter = listening->exporter,
                                                          .by_kernel = true,
                                                          .count = 1,
                                                          .noticed_ms = clock_now_ms()});
        }
}

static void read_events(evutil_socket_t socket, short what, void *context)
{
        struct listening *listening = context;
        struct collector *collector = listening->collector;
        struct datagram_room *room = collector->room;

        (void)what;
        for (size_t batch = 0; batch < COLLECT_BATCHES_AT_ONCE; batch++) {
                datagram_room_ready(room);
                int got = recvmmsg(socket, room->heads, COLLECT_BATCH, MSG_DONTWAIT, NULL);
                int code = got < 0 ? errno : 0;
                /* Drops are looked for between the time of a batch and its delivery: so what was dropped lies
                 * behind the batch before, and before the notice. */
                int64_t now_ms = clock_now_ms();
                if (code == ENOBUFS)
                        told_of_loss(listening);
                else
                        datagrams_look_for_drops(listening);
                if (code == ENOBUFS)
                        continue;
                if (code && code != EAGAIN && code != EINTR)
                        listening->counts.socket_errors++;
                for (int i = 0; i < got; i++)
                        take(listening, room, (size_t)i, now_ms);
                if (got > 0 && collector->sink.settle)
                        (void)collector->sink.settle(collector->sink.context);
                if (got < (int)COLLECT_BATCH)
                        break;
        }
}

/* ---- beginning ---- */

static bool is_member(int socket, unsigned group)
{
        uint32_t groups[8] = {0};
        socklen_t length = sizeof groups;

        return getsockopt(socket, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, groups, &length) == 0 &&
               groups[(group - 1) / 32] >> (group - 1) % 32 & 1;
}

static int join(int socket, int group, struct error *error)
{
        if (is_member(socket, (unsigned)group) ||
                setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
                return 0;
        return failed(error, "its events may not be heard (CAP_NET_ADMIN)");
}

/* The kernel writes the listing bit by bit, as this socket is read, into the same queue as the events. */
static int ask_for_listing(int socket, struct error *error)
{
        struct {
                struct nlmsghdr head;
                struct nfgenmsg family;
        } request = {.head = {.nlmsg_len = sizeof request,
                             .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
                             .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                             .nlmsg_seq = 1},
                .family = {.nfgen_family = AF_INET, .version = NFNETLINK_V0}};
        const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

        if (sendto(socket, &request, sizeof request, 0, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
                return failed(error, "what exists cannot be asked for");
        return 0;
}

int conntrack_begin(struct listening *listening, const struct collect_conntrack *wanted, struct error *error)
{
        listening->exporter = wanted->exporter;
        int r = join(listening->socket, NFNLGRP_CONNTRACK_NEW, error);
        if (r == 0)
                r = join(listening->socket, NFNLGRP_CONNTRACK_DESTROY, error);
        /* After the events: what begins meanwhile is told twice rather than never. */
        if (r == 0 && wanted->list_existing)
                r = ask_for_listing(listening->socket, error);
        if (r < 0)
                return r;
        listening->readable = event_new(
                listening->collector->base, listening->socket, EV_READ | EV_PERSIST, read_events, listening);
        if (!listening->readable || event_add(listening->readable, NULL) < 0)
                return error_set(error, -ENOMEM, "Not enough memory for a listener");
        return 0;
}
