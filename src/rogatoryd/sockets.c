/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatoryd/sockets.h"

#include "os/log.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING_CONNECTIONS 512

static int refused(const struct node_socket *wanted, const char *what, struct error *error)
{
        char text[ADDRESS_TEXT_MAX];
        int code = errno;
        return error_set(error, -code, "%s: cannot listen on %s, port %u: %s: %s", wanted->name,
                address_is_none(&wanted->address) ? "::" : address_format(&wanted->address, text),
                wanted->port, what, strerrordesc_np(code));
}

/* --- Sockets of the network --- */

static socklen_t write_address(const struct node_socket *wanted, struct sockaddr_storage *ret)
{
        memset(ret, 0, sizeof *ret);
        if (address_is_ipv4(&wanted->address)) {
                struct sockaddr_in *ipv4 = (struct sockaddr_in *)ret;
                ipv4->sin_family = AF_INET;
                ipv4->sin_port = htons(wanted->port);
                ipv4->sin_addr.s_addr = htonl(address_ipv4(&wanted->address));
                return sizeof *ipv4;
        }
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)ret;
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(wanted->port);
        memcpy(ipv6->sin6_addr.s6_addr, wanted->address.bytes, sizeof wanted->address.bytes);
        return sizeof *ipv6;
}

/* Above the system's limit with CAP_NET_ADMIN, else up to it. What is not granted is said. */
static void ask_for_buffer(const struct node_socket *wanted)
{
        int bytes = (int)(wanted->buffer > INT32_MAX / 2 ? INT32_MAX / 2 : wanted->buffer), granted = 0;
        socklen_t length = sizeof granted;

        if (bytes == 0)
                return;
        if (setsockopt(wanted->socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0)
                (void)setsockopt(wanted->socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
        /* The kernel reports twice what holds data (socket(7)). */
        if (getsockopt(wanted->socket, SOL_SOCKET, SO_RCVBUF, &granted, &length) == 0 && granted / 2 < bytes)
                log_event(LOG_CAUTION, "buffer-smaller",
                        "listener=%s wanted=%d granted=%d text=\"raise net.core.rmem_max, or more is lost "
                        "while the node is busy\"",
                        wanted->name, bytes, granted / 2);
}

/* IPv4 and IPv6 have sockets of their own, so that a socket takes what its section says. */
static int open_network(struct node_socket *wanted, struct error *error)
{
        struct sockaddr_storage at;
        socklen_t length = write_address(wanted, &at);
        const int on = 1;
        int r = 0;

        wanted->socket = socket(at.ss_family, wanted->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (wanted->socket < 0)
                return refused(wanted, "no socket", error);
        if (at.ss_family == AF_INET6 &&
                setsockopt(wanted->socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
                r = refused(wanted, "IPV6_V6ONLY", error);
        else if (wanted->type == SOCK_STREAM &&
                 setsockopt(wanted->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
                r = refused(wanted, "SO_REUSEADDR", error);
        else if (bind(wanted->socket, (struct sockaddr *)&at, length) < 0)
                r = refused(wanted, "bind", error);
        else if (wanted->type == SOCK_STREAM && listen(wanted->socket, WAITING_CONNECTIONS) < 0)
                r = refused(wanted, "listen", error);
        if (r < 0)
                close(wanted->socket);
        else
                ask_for_buffer(wanted);
        return r;
}

/* --- The socket of questions --- */

/* One that is left from a node that was killed is removed; one that answers is another node's. */
static int clear_place(const char *path, struct error *error)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        struct stat status;
        bool answers = false;

        if (lstat(path, &status) < 0)
                return errno == ENOENT ? 0 : error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (!S_ISSOCK(status.st_mode))
                return error_set(error, -EEXIST, "%s: is there already and no socket; remove it", path);
        memcpy(at.sun_path, path, strlen(path) + 1);
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (probe >= 0) {
                answers = connect(probe, (struct sockaddr *)&at, sizeof at) == 0 || errno == EAGAIN;
                close(probe);
        }
        if (answers)
                return error_set(
                        error, -EADDRINUSE, "%s: another node listens here; one store has one node", path);
        if (unlink(path) < 0)
                return error_set(error, -errno, "%s: cannot be removed: %s", path, strerrordesc_np(errno));
        return 0;
}

/* Nobody reaches it before its rights are what they are to be. */
static int open_ask(
        struct node_socket *wanted, const char *path, uid_t owner, gid_t group, struct error *error)
{
        struct sockaddr_un at = {.sun_family = AF_UNIX};
        mode_t mode = group == (gid_t)-1 ? 0600 : 0660;

        int r = clear_place(path, error);
        if (r < 0)
                return r;
        memcpy(at.sun_path, path, strlen(path) + 1);
        wanted->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        mode_t before = umask(0177);
        bool bound = wanted->socket >= 0 && bind(wanted->socket, (struct sockaddr *)&at, sizeof at) == 0;
        umask(before);
        if (!bound || ((owner != (uid_t)-1 || group != (gid_t)-1) && lchown(path, owner, group) < 0) ||
                chmod(path, mode) < 0 || listen(wanted->socket, WAITING_CONNECTIONS) < 0) {
                r = error_set(error, -errno, "%s: the socket for questions cannot be made: %s", path,
                        strerrordesc_np(errno));
                if (bound)
                        unlink(path);
                if (wanted->socket >= 0)
                        close(wanted->socket);
        }
        return r;
}

/* --- What is handed over --- */

int sockets_take(struct sockets *sockets, struct error *error)
{
        return notify_sockets(sockets->handed, &sockets->handed_count, error);
}

static int take_handed(
        const struct sockets *sockets, struct node_socket *wanted, bool *ret_taken, struct error *error)
{
        const char *name = wanted->use == SOCKET_LISTENER ? wanted->name
                           : wanted->use == SOCKET_ASK    ? SOCKET_NAME_ASK
                                                          : SOCKET_NAME_METRICS;
        int type = 0, listens = 0;
        socklen_t length = sizeof type;

        *ret_taken = false;
        for (size_t i = 0; i < sockets->handed_count; i++) {
                if (strcmp(sockets->handed[i].name, name) != 0)
                        continue;
                int handed = sockets->handed[i].socket;
                if (getsockopt(handed, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != wanted->type)
                        return error_set(error, -EINVAL,
                                "%s: what the service manager handed over under this name is no socket for "
                                "%s",
                                name, wanted->type == SOCK_STREAM ? "streams" : "datagrams");
                length = sizeof listens;
                if (type == SOCK_STREAM &&
                        (getsockopt(handed, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) < 0 || !listens))
                        return error_set(
                                error, -EINVAL, "%s: the socket that was handed over does not listen", name);
                wanted->socket = handed;
                wanted->handed_over = true;
                ask_for_buffer(wanted);
                *ret_taken = true;
                return 0;
        }
        return 0;
}

/* A name that nobody is configured for is a mistake on one of the two sides. */
static void say_unused(const struct sockets *sockets)
{
        char quoted[LOG_QUOTED_MAX];

        for (size_t i = 0; i < sockets->handed_count; i++) {
                bool used = false;
                for (size_t j = 0; j < sockets->count; j++)
                        used = used || sockets->items[j].socket == sockets->handed[i].socket;
                if (!used)
                        log_event(LOG_CAUTION, "socket-unused",
                                "name=%s text=\"the service manager handed it over and no listener has this "
                                "name\"",
                                log_quote(sockets->handed[i].name, quoted));
        }
}

/* --- All of them --- */

static bool is_same(const struct node_socket *a, const struct node_socket *b)
{
        return a->use == b->use && a->type == b->type && a->port == b->port &&
               address_compare(&a->address, &b->address) == 0;
}

static void list_wanted(const struct setting *setting, struct sockets *ret)
{
        const struct settings *settings = &setting->settings;

        ret->count = 0;
        for (size_t i = 0; i < settings->listener_count; i++) {
                const struct listener_settings *listener = &settings->listeners[i];
                if (listener->transport == LISTENER_CONNTRACK)
                        continue;
                struct node_socket *wanted = &ret->items[ret->count++];
                *wanted = (struct node_socket){.use = SOCKET_LISTENER,
                        .listener = i,
                        .type = listener_is_datagrams(listener) ? SOCK_DGRAM : SOCK_STREAM,
                        .address = listener->address,
                        .port = listener->port,
                        .buffer = listener_is_datagrams(listener) ? listener->buffer : 0};
                memcpy(wanted->name, listener->name, sizeof wanted->name);
        }
        ret->items[ret->count++] =
                (struct node_socket){.use = SOCKET_ASK, .name = SOCKET_NAME_ASK, .type = SOCK_STREAM};
        if (settings->node.metrics.port)
                ret->items[ret->count++] = (struct node_socket){.use = SOCKET_METRICS,
                        .name = SOCKET_NAME_METRICS,
                        .type = SOCK_STREAM,
                        .address = settings->node.metrics.address,
                        .port = settings->node.metrics.port};
}

static const struct node_socket *find_open(const struct sockets *sockets, const struct node_socket *wanted)
{
        for (size_t i = 0; i < sockets->count; i++)
                if (!sockets->items[i].handed_over && is_same(&sockets->items[i], wanted))
                        return &sockets->items[i];
        return NULL;
}

static bool has(const struct sockets *sockets, int socket)
{
        for (size_t i = 0; i < sockets->count; i++)
                if (sockets->items[i].socket == socket)
                        return true;
        return false;
}

static void reuse(struct node_socket *wanted, const struct node_socket *open)
{
        wanted->socket = open->socket;
        if (wanted->buffer != open->buffer)
                ask_for_buffer(wanted);
}

/* Closes what `from` has and `kept` has not. */
static void close_others(const struct sockets *from, const struct sockets *kept)
{
        for (size_t i = 0; i < from->count; i++)
                if (!from->items[i].handed_over && !has(kept, from->items[i].socket))
                        close(from->items[i].socket);
}

int sockets_open(
        struct sockets *sockets, const struct setting *setting, uid_t owner, gid_t group, struct error *error)
{
        struct sockets next = *sockets;
        int r = 0;

        list_wanted(setting, &next);
        size_t wanted = next.count;
        for (next.count = 0; r == 0 && next.count < wanted; next.count += r == 0) {
                struct node_socket *one = &next.items[next.count];
                const struct node_socket *open = find_open(sockets, one);
                bool taken = false;
                r = take_handed(sockets, one, &taken, error);
                if (r < 0 || taken)
                        continue;
                if (open)
                        reuse(one, open);
                else
                        r = one->use == SOCKET_ASK ? open_ask(one, setting->ask_path, owner, group, error)
                                                   : open_network(one, error);
        }
        if (r < 0) {
                close_others(&next, sockets);
                return r;
        }
        close_others(sockets, &next);
        *sockets = next;
        say_unused(sockets);
        return 0;
}

void sockets_close(struct sockets *sockets, const struct setting *setting)
{
        for (size_t i = 0; i < sockets->count; i++) {
                const struct node_socket *one = &sockets->items[i];
                if (one->handed_over)
                        continue;
                if (one->use == SOCKET_ASK)
                        unlink(setting->ask_path);
                close(one->socket);
        }
        sockets->count = 0;
}
