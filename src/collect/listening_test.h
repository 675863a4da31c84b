/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COLLECT_LISTENING_TEST_H
#define ROGATORY_COLLECT_LISTENING_TEST_H

/* What the tests of listeners share: a collector on the loopback, what it delivered, and running its loop. */

#include "collect/collector.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define TEXTS_MAX 64

static struct error error;
static struct event_base *base;
static struct exporters *exporters;
static struct collector *collector;

static struct {
        uint64_t messages, bytes, lost_by_kernel, lost, by_exporter[8];
        int refuse_with; /* what the sink returns */
        struct collect_message last;
        char texts[TEXTS_MAX][200]; /* of the first messages */
} seen;

static inline int see_message(void *context, const struct collect_message *message)
{
        (void)context;
        if (seen.refuse_with < 0)
                return seen.refuse_with;
        if (seen.messages < TEXTS_MAX)
                snprintf(seen.texts[seen.messages], sizeof seen.texts[0], "%.*s", (int)message->length,
                        (const char *)message->bytes);
        seen.last = *message;
        seen.messages++;
        seen.bytes += message->length;
        if (message->exporter < 8)
                seen.by_exporter[message->exporter]++;
        return 0;
}

static inline void see_loss(void *context, const struct collect_loss *loss)
{
        (void)context;
        if (loss->by_kernel)
                seen.lost_by_kernel += loss->count;
        else
                seen.lost += loss->count;
}

static inline void start(
        const struct exporter_setting *settings, size_t count, const struct collect_sink *sink)
{
        memset(&seen, 0, sizeof seen);
        base = event_base_new();
        if (exporters_new(settings, count, &exporters, &error) < 0 ||
                collector_new(base, exporters, sink, &collector, &error) < 0)
                fail_msg("%s", error.text);
}

static inline uint16_t listen_with(struct collect_listener listener)
{
        uint16_t number;

        listener.address = address_from_ipv4(INADDR_LOOPBACK);
        listener.socket = -1;
        if (collector_listen(collector, &listener, &number, &error) < 0)
                fail_msg("%s", error.text);
        return number;
}

static inline struct exporter_setting exporter_at(const char *prefix, uint16_t number)
{
        struct exporter_setting setting = {.number = number, .rate = 100000000};
        assert_int_equal(prefix_parse(slice_of(prefix), &setting.from, &error), 0);
        return setting;
}

static inline int stop(void **state)
{
        (void)state;
        collector_free(collector);
        exporters_free(exporters);
        if (base)
                event_base_free(base);
        collector = NULL;
        exporters = NULL;
        base = NULL;
        return 0;
}

/* Runs the loop until so many milliseconds have passed. */
static inline void run_for(unsigned ms)
{
        struct timeval end = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
        event_base_loopexit(base, &end);
        event_base_dispatch(base);
}

/* Runs until a number is reached; a test that waits in vain fails by what it finds then. */
static inline void run_until(const uint64_t *number, uint64_t wanted)
{
        for (unsigned i = 0; i < 500 && *number < wanted; i++)
                run_for(20);
}

#endif
