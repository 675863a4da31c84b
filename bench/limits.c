/* SPDX-License-Identifier: EUPL-1.2 */
/* What this machine can do at most, one core at a time, for comparison with what the program does.
 *
 *   limits EVENTS.ipfix FOLDER
 *
 * The folder is where the stores of the benchmark lie, so that the disk is the same. One JSON object. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MEBIBYTE ((size_t)1 << 20)
#define TRIES 3
#define DISK_OPERATIONS 100
#define DISK_BYTES (64 * MEBIBYTE)
#define PACKET_BYTES 1388
#define PACKETS_AT_ONCE 64
#define RECEIVING_SECONDS 1.0

static void fail(const char *what)
{
        fprintf(stderr, "limits: %s: %s\n", what, strerror(errno));
        exit(1);
}

static void *room(size_t bytes)
{
        void *memory = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);

        if (!memory)
                fail("memory");
        memset(memory, 1, bytes); /* pages exist before anything is measured */
        return memory;
}

static double seconds(clockid_t clock)
{
        struct timespec now;

        clock_gettime(clock, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The best of several tries: a limit is what is possible. */
static double best(void (*work)(void *context), void *context)
{
        double least = 1e9;

        for (int i = 0; i < TRIES; i++) {
                double begun = seconds(CLOCK_PROCESS_CPUTIME_ID);
                work(context);
                double spent = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun;
                least = spent < least ? spent : least;
        }
        return least;
}

/* ---- memory ---- */

struct copy {
        uint8_t *from, *to;
        size_t length;
};

static void copy(void *context)
{
        struct copy *c = context;

        memcpy(c->to, c->from, c->length);
        __asm__ volatile("" ::: "memory");
}

struct sorting {
        uint64_t *given, *items, *spare;
        size_t count;
};

/* Items of a key and a number, by five bytes of the key: address and ms within an hour take no more. */
static void sort(void *context)
{
        struct sorting *s = context;

        memcpy(s->items, s->given, s->count * 16);
        for (unsigned shift = 0; shift < 40; shift += 8) {
                size_t starts[256] = {0}, sum = 0;
                for (size_t i = 0; i < s->count; i++)
                        starts[s->items[2 * i] >> shift & 255]++;
                for (unsigned i = 0; i < 256; i++) {
                        size_t here = starts[i];
                        starts[i] = sum;
                        sum += here;
                }
                for (size_t i = 0; i < s->count; i++) {
                        size_t at = starts[s->items[2 * i] >> shift & 255]++;
                        s->spare[2 * at] = s->items[2 * i];
                        s->spare[2 * at + 1] = s->items[2 * i + 1];
                }
                uint64_t *other = s->items;
                s->items = s->spare;
                s->spare = other;
        }
}

/* ---- parsing: every field of every record is read, and nothing else is done ---- */

struct file {
        uint8_t *at;
        size_t length;
        uint64_t events, sum;
};

static uint64_t read_number(const uint8_t *at, unsigned bytes)
{
        uint64_t value;

        if (bytes == 8) {
                memcpy(&value, at, 8);
                return __builtin_bswap64(value);
        }
        uint32_t four;
        uint16_t two;
        memcpy(&four, at, 4);
        memcpy(&two, at, 2);
        return bytes == 4 ? __builtin_bswap32(four) : bytes == 2 ? __builtin_bswap16(two) : *at;
}

static void parse(void *context)
{
        static const uint8_t widths[] = {8, 1, 4, 4, 1, 2, 2, 4, 2}; /* as bench/workload_output.c */
        struct file *file = context;

        file->events = 0;
        for (size_t at = 0; at + 16 <= file->length;) {
                size_t end = at + read_number(file->at + at + 2, 2);
                for (size_t set = at + 16; set + 4 <= end;) {
                        uint64_t id = read_number(file->at + set, 2),
                                 length = read_number(file->at + set + 2, 2);
                        const uint8_t *record = file->at + set + 4, *stop = file->at + set + length;
                        for (; id >= 256 && record + 28 <= stop; file->events++)
                                for (unsigned i = 0; i < sizeof widths; record += widths[i++])
                                        file->sum += read_number(record, widths[i]);
                        set += length;
                }
                at = end;
        }
        __asm__ volatile("" ::"r"(file->sum) : "memory");
}

static void load(struct file *file, const char *path)
{
        struct stat status;
        int input = open(path, O_RDONLY | O_CLOEXEC);

        if (input < 0 || fstat(input, &status) < 0)
                fail(path);
        file->length = (size_t)status.st_size < 512 * MEBIBYTE ? (size_t)status.st_size : 512 * MEBIBYTE;
        file->at = room(file->length + 8);
        for (size_t done = 0; done < file->length;) {
                ssize_t got = read(input, file->at + done, file->length - done);
                if (got <= 0)
                        fail(path);
                done += (size_t)got;
        }
        close(input);
        while (file->length > 0) { /* whole messages only */
                size_t at = 0, next = 0;
                while (next <= file->length) {
                        at = next;
                        if (at + 4 > file->length)
                                break;
                        next = at + read_number(file->at + at + 2, 2);
                }
                file->length = at;
                break;
        }
}

/* ---- encryption ---- */

static void encrypt(void *context)
{
        struct copy *c = context;
        static const uint8_t key[32] = {1}, nonce[12] = {2};
        EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
        int length;

        if (!cipher || EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, nonce) != 1)
                fail("AES-256-GCM");
        for (size_t at = 0; at < c->length; at += MEBIBYTE)
                if (EVP_EncryptUpdate(cipher, c->to + at, &length, c->from + at, (int)MEBIBYTE) != 1)
                        fail("AES-256-GCM");
        if (EVP_EncryptFinal_ex(cipher, c->to, &length) != 1)
                fail("AES-256-GCM");
        EVP_CIPHER_CTX_free(cipher);
}

/* ---- disk ---- */

static int compare_doubles(const void *left, const void *right)
{
        double a = *(const double *)left, b = *(const double *)right;
        return a < b ? -1 : a > b;
}

/* Medians in microseconds; a read of -1 where the file system knows no O_DIRECT. */
static void measure_disk(const char *folder, double *ret_sync, double *ret_read)
{
        char path[4096];
        double times[DISK_OPERATIONS];
        uint8_t *bytes = room(MEBIBYTE);
        unsigned state = 1;

        snprintf(path, sizeof path, "%s/limits.XXXXXX", folder);
        int file = mkstemp(path);
        if (file < 0)
                fail(path);
        for (size_t done = 0; done < DISK_BYTES; done += MEBIBYTE)
                if (write(file, bytes, MEBIBYTE) != (ssize_t)MEBIBYTE)
                        fail(path);
        fsync(file);
        for (int i = 0; i < DISK_OPERATIONS; i++) {
                double begun = seconds(CLOCK_MONOTONIC);
                if (write(file, bytes, 4096) != 4096 || fdatasync(file) < 0)
                        fail(path);
                times[i] = seconds(CLOCK_MONOTONIC) - begun;
        }
        qsort(times, DISK_OPERATIONS, sizeof *times, compare_doubles);
        *ret_sync = times[DISK_OPERATIONS / 2] * 1e6;
        close(file);
        *ret_read = -1;
        file = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
        for (int i = 0; i < DISK_OPERATIONS && file >= 0; i++) {
                state = state * 1103515245 + 12345;
                double begun = seconds(CLOCK_MONOTONIC);
                if (pread(file, bytes, 4096, (off_t)(state >> 4) % (off_t)(DISK_BYTES / 4096) * 4096) != 4096)
                        fail(path);
                times[i] = seconds(CLOCK_MONOTONIC) - begun;
        }
        if (file >= 0) {
                qsort(times, DISK_OPERATIONS, sizeof *times, compare_doubles);
                *ret_read = times[DISK_OPERATIONS / 2] * 1e6;
                close(file);
        }
        unlink(path);
        free(bytes);
}

/* ---- packets ---- */

static void send_for_ever(int out)
{
        static uint8_t packet[PACKET_BYTES];
        struct iovec part = {packet, sizeof packet};
        struct mmsghdr messages[PACKETS_AT_ONCE] = {0};

        for (int i = 0; i < PACKETS_AT_ONCE; i++)
                messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
        while (sendmmsg(out, messages, PACKETS_AT_ONCE, 0) >= 0 || errno == ECONNREFUSED || errno == ENOBUFS)
                continue;
        _exit(0);
}

/* Packets per CPU second of the receiver, which takes as many as come. */
static double measure_packets(void)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        static uint8_t bytes[PACKETS_AT_ONCE][2048];
        struct iovec parts[PACKETS_AT_ONCE];
        struct mmsghdr messages[PACKETS_AT_ONCE] = {0};
        int in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 16 << 20;
        uint64_t packets = 0;

        setsockopt(in, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        if (in < 0 || bind(in, (struct sockaddr *)&address, sizeof address) < 0 ||
                getsockname(in, (struct sockaddr *)&address, &length) < 0)
                fail("socket");
        for (int i = 0; i < PACKETS_AT_ONCE; i++) {
                parts[i] = (struct iovec){bytes[i], sizeof bytes[i]};
                messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
        }
        pid_t sender = fork();
        if (sender == 0) {
                int out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
                if (connect(out, (struct sockaddr *)&address, sizeof address) < 0)
                        _exit(1);
                send_for_ever(out);
        }
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), until = seconds(CLOCK_MONOTONIC) + RECEIVING_SECONDS;
        while (seconds(CLOCK_MONOTONIC) < until) {
                int got = recvmmsg(in, messages, PACKETS_AT_ONCE, MSG_WAITFORONE, NULL);
                if (got < 0)
                        fail("recvmmsg");
                packets += (uint64_t)got;
        }
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        kill(sender, SIGKILL);
        waitpid(sender, NULL, 0);
        close(in);
        return (double)packets / cpu;
}

