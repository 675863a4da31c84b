/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/alive.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void alive_say(int descriptor, char what)
{
        int kept = errno;

        /* A pair of sockets: a parent that is gone must not end this process by SIGPIPE. */
        if (descriptor >= 0)
                (void)!send(descriptor, &what, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        errno = kept;
}
