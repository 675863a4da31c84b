/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/progress.h"

#include "os/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define DRAW_EVERY_MS 200
#define LINE_MAX_SHOWN 120

void progress_begin(struct progress *progress, const char *unit)
{
        *progress = (struct progress){
                .unit = unit,
                .shown = isatty(STDERR_FILENO) == 1,
                .begun_ms = clock_steady_ms(),
        };
        progress->drawn_ms = progress->begun_ms;
}

static void remaining_text(char *text, size_t size, uint64_t seconds)
{
        if (seconds >= 3600)
                snprintf(text, size, "%" PRIu64 " h %" PRIu64 " min left", seconds / 3600, seconds / 60 % 60);
        else if (seconds >= 60)
                snprintf(text, size, "%" PRIu64 " min %" PRIu64 " s left", seconds / 60, seconds % 60);
        else
                snprintf(text, size, "%" PRIu64 " s left", seconds);
}

static void rate_text(char *text, size_t size, double per_second)
{
        if (per_second >= 1e6)
                snprintf(text, size, "%.2f M/s", per_second / 1e6);
        else if (per_second >= 1e3)
                snprintf(text, size, "%.1f k/s", per_second / 1e3);
        else
                snprintf(text, size, "%.0f/s", per_second);
}

/* 1234567 -> "1,234,567": counts in millions are read by people. */
static void count_text(char *text, size_t size, uint64_t count)
{
        char digits[24];
        size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;

        for (size_t i = 0; i < length && used + 2 < size; i++) {
                if (i > 0 && (length - i) % 3 == 0)
                        text[used++] = ',';
                text[used++] = digits[i];
        }
        text[used] = '\0';
}

void progress_text(char *text, unsigned size, const char *unit, uint64_t done, uint64_t total,
        uint64_t things, int64_t elapsed_ms)
{
        char count[32], rate[32], percent[16] = "", remaining[48] = "";
        double elapsed = (double)(elapsed_ms > 0 ? elapsed_ms : 1) / 1000;

        count_text(count, sizeof count, things);
        rate_text(rate, sizeof rate, (double)things / elapsed);
        if (total > 0 && done <= total) {
                snprintf(percent, sizeof percent, "%5.1f %%  ", 100.0 * (double)done / (double)total);
                if (done > 0)
                        remaining_text(remaining, sizeof remaining,
                                (uint64_t)(elapsed * (double)(total - done) / (double)done + 0.5));
        }
        snprintf(text, size, "%s%s %s  %s%s%s", percent, count, unit, rate, remaining[0] ? "  " : "",
                remaining);
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total, uint64_t things)
{
        char text[LINE_MAX_SHOWN];

        if (!progress->shown)
                return;
        int64_t now = clock_steady_ms();
        if (now - progress->drawn_ms < DRAW_EVERY_MS)
                return;
        progress->drawn_ms = now;
        progress->drawn = true;
        progress_text(text, sizeof text, progress->unit, done, total, things, now - progress->begun_ms);
        fprintf(stderr, "\r\033[K%s", text);
        fflush(stderr);
}

void progress_end(struct progress *progress)
{
        if (progress->drawn) {
                fputs("\r\033[K", stderr);
                fflush(stderr);
        }
        progress->drawn = false;
}
