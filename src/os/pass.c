/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/pass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int pass_connect(const char *path, int *ret_socket, struct error *error)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        size_t length = strlen(path);

        if (length >= sizeof address.sun_path)
                return error_set(error, -ENAMETOOLONG, "%s: is too long for the name of a socket", path);
        memcpy(address.sun_path, path, length);
        int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s < 0)
                return error_set(error, -errno, "%s: %s", path, strerrordesc_np(errno));
        if (connect(s, (const struct sockaddr *)&address, sizeof address) < 0) {
                int code = errno;
                close(s);
                return error_set(error, -code, "%s: %s", path, strerrordesc_np(code));
        }
        *ret_socket = s;
        return 0;
}

int pass_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count,
        struct error *error)
{
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(PASS_DESCRIPTORS_MAX * sizeof(int))];
        } control = {0};
        struct iovec piece = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = length};
        struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};

        if (length == 0 || length > PASS_BYTES_MAX || count > PASS_DESCRIPTORS_MAX)
                return error_set(error, -EMSGSIZE, "what is asked is longer than %u bytes", PASS_BYTES_MAX);
        if (count > 0) {
                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(count * sizeof(int));
                struct cmsghdr *head = CMSG_FIRSTHDR(&message);
                head->cmsg_level = SOL_SOCKET;
                head->cmsg_type = SCM_RIGHTS;
                head->cmsg_len = CMSG_LEN(count * sizeof(int));
                memcpy(CMSG_DATA(head), descriptors, count * sizeof(int));
        }
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0)
                return error_set(error, -errno, "it cannot be asked: %s", strerrordesc_np(errno));
        return (size_t)sent == length ? 0 : error_set(error, -EMSGSIZE, "it cannot be asked at once");
}

/* Takes what descriptors came, and closes those that are too many. */
static size_t take_descriptors(struct msghdr *message, int *ret, size_t most)
{
        size_t found = 0;

        for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
                if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
                        continue;
                size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int descriptor;
                        memcpy(&descriptor, CMSG_DATA(head) + i * sizeof descriptor, sizeof descriptor);
                        if (found < most)
                                ret[found] = descriptor;
                        else
                                close(descriptor);
                        found++;
                }
        }
        return found;
}

int pass_receive(int socket, void *bytes, size_t size, size_t *ret_length, int *ret_descriptors, size_t count,
        struct error *error)
{
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(PASS_DESCRIPTORS_MAX * sizeof(int))];
        } control;
        struct iovec piece = {.iov_base = bytes, .iov_len = size};
        struct msghdr message = {.msg_iov = &piece,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof control.bytes};

        ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (got < 0)
                return error_set(error, -errno, "nothing can be received: %s", strerrordesc_np(errno));
        if (got == 0)
                return error_set(error, -ECONNRESET, "the asker went away");
        size_t found = take_descriptors(&message, ret_descriptors, count);
        if (found == count && !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
                *ret_length = (size_t)got;
                return 0;
        }
        for (size_t i = 0; i < found && i < count; i++)
                close(ret_descriptors[i]);
        return error_set(error, -EPROTO, "it came with %zu descriptors and not with %zu", found, count);
}

int pass_peer(int socket, struct pass_peer *ret_peer, struct error *error)
{
        struct ucred peer;
        socklen_t length = sizeof peer;

        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
                return error_set(
                        error, -errno, "the kernel does not say who asks: %s", strerrordesc_np(errno));
        *ret_peer = (struct pass_peer){.uid = peer.uid, .pid = peer.pid};
        return 0;
}
