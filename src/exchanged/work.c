/* SPDX-License-Identifier: EUPL-1.2 */
/* One pass over what waits: messages that came, clocks that ran out, what is due in the outbox. */
#include "exchanged/exchanged.h"

#include "exchange/beside.h"
#include "exchange/clock.h"
#include "exchange/post.h"
#include "os/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int note_recipient(void *context, const char *recipient)
{
        struct work_report *report = context;

        snprintf(report->recipients[report->recipient_count], sizeof report->recipients[0], "%s", recipient);
        return ++report->recipient_count == EXCHANGED_DELIVERIES_MAX;
}

static int note_sender(void *context, const char *sender)
{
        struct work_report *report = context;

        snprintf(report->senders[report->sender_count], sizeof report->senders[0], "%s", sender);
        return ++report->sender_count == EXCHANGED_FETCHES_MAX;
}

static void note_next(struct work_report *report, int64_t at_ms)
{
        if (at_ms != TIME_UNKNOWN && at_ms < report->next_ms)
                report->next_ms = at_ms;
}

static int look_at_outbox(struct office *office, struct work_report *report, struct error *error)
{
        struct queue *queue = office_queue(office);
        int64_t now_ms = office_now(office), due_ms = TIME_UNKNOWN;

        int r = queue_each_due_recipient(queue, now_ms, note_recipient, report, error);
        if (r >= 0)
                r = queue_next_due(queue, &due_ms, error);
        /* What is due now is being delivered; what that makes due is told by its end. */
        if (r == 0 && due_ms > now_ms)
                note_next(report, due_ms);
        return r;
}

/* What lies beside messages: what is due is being fetched, and what that makes due is told by its end. */
static int look_beside(struct office *office, struct work_report *report, struct error *error)
{
        int64_t now_ms = office_now(office), next_ms = TIME_UNKNOWN;

        int r = beside_run(office, error);
        if (r == 0)
                r = beside_each_due_sender(office_queue(office), now_ms, note_sender, report, error);
        if (r >= 0)
                r = beside_next_look(office, &next_ms, error);
        if (r == 0 && next_ms > now_ms)
                note_next(report, next_ms);
        return r;
}

static int look_at_stamps(struct office *office, struct work_report *report, struct error *error)
{
        struct post_stamp first;
        uint64_t count = 0;

        int r = post_stamp_first(office, &first, &count, error);
        if (r < 0 || count == 0)
                return r;
        report->stamp_due = first.next_ms <= office_now(office);
        if (!report->stamp_due)
                note_next(report, first.next_ms);
        return 0;
}

static int pass(struct office *office, struct work_report *report, struct error *error)
{
        int64_t look_ms = TIME_UNKNOWN;

        int r = post_take_all(office, error);
        report->taken = r > 0 ? (uint32_t)r : 0;
        if (r >= 0)
                r = clock_run(office, error);
        if (r >= 0)
                r = look_beside(office, report, error);
        if (r >= 0)
                r = look_at_outbox(office, report, error);
        if (r == 0)
                r = look_at_stamps(office, report, error);
        if (r == 0)
                r = book_next_look(office, &look_ms, error);
        if (r == 0)
                note_next(report, look_ms);
        return r;
}

void work_run(struct exchanged *node, int told)
{
        const struct office_options as_node = {.login = OFFICE_NODE};
        struct work_report report = {.next_ms = INT64_MAX};
        struct office *office = NULL;
        struct error error = {0};

        int r = office_open(node->folder, &as_node, &office, &error);
        if (r == 0)
                r = pass(office, &report, &error);
        office_close(office);
        report.code = r;
        if (r < 0)
                snprintf(report.text, sizeof report.text, "%s", error.text);
        _exit(write(told, &report, sizeof report) != (ssize_t)sizeof report);
}
