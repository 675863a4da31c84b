/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/sequence_state.h"

#include <stdlib.h>
#include <string.h>

void sequence_init(struct sequence *sequence, uint16_t exporter, uint32_t stream, bool counts_packets)
{
        *sequence = (struct sequence){
                .exporter = exporter,
                .stream = stream,
                .counts_packets = counts_packets,
                .landmark_stride = 1,
                .overflow.reason = GAP_REASON_COUNT,
        };
}

void sequence_resume(struct sequence *s, uint32_t number, int64_t heard_since_ms)
{
        s->resumed.is_set = true;
        s->resumed.number = number;
        s->resumed.heard_since_ms = heard_since_ms;
}

void sequence_free(struct sequence *sequence)
{
        free(sequence->holes);
        free(sequence->marks);
        free(sequence->recent);
        free(sequence->landmarks);
        coverage_free(&sequence->closed);
        *sequence = (struct sequence){0};
}

/* ---- closed spans and gaps ---- */

int sequence_keep_gap(struct sequence *s, int64_t from, int64_t to, uint8_t reason, uint32_t count)
{
        struct coverage_gap gap = {.from = from,
                .to = to,
                .stream = s->stream,
                .count = count,
                .exporter = s->exporter,
                .reason = reason};

        if (s->closed.gap_count < SEQUENCE_CLOSED_MAX)
                return coverage_add_gap(&s->closed, &gap);
        if (s->overflow.reason == GAP_REASON_COUNT) {
                s->overflow = gap;
                s->overflow.reason = GAP_CLOCK; /* the strongest: it holds whatever the spans say */
                return 0;
        }
        s->overflow.from = from < s->overflow.from ? from : s->overflow.from;
        s->overflow.to = to > s->overflow.to ? to : s->overflow.to;
        return 0;
}

static int32_t fit_offset(int64_t offset)
{
        return offset > INT32_MAX ? INT32_MAX : offset <= INT32_MIN ? INT32_MIN + 1 : (int32_t)offset;
}

int sequence_keep_span(
        struct sequence *s, int64_t from, int64_t to, uint32_t first, uint32_t end, bool begins_empty)
{
        const struct sequence_run *run = &s->run;
        bool has_offset = run->offset_min_ms != TIME_UNKNOWN;
        struct coverage_span span = {
                .from = from,
                .to = to,
                .stream = s->stream,
                .sequence_from = first,
                .sequence_to = end,
                .delay_ms = fit_offset(run->delay_ms),
                .offset_min_ms = has_offset ? fit_offset(run->offset_min_ms) : OFFSET_UNKNOWN,
                .offset_max_ms = has_offset ? fit_offset(run->offset_max_ms) : OFFSET_UNKNOWN,
                .exporter = s->exporter,
                .flags = (uint8_t)(SPAN_SEQUENCED | (begins_empty ? SPAN_BEGINS_EMPTY : 0) |
                                   (run->has_events ? SPAN_HAS_EVENTS : 0)),
        };

        if (s->closed.span_count >= SEQUENCE_CLOSED_MAX)
                return 0; /* not claimed as heard: nothing is lost but certainty */
        return coverage_add_span(&s->closed, &span);
}

/* ---- landmarks: where this stream's numbers stood at which time ---- */

static int add_landmark(struct sequence *s, uint32_t number, int64_t export_ms, bool always)
{
        if (!always && s->landmark_skip++ % s->landmark_stride != 0)
                return 0;
        if (!s->landmarks) {
                s->landmarks = calloc(SEQUENCE_LANDMARKS_MAX, sizeof *s->landmarks);
                if (!s->landmarks)
                        return -ENOMEM;
        }
        if (s->landmark_count == SEQUENCE_LANDMARKS_MAX) { /* thin them: every second one stays */
                for (size_t i = 0; i < SEQUENCE_LANDMARKS_MAX / 2; i++)
                        s->landmarks[i] = s->landmarks[i * 2];
                s->landmark_count /= 2;
                s->landmark_stride =
                        s->landmark_stride < (1u << 30) ? s->landmark_stride * 2 : s->landmark_stride;
        }
        s->landmarks[s->landmark_count++] = (struct sequence_landmark){export_ms, number};
        return 0;
}