int main(int count, char **words)
{
        struct file file = {0};
        struct copy c = {.length = 256 * MEBIBYTE};
        struct sorting s = {.count = 4000000};
        double sync_us, read_us;

        if (count != 3) {
                fputs("Usage: limits EVENTS.ipfix FOLDER\n", stderr);
                return 2;
        }
        load(&file, words[1]);
        c.from = room(c.length);
        c.to = room(c.length);
        s.given = room(s.count * 16);
        s.items = room(s.count * 16);
        s.spare = room(s.count * 16);
        for (size_t i = 0; i < s.count; i++)
                s.given[2 * i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 24;
        double copying = best(copy, &c), sorting = best(sort, &s), parsing = best(parse, &file),
               encrypting = best(encrypt, &c);
        measure_disk(words[2], &sync_us, &read_us);
        printf("{\"memcpy, GB/s\": %.1f, \"reading every field, M events/s\": %.0f, "
               "\"radix sort of 16-byte items, M/s\": %.1f, \"AES-256-GCM, GB/s\": %.2f, "
               "\"write and fdatasync of 4 KiB, us\": %.0f, \"O_DIRECT read of 4 KiB, us\": %.0f, "
               "\"recvmmsg, packets per CPU-second\": %.0f}\n",
                (double)c.length / copying / 1e9, (double)file.events / parsing / 1e6,
                (double)s.count / sorting / 1e6, (double)c.length / encrypting / 1e9, sync_us, read_us,
                measure_packets());
        return 0;
}
