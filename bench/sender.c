/* SPDX-License-Identifier: EUPL-1.2 */
/* Plays a file of IPFIX messages to a collector over UDP, at a rate, as if everything in it happened now: the
 * export time and the observation time of each record become the time of sending.
 *
 *   sender FILE ADDRESS PORT PACKETS_PER_SECOND
 *
 * Prints what was sent as one JSON object. Records must be of one template with observationTimeMilliseconds,
 * as bench/workload writes them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH 44
#define MESSAGE_MOST 1472
#define PIECE_MOST 65000
#define TIME_ELEMENT 323 /* observationTimeMilliseconds */

struct layout {
        size_t record, time; /* bytes of a record; where its time stands */
        uint16_t id;
};

static uint16_t read16(const uint8_t *at)
{
        return (uint16_t)(at[0] << 8 | at[1]);
}

static void put(uint8_t *at, uint64_t value, size_t length)
{
        for (size_t i = length; i-- > 0; value >>= 8)
                at[i] = (uint8_t)value;
}

/* The template of NAT events: the first that has an observation time. */
static void learn(const uint8_t *set, size_t length, struct layout *layout)
{
        for (size_t at = 4; at + 4 <= length;) {
                uint16_t id = read16(set + at), count = read16(set + at + 2);
                size_t record = 0, time = SIZE_MAX;
                at += 4;
                for (unsigned i = 0; i < count && at + 4 <= length; i++, at += 4) {
                        if (read16(set + at) == TIME_ELEMENT)
                                time = record;
                        record += read16(set + at + 2);
                        at += set[at] & 0x80 ? 4 : 0;
                }
                if (time != SIZE_MAX && layout->record == 0)
                        *layout = (struct layout){.record = record, .time = time, .id = id};
        }
}

static void stamp(uint8_t *message, size_t length, uint64_t now_ms, struct layout *layout)
{
        put(message + 4, now_ms / 1000, 4);
        for (size_t at = 16; at + 4 <= length;) {
                size_t set = read16(message + at + 2);
                if (set < 4 || at + set > length)
                        return;
                if (read16(message + at) == 2)
                        learn(message + at, set, layout);
                for (size_t r = at + 4; layout->record && read16(message + at) == layout->id &&
                                        r + layout->record <= at + set;
                        r += layout->record)
                        put(message + r + layout->time, now_ms, 8);
                at += set;
        }
}

static double seconds_of(clockid_t clock)
{
        struct timespec now;

        clock_gettime(clock, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct playing {
        const uint8_t *bytes;
        size_t length, at;
        int socket;
        struct layout layout;
        uint64_t sent, sent_bytes;
};

/* Messages of one length (the last may be shorter) go to the kernel as one piece, which it cuts (UDP_SEGMENT
 * of udp(7)): what is measured is the receiver. */
static unsigned fill(struct playing *p, uint8_t *room, size_t *ret_length, uint16_t *ret_segment)
{
        uint64_t now_ms = (uint64_t)(seconds_of(CLOCK_REALTIME) * 1000);
        unsigned count = 0;
        size_t used = 0, segment = 0;

        while (count < BATCH && p->at + 16 <= p->length) {
                size_t length = read16(p->bytes + p->at + 2);
                if (length < 16 || length > MESSAGE_MOST || p->at + length > p->length ||
                        (segment && length > segment) || used + length > PIECE_MOST)
                        break;
                memcpy(room + used, p->bytes + p->at, length);
                stamp(room + used, length, now_ms, &p->layout);
                used += length;
                p->at += length;
                count++;
                if (segment && length < segment)
                        break;
                segment = length;
        }
        *ret_length = used;
        *ret_segment = (uint16_t)segment;
        return count;
}

static void send_piece(struct playing *p, uint8_t *room, size_t length, uint16_t segment)
{
        union {
                struct cmsghdr head;
                char bytes[CMSG_SPACE(sizeof segment)];
        } control = {0};
        struct iovec piece = {.iov_base = room, .iov_len = length};
        struct msghdr message = {.msg_iov = &piece,
                .msg_iovlen = 1,
                .msg_control = control.bytes,
                .msg_controllen = sizeof control.bytes};
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);

        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(head), &segment, sizeof segment);
        if (sendmsg(p->socket, &message, 0) != (ssize_t)length) {
                perror("sendmsg");
                exit(1);
        }
        p->sent_bytes += length;
}

static void play(struct playing *p, double rate)
{
        static uint8_t room[PIECE_MOST];
        double begun = seconds_of(CLOCK_MONOTONIC);
        uint16_t segment;
        unsigned count;
        size_t length;

        while ((count = fill(p, room, &length, &segment)) > 0) {
                double due = begun + (double)p->sent / rate, early = due - seconds_of(CLOCK_MONOTONIC);
                if (early > 0.0002) {
                        struct timespec pause = {.tv_nsec = (long)((early > 0.9 ? 0.9 : early) * 1e9)};
                        nanosleep(&pause, NULL);
                }
                send_piece(p, room, length, segment);
                p->sent += count;
        }
}

int main(int count, char **arguments)
{
        struct sockaddr_in to = {.sin_family = AF_INET};
        struct playing playing = {.at = 0};
        struct stat status;
        struct rusage used;

        if (count != 5 || inet_pton(AF_INET, arguments[2], &to.sin_addr) != 1) {
                fputs("Usage: sender FILE ADDRESS PORT PACKETS_PER_SECOND\n", stderr);
                return 2;
        }
        to.sin_port = htons((uint16_t)strtoul(arguments[3], NULL, 10));
        double rate = strtod(arguments[4], NULL);
        int file = open(arguments[1], O_RDONLY);
        if (file < 0 || fstat(file, &status) < 0 || rate <= 0) {
                perror(arguments[1]);
                return 1;
        }
        playing.length = (size_t)status.st_size;
        playing.bytes = mmap(NULL, playing.length, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
        playing.socket = socket(AF_INET, SOCK_DGRAM, 0);
        if (playing.bytes == MAP_FAILED ||
                connect(playing.socket, (const struct sockaddr *)&to, sizeof to) < 0) {
                perror("sender");
                return 1;
        }
        double begun = seconds_of(CLOCK_MONOTONIC);
        play(&playing, rate);
        double took = seconds_of(CLOCK_MONOTONIC) - begun;
        getrusage(RUSAGE_SELF, &used);
        printf("{\"messages\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"rate\": %.0f, \"cpu_seconds\": "
               "%.3f}\n",
                (unsigned long long)playing.sent, (unsigned long long)playing.sent_bytes, took,
                (double)playing.sent / took,
                (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                        (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
        return 0;
}
