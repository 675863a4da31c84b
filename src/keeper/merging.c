/* SPDX-License-Identifier: EUPL-1.2 */
/* Merging, in a process of its own. */
#include "keeper/keeper.h"

#include "os/clock.h"
#include "rogatory/command.h"
#include "upkeep/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- The child --- */

/* What a command prints for a person is not for the log. */
static int be_silent(void)
{
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

        return nowhere < 0 ? -1 : dup2(nowhere, STDOUT_FILENO);
}

/* What the law allows to be kept no longer goes with every merge, by the words that a person would use, so
 * that it is recorded as his would be. */
static int retain(const struct keeper *keeper, int64_t now_ms, struct error *error)
{
        char *words[] = {(char *)"retain", (char *)"--store", (char *)(uintptr_t)keeper->options.store, NULL};
        struct retention_report report = {0};
        struct depot *depot = NULL;

        int r = depot_open(keeper->options.store, DEPOT_READ, &depot, error);
        if (r == 0)
                r = retention_survey(depot, now_ms, &report, error);
        bool needed = r == 0 && retention_is_needed(&report);
        if (needed && be_silent() < 0)
                r = error_set(error, -errno, "/dev/null: %s", strerrordesc_np(errno));
        if (needed && r == 0 && command_retain.run(&command_retain, 3, words) != EXIT_DONE)
                r = error_set(error, -EIO, "what is due by 'retain' could not be destroyed");
        for (size_t i = 0; needed && r == 0 && i < report.realm_count; i++)
                log_event(LOG_NOTICE, "retained", "realm=%s hours_gone=%llu hours_rewritten=%llu",
                        report.realms[i].name, (unsigned long long)report.realms[i].whole,
                        (unsigned long long)report.realms[i].parts);
        retention_report_free(&report);
        depot_close(depot);
        return r;
}

static void merge_in_child(struct keeper *keeper, int result_to)
{
        struct merge_result result = {.code = 0};
        struct error error = {0};
        int64_t began = clock_steady_ms(), now_ms = clock_now_ms();

        int r = generations_merge(
                &keeper->generations, keeper->options.store, now_ms, keeper->sharing, &result.merged, &error);
        /* What is merged is merged, also where retention fails; that is tried again with the next. */
        if (r == 0 && retain(keeper, now_ms, &error) < 0)
                keeper_say(LOG_FAILURE, "retention-failed", "%s", error.text);
        result.code = r;
        result.took_ms = clock_steady_ms() - began;
        if (r < 0)
                snprintf(result.text, sizeof result.text, "%s", error.text);
        ssize_t written = write(result_to, &result, sizeof result);
        _exit(r == 0 && written == (ssize_t)sizeof result ? 0 : 1);
}

/* --- The parent --- */

static int begin_merge(struct keeper *keeper, struct error *error)
{
        struct child *child = keeper_child_place(keeper, CHILD_MERGE);
        int ends[2];

        if (!child || pipe2(ends, O_CLOEXEC) < 0)
                return error_set(error, -errno, "a merge cannot begin: %s", strerrordesc_np(errno));
        pid_t pid = fork();
        if (pid == 0) {
                keeper_be_child(keeper);
                close(ends[0]);
                merge_in_child(keeper, ends[1]);
        }
        close(ends[1]);
        if (pid < 0) {
                close(ends[0]);
                return error_set(error, -errno, "a merge cannot begin: %s", strerrordesc_np(errno));
        }
        *child = (struct child){.kind = CHILD_MERGE,
                .pid = pid,
                .result = ends[0],
                .count = generations_closed(&keeper->generations)};
        return 0;
}

static bool is_merging(const struct keeper *keeper)
{
        for (unsigned i = 0; i <= KEEPER_QUESTIONS_MAX; i++)
                if (keeper->children[i].kind == CHILD_MERGE)
                        return true;
        return false;
}

/* The first instant behind `now` at which an hour has been over for as long as is waited for latecomers. */
static int64_t next_merge(const struct keeper *keeper, int64_t now_ms)
{
        int64_t delay = depot_settings(keeper->depot)->node.merge_delay_ms;
        int64_t at = now_ms - now_ms % DEPOT_WINDOW_MS + delay;

        return at > now_ms ? at : at + DEPOT_WINDOW_MS;
}

