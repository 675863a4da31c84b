/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_CAPTURE_H
#define ROGATORY_OS_CAPTURE_H

/* Capture files: pcap, also with nanoseconds, read with libpcap, and pcapng, read by pcapng.c, in which each
 * packet has the link type of its interface. Files only: nothing here opens a network interface. */

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture;

struct captured_packet {
        const uint8_t *bytes; /* borrowed until the next call */
        size_t captured;      /* bytes kept in the file */
        size_t original;      /* bytes the packet had on the wire */
        int64_t time_ms; /* ms since 1970 UTC by the capturing machine's clock; TIME_UNKNOWN where the file
                          * does not say (pcapng's simple packets) */
        uint64_t number; /* from 1, as other tools count */
        int link;        /* the link type, as the pcap format's registry numbers it (LINKTYPE) */
};

/* path "-" reads standard input. 0, -ENOMEM, the errno of opening, or -EBADMSG where it is no capture file.
 */
int capture_open(const char *path, struct capture **ret_capture, struct error *error);

/* The same over an input that is open already (and may have been peeked into; compressed files too). The
 * capture owns the input, also where this fails. */
struct input;
int capture_over(struct input *input, struct capture **ret_capture, struct error *error);
void capture_close(struct capture *capture);

/* The link type of the capture's first interface, as in captured_packet. */
int capture_link(const struct capture *capture);

/* May its packets differ in their link type (pcapng)? */
bool capture_has_interfaces(const struct capture *capture);

/* What libpcap calls a link type ("EN10MB, Ethernet"); its number where it has no name. Returns text. */
#define CAPTURE_LINK_TEXT_MAX 128
char *capture_link_name(int link, char text[CAPTURE_LINK_TEXT_MAX]);

/* 1 with a packet, 0 at the end, or -EBADMSG where the file is damaged from here on (the message names the
 * packet); what came before is sound. */
int capture_next(struct capture *capture, struct captured_packet *ret_packet, struct error *error);

/* Bytes of the file read so far: for progress, and to say where damage lies. -1 where the file cannot tell.
 */
int64_t capture_offset(const struct capture *capture);

#endif