/* Could a message of this number have been sent at this time by the clock and numbering that set the
 * landmarks? */
static bool fits_landmarks(const struct sequence *s, uint32_t number, int64_t export_ms)
{
        for (size_t i = 0; i < s->landmark_count; i++) {
                int32_t distance = sequence_ahead(number, s->landmarks[i].number);
                int64_t later = export_ms - s->landmarks[i].export_ms;
                if ((distance <= 0 && later > CUT_MS) || (distance >= 0 && later < -CUT_MS))
                        return false;
        }
        return s->landmark_count > 0;
}

bool sequence_meets_landmark(const struct sequence *s, uint32_t first, uint32_t end)
{
        for (size_t i = 0; i < s->landmark_count; i++)
                if (sequence_ahead(s->landmarks[i].number, first) >= 0 &&
                        sequence_ahead(end, s->landmarks[i].number) >= 0)
                        return true;
        return false;
}

/* ---- runs ---- */

static int close_marks(struct sequence *s)
{
        int r = 0;

        s->run.has_events |= s->mark_count > 0; /* what was refused or never decoded may have been some */
        for (size_t i = 0; i < s->mark_count && r == 0; i++) {
                const struct sequence_mark *mark = &s->marks[i];
                r = sequence_keep_gap(
                        s, mark->from_ms - s->run.delay_ms, mark->to_ms + CUT_MS, mark->reason, mark->count);
        }
        return r;
}

static int close_spans(struct sequence *s, int64_t from, bool begins_empty)
{
        const struct sequence_run *run = &s->run;
        uint32_t first = run->first_number;
        int r = 0;

        for (size_t i = 0; i < s->hole_count && r == 0; i++) {
                const struct sequence_hole *hole = &s->holes[i];
                if (hole->first != first)
                        r = sequence_keep_span(s, from, hole->before_ms, first, hole->first, begins_empty);
                if (r == 0)
                        r = sequence_keep_gap(s, hole->before_ms - run->delay_ms, hole->after_ms + CUT_MS,
                                GAP_SEQUENCE, hole->end - hole->first);
                from = hole->after_ms + CUT_MS;
                first = hole->end;
                begins_empty = false;
        }
        return r < 0 ? r : sequence_keep_span(s, from, run->last_ms, first, run->expected, begins_empty);
}

static int close_restart(struct sequence *s, int64_t from, bool begins_empty)
{
        const struct sequence_run *run = &s->run;
        int64_t to = run->first_ms + CUT_MS;

        if (run->restart_before_ms == TIME_UNKNOWN)
                return 0;
        if (begins_empty) /* nothing of the new numbering is missing; the old one ended at the latest then */
                to = from - 1 > run->restart_before_ms + CUT_MS ? from - 1 : run->restart_before_ms + CUT_MS;
        int64_t begin = run->restart_before_ms - run->restart_delay_ms;
        return sequence_keep_gap(s, begin < to ? begin : to, begin < to ? to : begin, GAP_RESTART, 0);
}

bool sequence_run_begins_empty(const struct sequence_run *run)
{
        return run->begins_at_zero && run->confirmed;
}

/* The first instant from which everything is in the store. */
int64_t sequence_run_from(const struct sequence_run *run)
{
        if (run->heard_since_ms != TIME_UNKNOWN)
                return run->heard_since_ms;
        if (!sequence_run_begins_empty(run))
                return run->first_ms + CUT_MS;
        if (run->first_event_ms != TIME_UNKNOWN && run->first_event_ms < run->first_ms &&
                run->first_event_ms >= run->first_ms - SEQUENCE_EMPTY_MS)
                return run->first_event_ms;
        /* Export times are cut to seconds: what was open before a restart may have been opened in the very
         * second in which the new numbering begins, and nothing tells of its end. */
        return run->restart_before_ms != TIME_UNKNOWN ? run->first_ms + CUT_MS : run->first_ms;
}

