/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/capture.h"

#include "os/input.h"
#include "os/pcapng.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct capture {
        pcap_t *pcap;          /* owns the file; NULL where it is pcapng */
        struct pcapng *pcapng; /* with the file below, owned */
        FILE *file;
        bool keeps_file; /* standard input stays open */
        uint64_t number;
        int link;
};

/* libpcap's own numbers (DLT) differ between systems for raw IP; files carry LINKTYPE numbers. */
static int link_of(pcap_t *pcap)
{
        int link = pcap_datalink(pcap);

        return link == DLT_RAW ? 101 : link;
}

char *capture_link_name(int link, char text[CAPTURE_LINK_TEXT_MAX])
{
        int number = link == 101 ? DLT_RAW : link;
        const char *name = pcap_datalink_val_to_name(number);
        const char *description = pcap_datalink_val_to_description(number);

        if (name)
                snprintf(text, CAPTURE_LINK_TEXT_MAX, "%s%s%s", name, description ? ", " : "",
                        description ? description : "");
        else
                snprintf(text, CAPTURE_LINK_TEXT_MAX, "number %d", link);
        return text;
}

static int open_pcap(FILE *file, const char *path, struct capture *capture, struct error *error)
{
        char reason[PCAP_ERRBUF_SIZE] = "";
        int first = getc(file);

        if (first != EOF)
                ungetc(first, file);
        if (first == PCAPNG_FIRST_BYTE) {
                int r = pcapng_open(file, path, &capture->pcapng, error);
                if (r < 0)
                        return r;
                capture->file = file;
                capture->keeps_file = file == stdin;
                capture->link = pcapng_link(capture->pcapng);
                return 0;
        }
        capture->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
        if (!capture->pcap)
                return error_set(error, -EBADMSG, "%s: no capture file: %s", path, reason);
        capture->link = link_of(capture->pcap);
        return 0;
}

int capture_open(const char *path, struct capture **ret_capture, struct error *error)
{
        bool is_stdin = strcmp(path, "-") == 0;
        FILE *file = is_stdin ? stdin : fopen(path, "rbe");

        if (!file) {
                int code = -errno;
                return error_set(error, code, "%s: cannot be opened: %s", path, strerror(-code));
        }
        struct capture *capture = calloc(1, sizeof *capture);
        int r = capture ? open_pcap(file, path, capture, error) : -ENOMEM;
        if (r < 0) {
                free(capture);
                if (!is_stdin)
                        fclose(file);
                return r;
        }
        *ret_capture = capture;
        return 0;
}

static ssize_t read_input(void *cookie, char *bytes, size_t length)
{
        struct error ignored = {0};
        ssize_t got = input_read(cookie, bytes, length, &ignored);

        if (got < 0)
                errno = (int)-got;
        return got < 0 ? -1 : got;
}

static int close_input(void *cookie)
{
        input_close(cookie);
        return 0;
}

int capture_over(struct input *input, struct capture **ret_capture, struct error *error)
{
        cookie_io_functions_t functions = {.read = read_input, .close = close_input};
        FILE *file = fopencookie(input, "r", functions);

        if (!file) {
                input_close(input);
                return error_set(error, -ENOMEM, "not enough memory");
        }
        struct capture *capture = calloc(1, sizeof *capture);
        int r = capture ? open_pcap(file, input_name(input), capture, error)
                        : error_set(error, -ENOMEM, "not enough memory");
        if (r < 0) {
                free(capture);
                fclose(file);
                return r;
        }
        *ret_capture = capture;
        return 0;
}

void capture_close(struct capture *capture)
{
        if (!capture)
                return;
        if (capture->pcap)
                pcap_close(capture->pcap);
        pcapng_close(capture->pcapng);
        if (capture->file && !capture->keeps_file)
                fclose(capture->file);
        free(capture);
}

int capture_link(const struct capture *capture)
{
        return capture->link;
}

bool capture_has_interfaces(const struct capture *capture)
{
        return capture->pcapng != NULL;
}

int capture_next(struct capture *capture, struct captured_packet *ret_packet, struct error *error)
{
        struct pcap_pkthdr *header;
        const unsigned char *bytes;

        if (capture->pcapng)
                return pcapng_next(capture->pcapng, ret_packet, error);
        int r = pcap_next_ex(capture->pcap, &header, &bytes);

        if (r == PCAP_ERROR_BREAK)
                return 0;
        if (r != 1)
                return error_set(error, -EBADMSG, "packet %llu: %s; everything before it was read",
                        (unsigned long long)capture->number + 1, pcap_geterr(capture->pcap));
        *ret_packet = (struct captured_packet){
                .bytes = bytes,
                .captured = header->caplen,
                .original = header->len,
                /* tv_usec holds nanoseconds: the precision asked for when the file was opened. */
                .time_ms = (int64_t)header->ts.tv_sec * 1000 + header->ts.tv_usec / 1000000,
                .number = ++capture->number,
                .link = capture->link,
        };
        return 1;
}

int64_t capture_offset(const struct capture *capture)
{
        FILE *file = capture->pcapng ? capture->file : pcap_file(capture->pcap);

        return file ? (int64_t)ftello(file) : -1;
}
