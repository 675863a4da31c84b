/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_PROXY_TEST_H
#define ROGATORY_EXCHANGED_PROXY_TEST_H

/* For tests: a bad network before a node. A process listens where the directory says that the node is, and
 * passes on what comes, in both directions, as badly as it is told: it cuts, resets, stalls, delays and
 * truncates at random places, lets nothing through, or only so much a second. */

#include "os/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROXY_PAIRS_MAX 128
#define PROXY_PIECE 16384

enum proxy_mode { PROXY_GOOD, PROXY_BAD, PROXY_DOWN };

/* Shared with the process: what it shall do, what it did. */
struct proxy_orders {
        _Atomic int mode;
        _Atomic unsigned bytes_per_s; /* 0: as fast as it goes */
        _Atomic unsigned stall_ms;    /* of a stalled connection, until it is reset */
        _Atomic unsigned connections, faults;
        _Atomic uint64_t bytes;
};

struct proxy {
        pid_t pid;
        uint16_t port; /* where it listens */
        struct proxy_orders *orders;
};

/* What befalls one connection, chosen when it is made. */
enum proxy_fault { FAULT_NONE, FAULT_RESET, FAULT_CLOSE, FAULT_HALF, FAULT_STALL, FAULT_DELAY, FAULTS };

struct proxy_pair {
        int ends[2]; /* who knocked, the node; -1: free */
        enum proxy_fault fault;
        uint64_t after; /* bytes in both directions, until it strikes */
        uint64_t passed;
        int64_t until_ms; /* nothing is passed on before; steady clock */
        bool over[2];     /* this end sends no more */
        bool struck;
};