/* Moves the run to the closed spans and gaps. Holes and marks are used up. */
static int close_run(struct sequence *s)
{
        struct sequence_run *run = &s->run;
        bool begins_empty = sequence_run_begins_empty(run);
        int64_t from = sequence_run_from(run);
        int r = close_restart(s, from, begins_empty);

        if (r == 0)
                r = close_marks(s);
        if (r == 0 && run->provisional && !sequence_meets_landmark(s, run->first_number, run->expected)) {
                /* Numbers and times went back together and met nothing that is known: a repeated file would
                 * have, so the clock was set. */
                r = sequence_keep_gap(
                        s, run->first_ms - run->delay_ms, run->highest_ms + CUT_MS, GAP_CLOCK, 0);
        } else if (r == 0 && run->messages > 0 && s->chaos < 3) {
                r = close_spans(s, from, begins_empty);
                if (r == 0 && run->provisional) {
                        r = add_landmark(s, run->first_number, run->first_ms, true);
                        if (r == 0)
                                r = add_landmark(s, run->expected, run->last_ms, true);
                }
        }
        s->hole_count = s->mark_count = 0;
        run->restart_before_ms = TIME_UNKNOWN;
        return r;
}

static void open_run(
        struct sequence *s, uint32_t number, int64_t export_ms, const struct flow_exporter *exporter)
{
        s->run = (struct sequence_run){
                .first_ms = export_ms,
                .last_ms = export_ms,
                .highest_ms = export_ms,
                .heard_since_ms = TIME_UNKNOWN,
                .first_event_ms = TIME_UNKNOWN,
                .delay_ms = exporter->delay_ms > CUT_MS ? exporter->delay_ms : CUT_MS,
                .restart_before_ms = TIME_UNKNOWN,
                .step_highest_ms = TIME_UNKNOWN,
                .offset_min_ms = TIME_UNKNOWN,
                .offset_max_ms = TIME_UNKNOWN,
                .first_number = number,
                .expected = number,
                .begins_at_zero = number == 0 && !exporter->restart_keeps,
        };
        memset(&s->told, 0, sizeof s->told);
        s->known = true;
        s->jump_count = 0;
        s->stray.is_set = false;
}

static int reopen_run(
        struct sequence *s, uint32_t number, int64_t export_ms, const struct flow_exporter *exporter)
{
        int r = close_run(s);

        if (r < 0)
                return r;
        open_run(s, number, export_ms, exporter);
        return 0;
}

static int restart(struct sequence *s, uint32_t number, int64_t export_ms,
        const struct flow_exporter *exporter, struct flow_counts *counts)
{
        int64_t before = s->run.highest_ms, delay = s->run.delay_ms;
        int r = reopen_run(s, number, export_ms, exporter);

        if (r < 0)
                return r;
        s->run.restart_before_ms = before;
        s->run.restart_delay_ms = delay;
        s->chaos++;
        counts->restarts++;
        return 0;
}

/* The clock went back: times since it had been set ahead (the last forward jump large enough to be it) are
 * false. */
static int clock_step(struct sequence *s, uint32_t number, int64_t export_ms,
        const struct flow_exporter *exporter, struct flow_counts *counts)
{
        int64_t highest = s->run.highest_ms, step = highest - export_ms, from = s->run.first_ms;
        uint32_t unknown = step > UINT32_MAX ? UINT32_MAX : (uint32_t)step; /* since when it was wrong */

        for (size_t i = s->jump_count; i > 0; i--) {
                if (s->jumps[i - 1].size_ms >= step / 2) {
                        from = s->jumps[i - 1].before_ms;
                        unknown = 0;
                        break;
                }
        }
        from = (from < export_ms ? from : export_ms) - s->run.delay_ms;
        counts->clock_steps++;
        int r = reopen_run(s, number, export_ms, exporter);
        if (r == 0) {
                s->run.begins_at_zero = false;
                s->run.step_highest_ms = highest;
        }
        return r < 0 ? r : sequence_keep_gap(s, from, highest + CUT_MS, GAP_CLOCK, unknown);
}

