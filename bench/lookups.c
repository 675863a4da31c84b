/* SPDX-License-Identifier: EUPL-1.2 */
/* Times questions inside one process: through the segment alone, and as a whole answer with coverage, leases
 * and verdict.
 *
 *   lookups warm|cold STORE QUESTIONS.csv [COUNT [REALM]]
 *
 * warm: everything stays open, every question was asked before. cold: before each question the store's files
 * are driven out of the page cache (posix_fadvise) and everything is opened anew; how much of them was still
 * there is measured (mincore) and printed. One JSON object, in microseconds. */

#include "inquiry/inquiry.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define QUESTIONS_MOST 1000000u
#define SKEW_MS 1

struct times {
        double *each;
        size_t count;
};

static struct question *questions;
static size_t question_count, most = 10000;
static const char *store, *realm = "default";
static double resident, mapped;
static bool announcing; /* cold: a sheet is brought in with one reading */

static void must(int r, const struct error *error)
{
        if (r >= 0)
                return;
        fprintf(stderr, "lookups: %s\n", error->text);
        exit(1);
}

static double microseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e6 + 1e-3 * (double)now.tv_nsec;
}

/* ---- questions ---- */

static bool read_question(const char *line, struct question *ret)
{
        unsigned a, b, c, d, port, protocol, ms;
        struct tm utc = {0};

        if (sscanf(line, "%u.%u.%u.%u,%u,%u,%d-%d-%dT%d:%d:%d.%uZ", &a, &b, &c, &d, &port, &protocol,
                    &utc.tm_year, &utc.tm_mon, &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec,
                    &ms) != 13)
                return false;
        utc.tm_year -= 1900;
        utc.tm_mon--;
        *ret = (struct question){.address = address_from_ipv4(a << 24 | b << 16 | c << 8 | d),
                .port = (int)port,
                .protocol = (int)protocol,
                .at_ms = (int64_t)timegm(&utc) * 1000 + ms,
                .skew_ms = SKEW_MS,
                .destination_port = -1};
        return true;
}

static void read_questions(const char *path)
{
        FILE *file = fopen(path, "r");
        char line[256];

        questions = calloc(most, sizeof *questions);
        if (!file || !questions) {
                perror(path);
                exit(1);
        }
        while (question_count < most && fgets(line, sizeof line, file))
                question_count += read_question(line, &questions[question_count]);
        fclose(file);
}

/* ---- the page cache ---- */

static int drive_out(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)place;
        if (kind != FTW_F || status->st_size == 0 || strstr(path, "/access.log"))
                return 0;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
                return 0;
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        close(file);
        return 0;
}

static int count_resident(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        size_t pages = ((size_t)status->st_size + 4095) / 4096;
        unsigned char *in = malloc(pages + 1);
        int file = kind == FTW_F && strstr(path, "/nat/") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        void *map =
                file >= 0 && pages ? mmap(NULL, pages * 4096, PROT_READ, MAP_SHARED, file, 0) : MAP_FAILED;

        (void)place;
        if (map != MAP_FAILED && in && mincore(map, pages * 4096, in) == 0) {
                mapped += (double)pages;
                for (size_t i = 0; i < pages; i++)
                        resident += in[i] & 1;
        }
        if (map != MAP_FAILED)
                munmap(map, pages * 4096);
        if (file >= 0)
                close(file);
        free(in);
        return 0;
}

static void make_cold(bool count)
{
        nftw(store, drive_out, 16, FTW_PHYS);
        if (count)
                nftw(store, count_resident, 16, FTW_PHYS);
}

/* ---- through the segment alone ---- */

struct open_window {
        int64_t from;
        bool is_open;
        struct depot_window window;
};

/* Questions lie within few hours or in a year of them: a table by hour, as large as a year. */
#define HOURS 9000
static struct open_window *windows;

static struct open_window *window_of(struct depot *depot, int64_t at_ms)
{
        int64_t from = at_ms - at_ms % DEPOT_WINDOW_MS;
        struct open_window *w = &windows[from / DEPOT_WINDOW_MS % HOURS];
        struct error error = {0};

        if (w->is_open && w->from == from)
                return w;
        if (w->is_open)
                depot_window_release(&w->window);
        w->is_open = false;
        int r = depot_window_open(depot, realm, from, &w->window, &error);
        if (r == -ENOENT)
                return NULL;
        must(r, &error);
        w->is_open = true;
        w->from = from;
        return w;
}

/* As the inquiry does it (inquiry/window_cache.h). */
static void announce(const struct depot_window *window, uint32_t outside)
{
        uint64_t offset, length;
        uint32_t sheet;

        if (!announcing || segment_find_sheet(window->segment, outside, &sheet) < 0)
                return;
        segment_sheet_span(window->segment, sheet, &offset, &length);
        file_map_soon((const uint8_t *)window->map + offset, length);
}