static inline void proxy_close(struct proxy_pair *pair, bool reset)
{
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

        for (unsigned i = 0; i < 2; i++) {
                if (reset)
                        setsockopt(pair->ends[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
                close(pair->ends[i]);
                pair->ends[i] = -1;
        }
}

static inline void proxy_accept(
        struct proxy_orders *orders, int listener, uint16_t to, struct proxy_pair *pairs)
{
        struct sockaddr_in at = {
                .sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int end = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        struct proxy_pair *pair = NULL;

        for (unsigned i = 0; end >= 0 && !pair && i < PROXY_PAIRS_MAX; i++)
                if (pairs[i].ends[0] < 0)
                        pair = &pairs[i];
        if (end < 0)
                return;
        orders->connections++;
        int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (!pair || orders->mode == PROXY_DOWN || connect(other, (struct sockaddr *)&at, sizeof at) < 0) {
                struct proxy_pair none = {.ends = {end, other}};
                proxy_close(&none, true);
                return;
        }
        *pair = (struct proxy_pair){.ends = {end, other}};
        if (orders->mode == PROXY_BAD && random() % 3 > 0) {
                pair->fault = 1 + (unsigned)random() % (FAULTS - 1);
                /* As often within the handshake as within the body. */
                pair->after = (uint64_t)random() % (1u << (4 + random() % 11));
        }
        fcntl(end, F_SETFL, O_NONBLOCK);
        fcntl(other, F_SETFL, O_NONBLOCK);
}

/* true where the connection is gone. */
static inline bool proxy_strike(struct proxy_orders *orders, struct proxy_pair *pair, int64_t now_ms)
{
        if (pair->fault == FAULT_NONE || pair->struck || pair->passed < pair->after)
                return false;
        pair->struck = true;
        orders->faults++;
        switch (pair->fault) {
        case FAULT_RESET:
        case FAULT_CLOSE:
                proxy_close(pair, pair->fault == FAULT_RESET);
                return true;
        case FAULT_HALF: /* one side hears the end, the other goes on for a while */
                shutdown(pair->ends[random() % 2], SHUT_RDWR);
                return false;
        case FAULT_STALL:
                pair->until_ms = now_ms + orders->stall_ms;
                return false;
        default:
                pair->until_ms = now_ms + random() % 300;
                return false;
        }
}

/* Blocking to the other end's pace is fine: it is on this machine. */
static inline bool proxy_write(int end, const char *bytes, size_t length)
{
        while (length > 0) {
                ssize_t n = send(end, bytes, length, MSG_NOSIGNAL);
                if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                        struct pollfd wait = {.fd = end, .events = POLLOUT};
                        if (poll(&wait, 1, 5000) <= 0)
                                return false;
                        continue;
                }
                if (n <= 0)
                        return false;
                bytes += n;
                length -= (size_t)n;
        }
        return true;
}

static inline void proxy_pass(struct proxy_orders *orders, struct proxy_pair *pair, unsigned from)
{
        unsigned pace = orders->bytes_per_s;
        size_t most = pace && pace / 20 < PROXY_PIECE ? pace / 20 + 1 : PROXY_PIECE;
        char bytes[PROXY_PIECE];

        if (pair->fault != FAULT_NONE && !pair->struck && pair->passed + most > pair->after)
                most = pair->after > pair->passed ? (size_t)(pair->after - pair->passed) : 1;
        ssize_t n = recv(pair->ends[from], bytes, most, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                pair->over[from] = true;
                shutdown(pair->ends[!from], SHUT_WR);
                if (n < 0 || pair->over[!from])
                        proxy_close(pair, n < 0);
                return;
        }
        pair->passed += (uint64_t)n;
        orders->bytes += (uint64_t)n;
        int64_t now_ms = clock_steady_ms();
        if (!proxy_write(pair->ends[!from], bytes, (size_t)n)) {
                proxy_close(pair, true);
                return;
        }
        if (proxy_strike(orders, pair, now_ms))
                return;
        if (pace)
                pair->until_ms = now_ms + (int64_t)n * 1000 / pace;
}

static inline void proxy_turn(
        struct proxy_orders *orders, int listener, uint16_t to, struct proxy_pair *pairs)
{
        struct pollfd waits[1 + 2 * PROXY_PAIRS_MAX];
        int64_t now_ms = clock_steady_ms();

        waits[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++) {
                struct proxy_pair *pair = &pairs[i];
                if (pair->ends[0] >= 0 && orders->mode == PROXY_DOWN)
                        proxy_close(pair, true);
                bool held = pair->until_ms > now_ms;
                if (pair->ends[0] >= 0 && !held && pair->struck && pair->fault == FAULT_STALL)
                        proxy_close(pair, true);
                for (unsigned e = 0; e < 2; e++)
                        waits[1 + 2 * i + e] = (struct pollfd){
                                .fd = held || pair->over[e] ? -1 : pair->ends[e], .events = POLLIN};
        }
        if (poll(waits, 1 + 2 * PROXY_PAIRS_MAX, 5) <= 0)
                return;
        for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++)
                for (unsigned e = 0; e < 2; e++)
                        if (waits[1 + 2 * i + e].revents && pairs[i].ends[0] >= 0 && !pairs[i].over[e])
                                proxy_pass(orders, &pairs[i], e);
        if (waits[0].revents & POLLIN)
                proxy_accept(orders, listener, to, pairs);
}

/* Listens at `port` and passes on to `to`. */
static inline void proxy_start(struct proxy *proxy, uint16_t port, uint16_t to, unsigned seed)
{
        static struct proxy_pair pairs[PROXY_PAIRS_MAX];
        struct sockaddr_in at = {
                .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 64) < 0)
                abort();
        *proxy = (struct proxy){.port = port};
        proxy->orders =
                mmap(NULL, sizeof *proxy->orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (proxy->orders == MAP_FAILED)
                abort();
        proxy->orders->stall_ms = 500;
        proxy->pid = fork();
        if (proxy->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
                srandom(seed);
                for (unsigned i = 0; i < PROXY_PAIRS_MAX; i++)
                        pairs[i].ends[0] = pairs[i].ends[1] = -1;
                for (;;)
                        proxy_turn(proxy->orders, listener, to, pairs);
        }
        close(listener);
}

static inline void proxy_stop(struct proxy *proxy)
{
        if (proxy->pid <= 0)
                return;
        kill(proxy->pid, SIGKILL);
        waitpid(proxy->pid, NULL, 0);
        munmap(proxy->orders, sizeof *proxy->orders);
        *proxy = (struct proxy){.pid = 0};
}

#endif