static void note_jump(struct sequence *s, int64_t before_ms, int64_t size_ms)
{
        if (size_ms < SEQUENCE_BACKWARDS_MS / 2)
                return;
        while (s->jump_count > 0 && s->jumps[s->jump_count - 1].size_ms <= size_ms)
                s->jump_count--;
        if (s->jump_count ==
                SEQUENCE_JUMPS_MAX) { /* forgetting the oldest makes a gap longer, never shorter */
                memmove(&s->jumps[0], &s->jumps[1], (SEQUENCE_JUMPS_MAX - 1) * sizeof s->jumps[0]);
                s->jump_count--;
        }
        s->jumps[s->jump_count].before_ms = before_ms;
        s->jumps[s->jump_count++].size_ms = size_ms;
}

/* ---- holes ---- */

static void unite_holes(struct sequence *s)
{
        for (size_t i = 0; i < s->hole_count / 2; i++) {
                s->holes[i] = s->holes[i * 2];
                s->holes[i].after_ms = s->holes[i * 2 + 1].after_ms;
                s->holes[i].end = s->holes[i * 2 + 1].end;
        }
        s->hole_count /= 2;
        s->told.holes = 0;
}

static int insert_hole(struct sequence *s, size_t at, const struct sequence_hole *hole)
{
        if (s->hole_count == s->hole_capacity) {
                size_t capacity = s->hole_capacity ? s->hole_capacity * 2 : 8;
                struct sequence_hole *holes = realloc(s->holes, capacity * sizeof *holes);
                if (!holes)
                        return -ENOMEM;
                s->holes = holes;
                s->hole_capacity = capacity;
        }
        memmove(&s->holes[at + 1], &s->holes[at], (s->hole_count - at) * sizeof s->holes[0]);
        s->holes[at] = *hole;
        s->hole_count++;
        return 0;
}

static int add_hole(struct sequence *s, const struct sequence_hole *hole)
{
        if (s->hole_count >= SEQUENCE_HOLES_MAX)
                unite_holes(s);
        return insert_hole(s, s->hole_count, hole);
}

static bool find_hole(const struct sequence *s, uint32_t number, int64_t export_ms, size_t *ret_index)
{
        for (size_t i = s->hole_count; i > 0; i--) {
                const struct sequence_hole *hole = &s->holes[i - 1];
                if (number - hole->first < hole->end - hole->first) {
                        *ret_index = i - 1;
                        return export_ms >= hole->before_ms && export_ms <= hole->after_ms;
                }
        }
        return false;
}

/* A late message takes its numbers out of its hole. */
static int fill_hole(struct sequence *s, size_t index, uint32_t number, uint32_t records, int64_t export_ms)
{
        struct sequence_hole *hole = &s->holes[index];
        struct sequence_hole rest = {export_ms, hole->after_ms, number + records, hole->end, false};

        if (records > hole->end - number)
                return 0; /* more than is missing: something else is wrong, and the hole stays */
        s->told.holes = index < s->told.holes ? index : s->told.holes;
        hole->end = number;
        hole->after_ms = export_ms;
        bool has_left = hole->end != hole->first, has_rest = rest.end != rest.first;
        if (has_left && has_rest && s->hole_count >= SEQUENCE_HOLES_MAX) {
                hole->end = rest.end;
                hole->after_ms = rest.after_ms;
                return 0;
        }
        if (has_left && has_rest)
                return insert_hole(s, index + 1, &rest);
        if (has_rest) {
                *hole = rest;
        } else if (!has_left) {
                memmove(hole, hole + 1, (s->hole_count - index - 1) * sizeof *hole);
                s->hole_count--;
        }
        return 0;
}

/* ---- marks ---- */

static void unite_marks(struct sequence *s)
{
        for (size_t i = 0; i < s->mark_count / 2; i++) {
                struct sequence_mark *left = &s->marks[i * 2], *right = &s->marks[i * 2 + 1];
                struct sequence_mark both = {
                        .from_ms = left->from_ms < right->from_ms ? left->from_ms : right->from_ms,
                        .to_ms = left->to_ms > right->to_ms ? left->to_ms : right->to_ms,
                        .reason = left->reason,
                };
                s->marks[i] = both;
        }
        s->mark_count /= 2;
}

