/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_PCAPNG_H
#define ROGATORY_OS_PCAPNG_H

/* Capture files of the pcapng format (draft-ietf-opsawg-pcapng). libpcap reads them too, but refuses a file
 * whose interfaces differ in link type or snapshot length, as soon as two captures were merged or two
 * interfaces captured at once; that is how captures of NATs are made. Used by capture.c only. */

#include "os/capture.h"

#include <stdbool.h>
#include <stdio.h>

#define PCAPNG_INTERFACES_MAX 4096   /* of one section */
#define PCAPNG_BLOCK_MAX (16u << 20) /* bytes of one block */
#define PCAPNG_FIRST_BYTE 0x0a       /* of the file; no pcap file begins with it */

struct pcapng;

/* file is borrowed. 0, -ENOMEM, or -EBADMSG where it is no pcapng file; name is for messages. */
int pcapng_open(FILE *file, const char *name, struct pcapng **ret_pcapng, struct error *error);
void pcapng_close(struct pcapng *pcapng);

/* The link type of the interface that was described last (of the first one before any packet was read); -1
 * where there is none. */
int pcapng_link(const struct pcapng *pcapng);

/* As capture_next. time_ms is TIME_UNKNOWN for packets that have none (simple packet blocks). */
int pcapng_next(struct pcapng *pcapng, struct captured_packet *ret_packet, struct error *error);

#endif
