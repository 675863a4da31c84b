/* SPDX-License-Identifier: EUPL-1.2 */
/* Datagrams, many with one call (recvmmsg), each with the kernel's time of receipt and with the kernel's
 * count of what it had to drop before it. */
#include "collect/collector_state.h"
#include "collect/radius_server.h"
#include "os/clock.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int datagram_room_new(struct datagram_room **ret_room)
{
        struct datagram_room *room = malloc(sizeof *room); /* touched only as far as datagrams reach */

        if (!room)
                return -ENOMEM;
        for (size_t i = 0; i < COLLECT_BATCH; i++)
                room->pieces[i] = (struct iovec){room->bytes[i], COLLECT_DATAGRAM_MAX};
        *ret_room = room;
        return 0;
}

void datagram_room_free(struct datagram_room *room)
{
        free(room);
}

void datagram_room_ready(struct datagram_room *room)
{
        for (size_t i = 0; i < COLLECT_BATCH; i++)
                room->heads[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &room->sources[i],
                                                          .msg_namelen = sizeof room->sources[i],
                                                          .msg_iov = &room->pieces[i],
                                                          .msg_iovlen = 1,
                                                          .msg_control = &room->notes[i],
                                                          .msg_controllen = sizeof room->notes[i]}};
}

void datagrams_dropped(struct listening *listening, uint32_t counter, int64_t now_ms)
{
        const struct collect_sink *sink = &listening->collector->sink;
        uint32_t more = counter - listening->drops_seen; /* the counter wraps, and so does the difference */

        if (more == 0 || more > UINT32_MAX / 2)
                return;
        listening->drops_seen = counter;
        listening->counts.dropped_by_kernel += more;
        struct collect_loss loss = {.listener = listening->number,
                .exporter = listening->exporter,
                .by_kernel = true,
                .count = more,
                .noticed_ms = now_ms};
        if (sink->lost)
                sink->lost(sink->context, &loss);
}

/* SO_RXQ_OVFL speaks only with the next datagram, which may not come for long. While datagrams wait to be
 * read, what was dropped lies behind them: they tell it themselves, in their place. */
void datagrams_look_for_drops(struct listening *listening)
{
        uint32_t memory[SK_MEMINFO_VARS] = {0};
        socklen_t length = sizeof memory;

        if (getsockopt(listening->socket, SOL_SOCKET, SO_MEMINFO, memory, &length) == 0 &&
                length > SK_MEMINFO_DROPS * sizeof *memory && memory[SK_MEMINFO_RMEM_ALLOC] == 0)
                datagrams_dropped(listening, memory[SK_MEMINFO_DROPS], clock_now_ms());
}

/* What the kernel says beside a datagram. */
static void read_notes(struct listening *listening, struct msghdr *head, int64_t *receipt_ms)
{
        for (struct cmsghdr *note = CMSG_FIRSTHDR(head); note; note = CMSG_NXTHDR(head, note)) {
                if (note->cmsg_level != SOL_SOCKET)
                        continue;
                if (note->cmsg_type == SCM_TIMESTAMPNS) {
                        struct timespec time;
                        memcpy(&time, CMSG_DATA(note), sizeof time);
                        *receipt_ms = (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
                } else if (note->cmsg_type == SO_RXQ_OVFL) {
                        uint32_t counter;
                        memcpy(&counter, CMSG_DATA(note), sizeof counter);
                        datagrams_dropped(listening, counter, *receipt_ms);
                }
        }
}

static void take(
        struct listening *listening, struct datagram_room *room, size_t i, int64_t now_ms, int64_t steady_ms)
{
        struct collect_message message = {.listener = listening->number,
                .receipt_ms = now_ms,
                .bytes = room->bytes[i],
                .length = room->heads[i].msg_len};

        listening->counts.received++;
        listening->counts.bytes += message.length;
        read_notes(listening, &room->heads[i].msg_hdr, &message.receipt_ms);
        struct exporter *exporter = NULL;
        if (socket_address_read(&room->sources[i], &message.source, &message.port))
                exporter = exporters_find(listening->collector->exporters, &message.source);
        if (!exporter) {
                exporters_add_stranger(listening->collector->exporters, &message.source, message.receipt_ms);
                collect_refuse(listening, COLLECT_UNKNOWN_SENDER, EXPORTER_NOBODY, message.receipt_ms);
                return;
        }
        message.exporter = exporter->number;
        if (listening->transport == COLLECT_RADIUS)
                radius_take(listening, exporter, &message, &room->heads[i].msg_hdr, steady_ms);
        else
                collect_deliver(listening, exporter, &message, steady_ms);
}

static void read_datagrams(evutil_socket_t socket, short what, void *context)
{
        struct listening *listening = context;
        struct collector *collector = listening->collector;
        int got = COLLECT_BATCH;

        (void)what;
        for (size_t batch = 0; batch < COLLECT_BATCHES_AT_ONCE && got == COLLECT_BATCH; batch++) {
                datagram_room_ready(collector->room);
                got = recvmmsg(socket, collector->room->heads, COLLECT_BATCH, MSG_DONTWAIT, NULL);
                if (got < 0 && errno != EAGAIN && errno != EINTR)
                        listening->counts.socket_errors++;
                if (got <= 0)
                        break;
                int64_t now_ms = clock_now_ms(), steady_ms = clock_steady_ms();
                for (int i = 0; i < got; i++)
                        take(listening, collector->room, (size_t)i, now_ms, steady_ms);
                int settled = collector->sink.settle ? collector->sink.settle(collector->sink.context) : 0;
                if (listening->transport == COLLECT_RADIUS)
                        radius_settle(listening, settled == 0);
        }
}

/* To which of this machine's addresses a request came. A socket has one of the two. */
static void ask_for_destination(int socket)
{
        const int on = 1;

        (void)setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
        (void)setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

int datagrams_begin(struct listening *listening, struct error *error)
{
        const int on = 1;

        if (listening->transport == COLLECT_RADIUS)
                ask_for_destination(listening->socket);

        if (setsockopt(listening->socket, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on) < 0 ||
                setsockopt(listening->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0)
                return error_set(error, -errno,
                        "A listener's losses and times cannot be had from the kernel: %s",
                        strerrordesc_np(errno));
        listening->readable = event_new(listening->collector->base, listening->socket, EV_READ | EV_PERSIST,
                read_datagrams, listening);
        if (!listening->readable || event_add(listening->readable, NULL) < 0)
                return error_set(error, -ENOMEM, "Not enough memory for a listener");
        return 0;
}