static int add_mark(struct sequence *s, const struct sequence_mark *mark)
{
        if (s->mark_count >= SEQUENCE_MARKS_MAX)
                unite_marks(s);
        if (s->mark_count == s->mark_capacity) {
                size_t capacity = s->mark_capacity ? s->mark_capacity * 2 : 8;
                struct sequence_mark *marks = realloc(s->marks, capacity * sizeof *marks);
                if (!marks)
                        return -ENOMEM;
                s->marks = marks;
                s->mark_capacity = capacity;
        }
        s->marks[s->mark_count++] = *mark;
        return 0;
}

/* The message after one that could not be counted is here: the mark ends with it. */
static void end_unknown(struct sequence *s, uint32_t number, int64_t export_ms)
{
        struct sequence_mark *mark = s->mark_count ? &s->marks[s->mark_count - 1] : NULL;

        s->run.expected_unknown = false;
        s->run.expected = number;
        if (!mark || !mark->counts_unknown)
                return;
        mark->counts_unknown = mark->told = false;
        mark->has_next = true;
        mark->next = number;
        if (export_ms > mark->to_ms)
                mark->to_ms = export_ms;
}

static int mark_message(struct sequence *s, const struct sequence_outcome *outcome, bool in_order)
{
        struct sequence_mark *last = s->mark_count ? &s->marks[s->mark_count - 1] : NULL;
        int64_t export_ms = s->now.export_ms;
        bool counts_unknown = in_order && !outcome->count_known && !s->counts_packets;

        if (last && in_order && s->run.last_marked && last->ticket == 0 && outcome->ticket == 0 &&
                last->reason == outcome->reason) {
                last->to_ms = export_ms > last->to_ms ? export_ms : last->to_ms;
                last->count += outcome->refused;
                last->counts_unknown = counts_unknown;
                last->told = false;
                return 0;
        }
        struct sequence_mark mark = {
                .from_ms = export_ms,
                .to_ms = export_ms,
                .ticket = outcome->ticket,
                .first = s->now.number + outcome->records,
                .message = s->now.number,
                .count = outcome->refused,
                .reason = outcome->reason,
                .counts_unknown = counts_unknown,
        };
        return add_mark(s, &mark);
}

int sequence_decoded(struct sequence *s, uint32_t ticket, uint32_t records, int64_t slowest_ms)
{
        size_t i = 0;

        while (i < s->mark_count && s->marks[i].ticket != ticket)
                i++;
        if (i == s->mark_count || ticket == 0)
                return 0; /* united with others, or fetched already: the gap stays */
        struct sequence_mark mark = s->marks[i];
        memmove(&s->marks[i], &s->marks[i + 1], (s->mark_count - i - 1) * sizeof s->marks[0]);
        s->mark_count--;
        s->run.last_marked = false;
        if (slowest_ms > s->run.delay_ms)
                s->run.delay_ms = slowest_ms;
        uint32_t end = mark.first + records;
        if (mark.counts_unknown && s->run.expected_unknown) {
                s->run.expected = end;
                s->run.expected_unknown = false;
        } else if (mark.has_next && mark.next != end) {
                /* Other records are missing behind it, and which ones the numbers do not say. */
                mark.ticket = 0;
                return add_mark(s, &mark);
        }
        return 0;
}

/* ---- messages ---- */

static uint16_t *chain_of(struct sequence_recent *recent, uint64_t hash)
{
        return &recent->heads[hash % SEQUENCE_RECENT_MAX];
}

static bool is_repeated(const struct sequence *s, const struct sequence_message *message)
{
        struct sequence_recent *recent = s->recent;
        unsigned at = recent ? *chain_of(recent, message->hash) : 0;

        for (; at > 0; at = recent->items[at - 1].next)
                if (recent->items[at - 1].hash == message->hash &&
                        recent->items[at - 1].number == message->number)
                        return true;
        return false;
}

/* The ring has come round: what stands in this place is forgotten. It is the oldest, so the last of its
 * chain. */