/* Too much memory is held for more to be taken: only a merge helps. */
static void judge_memory(struct keeper *keeper, size_t bytes)
{
        uint64_t limit = depot_settings(keeper->depot)->node.memory;

        keeper->is_full = bytes > 2 * limit;
        if (keeper->is_full && !keeper->said_full)
                keeper_say(LOG_FAILURE, "memory-full",
                        "%zu MiB wait for being merged, twice what 'memory' allows: nothing more is taken "
                        "until they are",
                        bytes >> 20);
        if (!keeper->is_full && keeper->said_full)
                keeper_say(LOG_NOTICE, "taking", "what waited was merged: taking goes on");
        keeper->said_full = keeper->is_full;
}

int keeper_merge_if_due(struct keeper *keeper, struct error *error)
{
        int64_t now_ms = clock_now_ms(), steady_ms = clock_steady_ms();
        size_t bytes = generations_bytes(&keeper->generations);
        bool is_time;

        judge_memory(keeper, bytes);
        if (keeper->next_merge_ms == 0)
                keeper->next_merge_ms = next_merge(keeper, now_ms);
        is_time = now_ms >= keeper->next_merge_ms;
        bool is_much = bytes > depot_settings(keeper->depot)->node.memory;
        if (is_merging(keeper) || steady_ms < keeper->retry_ms)
                return 0;
        if (is_time || is_much) {
                int r = generations_turn(&keeper->generations, error);
                if (r < 0)
                        return r;
                keeper->next_merge_ms = next_merge(keeper, now_ms);
        }
        return generations_closed(&keeper->generations) > 0 ? begin_merge(keeper, error) : 0;
}

/* --- Its end --- */

/* Another writer (an import) is only waited for, and said once; what is wrong gets rarer attempts. */
static void merge_failed(struct keeper *keeper, int code, const char *why)
{
        int64_t wait = keeper->retry_wait_ms && code != -EBUSY ? 2 * keeper->retry_wait_ms : KEEPER_RETRY_MS;
        bool said = code == -EBUSY && keeper->merge_code == code;

        keeper->merge_code = code;
        keeper->counts.merges_failed++;
        keeper->retry_wait_ms = wait < KEEPER_RETRY_MOST_MS ? wait : KEEPER_RETRY_MOST_MS;
        keeper->retry_ms = clock_steady_ms() + keeper->retry_wait_ms;
        if (!said)
                keeper_say(LOG_CAUTION, "merge-failed",
                        "a merge did not succeed and is tried again in %d s: %s",
                        (int)(keeper->retry_wait_ms / 1000), why);
}

static int merge_ended(struct keeper *keeper, const struct child *child, struct error *error)
{
        struct merge_result result;

        ssize_t got = read(child->result, &result, sizeof result);
        if (got != (ssize_t)sizeof result) {
                merge_failed(keeper, -ECHILD, "its process ended before it was done");
                return 0;
        }
        if (result.code < 0) {
                merge_failed(keeper, result.code, result.text);
                return 0;
        }
        keeper->retry_ms = keeper->retry_wait_ms = 0;
        keeper->merge_code = 0;
        keeper->counts.merges++;
        keeper->counts.windows += result.merged.windows.windows;
        keeper->counts.window_bytes += result.merged.windows.bytes;
        keeper->counts.last_merge_ms = clock_now_ms();
        keeper->counts.last_merge_took_ms = result.took_ms;
        uint64_t mark = generations_forget(&keeper->generations, child->count);
        keeper_say(LOG_DETAIL, "merged", "%llu windows, %llu bytes, in %lld ms",
                (unsigned long long)result.merged.windows.windows,
                (unsigned long long)result.merged.windows.bytes, (long long)result.took_ms);
        int r = relay_write_released(&keeper->writer, mark);
        return r < 0 ? error_set(error, r, "the collector cannot be told what is merged") : 0;
}

int keeper_reap(struct keeper *keeper, struct error *error)
{
        pid_t pid;
        int status, r = 0;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (unsigned i = 0; i <= KEEPER_QUESTIONS_MAX; i++) {
                        struct child *child = &keeper->children[i];
                        if (child->kind == CHILD_NONE || child->pid != pid)
                                continue;
                        if (child->kind == CHILD_MERGE) {
                                int ended = merge_ended(keeper, child, error);
                                r = r < 0 ? r : ended;
                                close(child->result);
                        }
                        *child = (struct child){.kind = CHILD_NONE};
                        break;
                }
        return r;
}