static size_t query(
        struct depot *depot, const struct question *q, struct host_table *hosts, struct binding_list *found)
{
        struct open_window *w = window_of(depot, q->at_ms);
        struct error error = {0};

        found->count = 0;
        if (!w)
                return 0;
        announce(&w->window, address_ipv4(&q->address));
        must(segment_query(w->window.segment, address_ipv4(&q->address), q->port, q->at_ms - q->skew_ms,
                     q->at_ms + q->skew_ms, hosts, NULL, found, NULL, &error),
                &error);
        return found->count;
}

static void close_windows(void)
{
        for (size_t i = 0; i < HOURS; i++)
                if (windows[i].is_open)
                        depot_window_release(&windows[i].window);
        memset(windows, 0, HOURS * sizeof *windows);
}

static void time_segment(struct depot *depot, bool cold, struct times *times)
{
        struct binding_list found = {0};
        struct host_table hosts;
        struct error error = {.text = "not enough memory"};

        windows = calloc(HOURS, sizeof *windows);
        must(windows ? host_table_init(&hosts, 1u << 24) : -ENOMEM, &error);
        for (int round = cold ? 1 : 0; round < 2; round++)
                for (size_t i = 0; i < question_count; i++) {
                        if (cold) {
                                close_windows();
                                make_cold(i == 0);
                        }
                        double begun = microseconds();
                        query(depot, &questions[i], &hosts, &found);
                        times->each[i] = microseconds() - begun;
                }
        times->count = question_count;
        close_windows();
        binding_list_free(&found);
        host_table_free(&hosts);
        free(windows);
}

/* ---- whole answers ---- */

static void time_inquiry(struct depot *depot, bool cold, struct times *times)
{
        struct inquiry *inquiry = NULL;
        struct error error = {0};
        struct answer answer;

        if (!cold)
                must(inquiry_new(depot, &inquiry, &error), &error);
        for (int round = cold ? 1 : 0; round < 2; round++)
                for (size_t i = 0; i < question_count; i++) {
                        if (cold)
                                make_cold(false);
                        double begun = microseconds();
                        if (cold)
                                must(inquiry_new(depot, &inquiry, &error), &error);
                        must(inquiry_ask(inquiry, &questions[i], &answer, &error), &error);
                        times->each[i] = microseconds() - begun;
                        answer_free(&answer);
                        if (cold)
                                inquiry_free(inquiry);
                }
        times->count = question_count;
        if (!cold)
                inquiry_free(inquiry);
}

/* ---- ---- */

static int compare_doubles(const void *left, const void *right)
{
        double a = *(const double *)left, b = *(const double *)right;
        return a < b ? -1 : a > b;
}

static void print_times(const char *name, struct times *times)
{
        qsort(times->each, times->count, sizeof *times->each, compare_doubles);
        printf("\"%s\": {\"p50\": %.2f, \"p99\": %.2f, \"least\": %.2f, \"most\": %.2f}, ", name,
                times->each[times->count / 2], times->each[times->count * 99 / 100], times->each[0],
                times->each[times->count - 1]);
}

int main(int count, char **words)
{
        struct depot *depot;
        struct error error = {0};

        if (count < 4 || count > 6 || (strcmp(words[1], "warm") != 0 && strcmp(words[1], "cold") != 0)) {
                fputs("Usage: lookups warm|cold STORE QUESTIONS.csv [COUNT [REALM]]\n", stderr);
                return 2;
        }
        bool cold = strcmp(words[1], "cold") == 0;
        store = words[2];
        if (count > 4)
                most = strtoul(words[4], NULL, 10);
        if (count > 5)
                realm = words[5];
        most = most < 1 ? 1 : most > QUESTIONS_MOST ? QUESTIONS_MOST : most;
        read_questions(words[3]);
        struct times times = {.each = calloc(question_count + 1, sizeof(double))};
        if (!times.each || question_count == 0) {
                fputs("lookups: no questions\n", stderr);
                return 1;
        }
        must(depot_open(store, DEPOT_READ, &depot, &error), &error);
        depot_expect_scattered(depot);
        announcing = cold;
        printf("{\"questions\": %zu, ", question_count);
        time_segment(depot, cold, &times);
        print_times("segment", &times);
        time_inquiry(depot, cold, &times);
        print_times("answer", &times);
        printf("\"still_cached\": %.4f}\n", mapped > 0 ? resident / mapped : 0);
        depot_close(depot);
        free(times.each);
        free(questions);
        return 0;
}