static void forget_oldest(struct sequence_recent *recent, size_t place)
{
        uint16_t *link = chain_of(recent, recent->items[place].hash);

        while (*link != place + 1)
                link = &recent->items[*link - 1].next;
        *link = 0;
}

static int remember(struct sequence *s)
{
        if (!s->recent) {
                s->recent = calloc(1, sizeof *s->recent);
                if (!s->recent)
                        return -ENOMEM;
        }
        if (s->recent_count == SEQUENCE_RECENT_MAX)
                forget_oldest(s->recent, s->recent_at);
        uint16_t *chain = chain_of(s->recent, s->now.hash);
        s->recent->items[s->recent_at].hash = s->now.hash;
        s->recent->items[s->recent_at].number = s->now.number;
        s->recent->items[s->recent_at].next = *chain;
        *chain = (uint16_t)(s->recent_at + 1);
        s->recent_at = (s->recent_at + 1) % SEQUENCE_RECENT_MAX;
        if (s->recent_count < SEQUENCE_RECENT_MAX)
                s->recent_count++;
        return 0;
}

/* Numbers ahead of what was heard: in order, after a loss, or beyond a stretch that was heard before. */
static int place_ahead(struct sequence *s, const struct sequence_message *m,
        const struct flow_exporter *exporter, struct flow_counts *counts, enum sequence_verdict *ret_verdict)
{
        uint32_t missing = m->number - s->run.expected;

        *ret_verdict = SEQUENCE_IN_ORDER;
        if (missing > SEQUENCE_JUMP_RECORDS) {
                *ret_verdict = SEQUENCE_RESTART;
                return restart(s, m->number, m->export_ms, exporter, counts);
        }
        if (m->export_ms < s->run.highest_ms - SEQUENCE_BACKWARDS_MS)
                return clock_step(s, m->number, m->export_ms, exporter, counts);
        if (missing == 0)
                return 0;
        if (s->run.provisional && sequence_meets_landmark(s, s->run.expected + 1, m->number))
                return reopen_run(s, m->number, m->export_ms, exporter);
        /* Times within a few seconds may run backwards: the hole reaches from the earlier to the later. */
        struct sequence_hole hole = {s->run.last_ms, m->export_ms, s->run.expected, m->number, false};
        if (hole.before_ms > hole.after_ms) {
                hole.before_ms = m->export_ms;
                hole.after_ms = s->run.last_ms;
        }
        counts->lost += missing;
        s->run.expected = m->number;
        return add_hole(s, &hole);
}

/* Sent before the clock was set back, and overtaken by what was sent after it: its number lies before the run
 * and its time behind all that the old clock had shown. What it says is as false as that. */
static bool is_of_old_clock(const struct sequence *s, const struct sequence_message *m)
{
        int64_t highest = s->run.step_highest_ms;

        return highest != TIME_UNKNOWN && s->run.first_number - m->number - 1 < SEQUENCE_REORDER &&
               s->run.last_ms - s->run.first_ms <= SEQUENCE_STRAGGLER_MS && m->export_ms > highest &&
               m->export_ms <= highest + SEQUENCE_STRAGGLER_MS;
}

/* Numbers behind what was heard: late, repeated, or counted anew. */
static int place_behind(struct sequence *s, const struct sequence_message *m,
        const struct flow_exporter *exporter, struct flow_counts *counts, enum sequence_verdict *ret_verdict)
{
        uint32_t before_first = s->run.first_number - m->number;

        *ret_verdict = SEQUENCE_LATE;
        s->now.fits_hole = find_hole(s, m->number, m->export_ms, &s->now.hole);
        if (s->now.fits_hole)
                return 0;
        if (before_first - 1 < SEQUENCE_REORDER && m->export_ms <= s->run.first_ms &&
                m->export_ms >= s->run.first_ms - SEQUENCE_BACKWARDS_MS &&
                s->run.last_ms - s->run.first_ms <= SEQUENCE_BACKWARDS_MS) {
                s->now.before_first = true;
                return 0;
        }
        if (m->export_ms < s->run.highest_ms - SEQUENCE_BACKWARDS_MS) {
                if (!fits_landmarks(s, m->number, m->export_ms)) {
                        *ret_verdict = SEQUENCE_RESTART;
                        counts->restarts++;
                        return clock_step(s, m->number, m->export_ms, exporter, counts);
                }
                *ret_verdict = SEQUENCE_IN_ORDER;
                int r = reopen_run(s, m->number, m->export_ms, exporter);
                s->run.provisional = true;
                return r;
        }
        if (is_of_old_clock(s, m)) {
                int r = sequence_keep_gap(s, s->run.step_highest_ms, m->export_ms + CUT_MS, GAP_CLOCK, 0);
                if (r < 0)
                        return r;
        }
        if (m->number == 0 || (s->stray.is_set && !(s->stray.has_next && s->stray.next == m->number))) {
                *ret_verdict = SEQUENCE_RESTART;
                return restart(s, m->number, m->export_ms, exporter, counts);
        }
        if (s->stray.is_set) { /* the second message of a new numbering: the first was no straggler */
                *ret_verdict = SEQUENCE_IN_ORDER;
                int r = restart(s, s->stray.number, s->stray.export_ms, exporter, counts);
                s->run.messages = 1;
                s->run.expected = m->number;
                return r;
        }
        s->stray.is_set = true;
        s->stray.has_next = false;
        s->stray.number = m->number;
        s->stray.export_ms = m->export_ms;
        return 0;
}

static int place(struct sequence *s, const struct sequence_message *m, const struct flow_exporter *exporter,
        struct flow_counts *counts, enum sequence_verdict *ret_verdict)
{
        if (!s->known) {
                open_run(s, m->number, m->export_ms, exporter);
                if (s->resumed.is_set && s->resumed.number == m->number) {
                        s->run.heard_since_ms = s->resumed.heard_since_ms;
                        s->run.begins_at_zero = false;
                }
                *ret_verdict = SEQUENCE_IN_ORDER;
                return 0;
        }
        int32_t distance = sequence_ahead(m->number, s->run.expected);
        if (distance <= 0 && is_repeated(s, m)) {
                *ret_verdict = SEQUENCE_DUPLICATE;
                counts->duplicate_messages++;
                return 0;
        }
        if (s->run.provisional && !fits_landmarks(s, m->number, m->export_ms)) {
                *ret_verdict = SEQUENCE_IN_ORDER;
                return clock_step(s, m->number, m->export_ms, exporter, counts);
        }
        if (s->run.expected_unknown && distance >= 0 && (uint32_t)distance <= SEQUENCE_JUMP_RECORDS &&
                m->export_ms >= s->run.highest_ms - SEQUENCE_BACKWARDS_MS)
                end_unknown(s, m->number, m->export_ms);
        /* A jump far ahead of a 32-bit counter looks like one behind; both are a new numbering. */
        if (distance < 0)
                return place_behind(s, m, exporter, counts, ret_verdict);
        return place_ahead(s, m, exporter, counts, ret_verdict);
}

static void note_clocks(struct sequence *s, const struct sequence_message *m)
{
        struct sequence_run *run = &s->run;

        if (m->receipt_ms == TIME_UNKNOWN)
                return;
        int64_t offset = m->export_ms - m->receipt_ms;
        if (run->offset_min_ms == TIME_UNKNOWN || offset < run->offset_min_ms)
                run->offset_min_ms = offset;
        if (run->offset_max_ms == TIME_UNKNOWN || offset > run->offset_max_ms)
                run->offset_max_ms = offset;
}

int sequence_begin(struct sequence *s, const struct sequence_message *message,
        const struct flow_exporter *exporter, struct flow_counts *counts, enum sequence_verdict *ret_verdict)
{
        memset(&s->now, 0, sizeof s->now);
        s->now.hash = message->hash;
        s->now.number = message->number;
        s->now.export_ms = message->export_ms;
        int r = place(s, message, exporter, counts, ret_verdict);
        if (r < 0)
                return r;
        s->now.verdict = (uint8_t)*ret_verdict;
        if (*ret_verdict == SEQUENCE_LATE)
                counts->late_messages++;
        else if (*ret_verdict != SEQUENCE_DUPLICATE)
                note_clocks(s, message);
        return 0;
}

static int end_in_order(struct sequence *s, const struct sequence_outcome *outcome, uint32_t length)
{
        struct sequence_run *run = &s->run;

        if (s->now.number != run->first_number) {
                run->confirmed = true;
                s->chaos = 0;
        }
        if (run->messages > 0 && s->now.export_ms > run->last_ms)
                note_jump(s, run->last_ms, s->now.export_ms - run->last_ms);
        run->messages++;
        run->expected = s->now.number + length;
        run->expected_unknown = !s->counts_packets && !outcome->count_known;
        run->last_ms = s->now.export_ms;
        if (s->now.export_ms > run->highest_ms)
                run->highest_ms = s->now.export_ms;
        if (outcome->has_data || s->counts_packets)
                s->stray.is_set = false;
        return run->provisional ? 0 : add_landmark(s, s->now.number, s->now.export_ms, false);
}

static int end_late(struct sequence *s, const struct sequence_outcome *outcome, uint32_t length,
        struct flow_counts *counts)
{
        bool known = outcome->count_known || s->counts_packets;

        if (s->now.fits_hole && known && length > 0) {
                uint32_t missing = s->holes[s->now.hole].end - s->now.number;
                if (length <= missing)
                        counts->lost -= length < counts->lost ? length : counts->lost;
                return fill_hole(s, s->now.hole, s->now.number, length, s->now.export_ms);
        }
        if (s->now.before_first && known && s->now.number + length == s->run.first_number) {
                s->run.first_number = s->now.number;
                s->run.first_ms = s->now.export_ms;
                return 0;
        }
        if (s->stray.is_set && s->stray.number == s->now.number) {
                /* A late message of templates alone says nothing of where the numbers go on. */
                s->stray.is_set = !known || length > 0;
                s->stray.has_next = known;
                s->stray.next = s->now.number + length;
        }
        return 0;
}

int sequence_end(struct sequence *s, const struct sequence_outcome *outcome, struct flow_counts *counts)
{
        struct sequence_run *run = &s->run;
        uint32_t length = s->counts_packets ? 1 : outcome->records;
        bool late = s->now.verdict == SEQUENCE_LATE;
        int r = 0;

        if (outcome->slowest_ms > run->delay_ms)
                run->delay_ms = outcome->slowest_ms;
        if (run->first_event_ms == TIME_UNKNOWN && !late)
                run->first_event_ms = outcome->first_event_ms;
        run->has_events |= outcome->has_nat;
        if (outcome->has_data || s->counts_packets)
                r = remember(s);
        if (r == 0 && outcome->is_marked)
                r = mark_message(s, outcome, !late);
        if (r < 0)
                return r;
        if (late)
                return end_late(s, outcome, length, counts);
        run->last_marked = outcome->is_marked;
        return end_in_order(s, outcome, length);
}

void sequence_given_up(struct sequence *s, uint32_t ticket)
{
        for (size_t i = 0; i < s->mark_count; i++)
                s->marks[i].given_up |= s->marks[i].ticket == ticket;
}

int sequence_finish(struct sequence *s, struct coverage *ret)
{
        int r = 0;

        if (s->known) {
                struct sequence_run run = s->run;
                r = close_run(s);
                /* What comes next continues from here; the numbers join the two spans. */
                s->run.first_ms = run.last_ms;
                s->run.highest_ms = run.highest_ms;
                s->run.first_number = run.expected;
                s->run.first_event_ms = TIME_UNKNOWN;
                s->run.heard_since_ms = TIME_UNKNOWN;
                s->run.begins_at_zero = s->run.confirmed = s->run.last_marked = false;
                s->run.messages = 0;
                s->run.offset_min_ms = s->run.offset_max_ms = TIME_UNKNOWN;
                memset(&s->told, 0, sizeof s->told);
        }
        if (r == 0)
                r = sequence_hand_over(s, ret);
        coverage_free(&s->closed);
        return r;
}
