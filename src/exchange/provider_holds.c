/* SPDX-License-Identifier: EUPL-1.2 */
/* What the store preserves for an order: holds, made, kept longer and let go by the store's own command
 * (rogatory-preserve(1)), which records each. */
#include "exchange/provider_case.h"
#include "exchange/rows.h"

#include <stdio.h>
#include <string.h>

#define MARGIN_MS (2 * TIME_MINUTE)                /* a stated time may be off by its clock */
#define PIECE_MS (31 * TIME_DAY - 2 * TIME_MINUTE) /* of one hold, with the margin on both sides */
#define AGAIN_MS (10 * TIME_DAY)                   /* before its end a hold is prolonged */
#define PROLONGED_MS (30 * TIME_DAY - TIME_MINUTE) /* by so much at once */

/* Steps in the book that move no state. The reason is the name of the hold. */
#define STEP_GIVEN_UP "hold-given-up"
#define STEP_LET_GO "hold-let-go"

static int run(struct provider_case *c, const struct provider_store *store, const char *const *words,
        json_t **ret_said, struct error *error)
{
        struct buffer output = buffer_make(PROVIDER_OUTPUT_MAX);
        int code;
        int r = (store && store->run ? store->run : provider_run_program)(
                store ? store->context : NULL, words, &output, &code, error);

        (void)c;
        if (r == 0 && code != 0)
                r = error_set(error, -EIO, "rogatory %s ended with %d", words[0], code);
        json_t *said =
                r == 0 ? json_loadb((const char *)output.bytes, output.length, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
        if (r == 0 && !json_is_string(json_object_get(said, "hold")))
                r = error_set(error, -EBADMSG, "rogatory %s did not say which hold it made", words[0]);
        buffer_free(&output);
        if (r == 0 && ret_said)
                *ret_said = json_incref(said);
        json_decref(said);
        return r;
}

/* ---- which ---- */

/* What of the identifier's time is ordered: its own, or where it has none that of the order, and nothing
 * outside the order's. False: there is no time, or all of it is to come. */
static bool time_of(const struct provider_case *c, const struct identifier *identifier, int64_t *ret_from,
        int64_t *ret_to)
{
        const struct data_wish *data = &c->form->data;
        int64_t from = identifier->from_ms != TIME_UNKNOWN ? identifier->from_ms : data->from_ms;
        int64_t to = identifier->to_ms != TIME_UNKNOWN ? identifier->to_ms : data->to_ms;

        if (from == TIME_UNKNOWN || to == TIME_UNKNOWN)
                return false;
        if (data->from_ms != TIME_UNKNOWN && from < data->from_ms)
                from = data->from_ms;
        if (data->to_ms != TIME_UNKNOWN && to > data->to_ms)
                to = data->to_ms;
        *ret_from = from - MARGIN_MS;
        *ret_to = to + MARGIN_MS < office_now(c->office) ? to + MARGIN_MS : office_now(c->office);
        return from <= to && *ret_from < *ret_to;
}

/* Addresses from the first to the last; a number beyond any limit where there are too many. */
static size_t addresses_of(const struct identifier *identifier)
{
        if (identifier->kind == IDENTIFIER_IPV4 || identifier->kind == IDENTIFIER_IPV6)
                return 1;
        if (identifier->kind != IDENTIFIER_IP_RANGE || !address_is_ipv4(&identifier->address) ||
                !address_is_ipv4(&identifier->address_last))
                return 0;
        uint32_t first = address_ipv4(&identifier->address), last = address_ipv4(&identifier->address_last);
        return last < first ? 0 : (size_t)(last - first) + 1;
}

size_t holds_wanted(const struct provider_case *c, const struct identifier *identifier)
{
        size_t addresses = addresses_of(identifier);
        int64_t from, to;

        if (addresses == 0 || scope_refusal_of(&c->scope, identifier->id) ||
                !time_of(c, identifier, &from, &to))
                return 0;
        size_t pieces = (size_t)((to - from - 1) / PIECE_MS) + 1;
        return addresses > HOLDS_MOST || pieces > HOLDS_MOST ? HOLDS_MOST + 1 : addresses * pieces;
}

/* ---- made ---- */

struct making {
        struct provider_case *c;
        const struct identifier *identifier;
        const struct provider_store *store;
        int64_t until;
        char names[BOOK_TEXT_MAX]; /* of the holds, with a blank between */
};

static int make_one(
        struct making *making, const struct address *address, int64_t from, int64_t to, struct error *error)
{
        const struct identifier *identifier = making->identifier;
        char from_text[TIME_TEXT_MAX], to_text[TIME_TEXT_MAX], end[TIME_TEXT_MAX], word[EVIDENCE_WORD_MAX],
                text[ADDRESS_TEXT_MAX], protocol[24];
        json_t *said = NULL;

        address_format(address, text);
        if (identifier->source_port == MODEL_UNSTATED)
                snprintf(word, sizeof word, "%s", text);
        else
                snprintf(word, sizeof word, address_is_ipv4(address) ? "%s:%lld" : "[%s]:%lld", text,
                        (long long)identifier->source_port);
        const char *words[24] = {"preserve", "--json", "--case", making->c->order.id, "--store",
                provider_store_path(making->c), "--from", time_format_utc(from, from_text), "--to",
                time_format_utc(to, to_text), "--until", time_format_utc(making->until, end), word};
        size_t count = 13;
        if (identifier->protocol != MODEL_UNSTATED) {
                snprintf(protocol, sizeof protocol, "%lld", (long long)identifier->protocol);
                words[count++] = "--proto";
                words[count++] = protocol;
        }
        words[count] = NULL;
        int r = run(making->c, making->store, words, &said, error);
        if (r < 0)
                return r;
        size_t length = strlen(making->names);
        int written = snprintf(making->names + length, sizeof making->names - length, "%s%s",
                length ? " " : "", json_string_value(json_object_get(said, "hold")));
        json_decref(said);
        return written < 0 || (size_t)written >= sizeof making->names - length
                       ? error_set(error, -E2BIG, "the names of an identifier's holds do not fit the book")
                       : 0;
}

int holds_make(struct provider_case *c, const struct identifier *identifier, int64_t until,
        const struct provider_store *store, struct error *error)
{
        struct making making = {.c = c, .identifier = identifier, .store = store, .until = until};
        size_t addresses = addresses_of(identifier);
        int64_t from, to;
        int r = 0;

        if (holds_wanted(c, identifier) > HOLDS_MOST)
                return error_set(error, -E2BIG,
                        "an identifier would need more than %u holds; refuse it, or ask for less of it",
                        HOLDS_MOST);
        if (!time_of(c, identifier, &from, &to))
                return error_set(error, -EINVAL, "it is not ordered for which time");
        for (size_t i = 0; r == 0 && i < addresses; i++) {
                struct address address = identifier->address;
                if (identifier->kind == IDENTIFIER_IP_RANGE)
                        address = address_from_ipv4(address_ipv4(&identifier->address) + (uint32_t)i);
                for (int64_t at = from; r == 0 && at < to; at += PIECE_MS)
                        r = make_one(&making, &address, at, at + PIECE_MS < to ? at + PIECE_MS : to, error);
        }
        return r == 0 ? provider_task(c, identifier->id, TASK_PRESERVED, false, making.names, error) : r;
}

/* ---- each ---- */

typedef int hold_visit(void *context, const struct book_task *task, const char *hold, struct error *error);
struct visiting {
        hold_visit *visit;
        void *context;
        struct error *error;
};

static int visit_task(void *context, const struct book_task *task)
{
        struct visiting *visiting = context;
        struct slice rest = slice_of(task->reason);
        int r = 0;

        if (task->state != TASK_PRESERVED && task->state != TASK_CANCELLED && task->state != TASK_EXPIRED)
                return 0;
        while (r == 0 && !task->refused && rest.length > 0) {
                char hold[64];
                struct slice name = slice_cut(&rest, ' ');
                snprintf(hold, sizeof hold, "%.*s", (int)name.length, name.text);
                r = visiting->visit(visiting->context, task, hold, visiting->error);
        }
        return r;
}

static int each(struct provider_case *c, hold_visit *visit, void *context, struct error *error)
{
        struct visiting visiting = {.visit = visit, .context = context, .error = error};

        return book_tasks_each(c->office, c->order.id, visit_task, &visiting, error);
}

/* ---- kept longer ---- */

struct extending {
        struct provider_case *c;
        const char *production; /* NULL: Form 6 */
        const struct text_list *only;
        int64_t until;
};

static bool is_among(const struct text_list *ids, const char *id)
{
        for (size_t i = 0; ids && i < ids->count; i++)
                if (strcmp(ids->items[i], id) == 0)
                        return true;
        return !ids || ids->count == 0;
}

static int extend_hold(void *context, const struct book_task *task, const char *hold, struct error *error)
{
        const struct extending *extending = context;
        char end[TIME_TEXT_MAX];

        if (task->state != TASK_PRESERVED || !is_among(extending->only, task->identifier_id))
                return 0;
        const char *words[] = {"preserve", "--json", "--case", extending->c->order.id, "--store",
                provider_store_path(extending->c), "--extend", hold, "--until",
                time_format_utc(extending->until, end), extending->production ? "--production" : NULL,
                extending->production, NULL};
        return run(extending->c, NULL, words, NULL, error);
}

int provider_extend(struct provider_case *c, int64_t until_ms, struct error *error)
{
        int64_t before = TIME_UNKNOWN, follows = TIME_UNKNOWN;
        struct extending extending = {.c = c};
        int r = book_fact(c->office, c->order.id, FACT_HELD_UNTIL_MS, TIME_UNKNOWN, &before, error);

        if (r == 0)
                r = book_fact(
                        c->office, c->order.id, FACT_PRODUCTION_FOLLOWS_MS, TIME_UNKNOWN, &follows, error);
        /* By 30 days, and by no more than a hold can be kept longer. */
        extending.until = before != TIME_UNKNOWN && until_ms > before + DEADLINE_EXTENSION_DAYS * TIME_DAY
                                  ? before + DEADLINE_EXTENSION_DAYS * TIME_DAY
                                  : until_ms;
        if (r == 0 && (before == TIME_UNKNOWN || extending.until > before))
                r = each(c, extend_hold, &extending, error);
        if (r == 0 && (before == TIME_UNKNOWN || extending.until > before))
                r = provider_fact(c, FACT_HELD_UNTIL_MS, extending.until, error);
        if (r == 0 && follows == TIME_UNKNOWN)
                r = provider_fact(c, FACT_PRESERVED_UNTIL_MS, extending.until, error);
        return r == 0 ? provider_log_preserved(c, OFFICE_NODE, extending.until, error) : r;
}

/* ---- until it is produced ---- */

/* Whether the production order came to an end; one that has not come yet is waited for. */
static int is_produced(
        struct provider_case *c, const char *production, bool *ret_over, bool *ret_came, struct error *error)
{
        struct error reason = {0};
        struct book_order order;

        *ret_over = *ret_came = false;
        if (!*production)
                return 0;
        int r = book_order_find(c->office, production, &order, &reason);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_set(error, r, "%s", reason.text);
        *ret_came = true;
        /* Only its own issuer's: nobody ends or prolongs what another authority had preserved. */
        *ret_over = strcmp(order.peer, c->order.peer) == 0 && state_is_end(MACHINE_ORDER, order.state);
        return 0;
}

static int tell(struct provider_case *c, const char *code, const char *words, struct error *error)
{
        struct book_incident incident = {.at_ms = office_now(c->office)};

        snprintf(incident.code, sizeof incident.code, "%s", code);
        snprintf(incident.peer, sizeof incident.peer, "%s", c->order.peer);
        snprintf(incident.message_id, sizeof incident.message_id, "%s", c->order.message_id);
        snprintf(incident.words, sizeof incident.words, "order %s: %.400s", c->order.id, words);
        return book_incident_add(c->office, &incident, error);
}

/* Back to what Form 2, and Form 6 where there was one, say. */
static int produced(struct provider_case *c, struct error *error)
{
        int64_t extended = 0;
        int r = book_fact(c->office, c->order.id, FACT_EXTENDED, 0, &extended, error);
        int64_t until = deadline_preservation(&c->calendar, c->order.received_ms, extended != 0, false);

        if (r == 0)
                r = book_fact_clear(c->office, c->order.id, FACT_PRODUCTION_FOLLOWS_MS, error);
        if (r == 0)
                r = provider_fact(c, FACT_PRESERVED_UNTIL_MS, until, error);
        if (r == 0 && until <= office_now(c->office))
                r = holds_give_up(c, NULL, error);
        return r == 0 ? provider_log_preserved(c, OFFICE_NODE, until, error) : r;
}

static int prolong(
        struct provider_case *c, const struct message *follows, bool came, int64_t until, struct error *error)
{
        const struct production_follows *body = &follows->production_follows;
        struct error reason = {0};
        struct extending extending = {.c = c,
                .production = *body->production_order_id ? body->production_order_id : c->order.id,
                .only = &body->identifier_ids,
                .until = until + PROLONGED_MS};

        /* A store that cannot be asked now is asked again tomorrow; there is time, and other orders wait. */
        int r = each(c, extend_hold, &extending, &reason);
        if (r < 0)
                return tell(c, "hold-not-prolonged", reason.text, error);
        r = provider_fact(c, FACT_HELD_UNTIL_MS, extending.until, error);
        if (r == 0)
                r = provider_log_preserved(c, OFFICE_NODE, extending.until, error);
        if (r == 0 && !came)
                r = tell(c, "production-awaited",
                        "the data are kept because production was announced, and no production order has "
                        "come",
                        error);
        return r;
}

static int holds_for_production(struct provider_case *c, struct error *error)
{
        int64_t follows = TIME_UNKNOWN, until = TIME_UNKNOWN;
        struct book_message row;
        struct message message;
        bool over = false, came = false;

        int r = book_fact(c->office, c->order.id, FACT_PRODUCTION_FOLLOWS_MS, TIME_UNKNOWN, &follows, error);
        if (r < 0 || follows == TIME_UNKNOWN || c->order.state != ORDER_STATE_PRESERVED)
                return r;
        r = book_message_latest(
                c->office, c->order.id, MESSAGE_PRODUCTION_FOLLOWS, DIRECTION_IN, &row, error);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        message_init(&message, MESSAGE_NONE);
        r = book_message_read(c->office, row.peer, row.id, &message, error);
        if (r == 0)
                r = is_produced(c, message.production_follows.production_order_id, &over, &came, error);
        if (r == 0)
                r = book_fact(c->office, c->order.id, FACT_HELD_UNTIL_MS, TIME_UNKNOWN, &until, error);
        if (r == 0 && over)
                r = produced(c, error);
        else if (r == 0 && until != TIME_UNKNOWN && until - office_now(c->office) < AGAIN_MS)
                r = prolong(c, &message, came, until, error);
        message_free(&message);
        return r;
}

/* ---- let go ---- */

static int note(struct provider_case *c, const char *step, const char *identifier_id, const char *hold,
        struct error *error)
{
        struct book_decision decision = {
                .at_ms = office_now(c->office), .from = c->order.state, .to = c->order.state};

        snprintf(decision.order_id, sizeof decision.order_id, "%s", c->order.id);
        snprintf(decision.step, sizeof decision.step, "%s", step);
        snprintf(decision.person, sizeof decision.person, "%s", OFFICE_NODE);
        snprintf(decision.identifier_id, sizeof decision.identifier_id, "%s", identifier_id);
        snprintf(decision.reason, sizeof decision.reason, "%s", hold);
        return book_decision_add(c->office, &decision, error);
}

struct giving_up {
        struct provider_case *c;
        const char *identifier_id;
};

static int give_up_hold(void *context, const struct book_task *task, const char *hold, struct error *error)
{
        const struct giving_up *giving_up = context;

        if (giving_up->identifier_id && strcmp(giving_up->identifier_id, task->identifier_id) != 0)
                return 0;
        return note(giving_up->c, STEP_GIVEN_UP, task->identifier_id, hold, error);
}

int holds_give_up(struct provider_case *c, const char *identifier_id, struct error *error)
{
        struct giving_up giving_up = {.c = c, .identifier_id = identifier_id};

        int r = each(c, give_up_hold, &giving_up, error);
        return r == 0 ? provider_fact(c, FACT_HOLDS_LOOK_MS, office_now(c->office), error) : r;
}

int provider_nothing_kept(struct provider_case *c, struct error *error)
{
        int64_t open = 0;
        int r = holds_give_up(c, NULL, error);

        if (r == 0)
                r = holds_given_up(c, &open, error);
        return r == 0 && open == 0 ? provider_fact(c, FACT_DELETED_MS, office_now(c->office), error) : r;
}

#define OPEN                                                                                                 \
        "FROM book_decision AS up WHERE order_id = ?1 AND step = '" STEP_GIVEN_UP "' AND NOT EXISTS"         \
        " (SELECT 1 FROM book_decision AS gone WHERE gone.order_id = ?1 AND gone.step = '" STEP_LET_GO "'"   \
        " AND gone.reason = up.reason)"

int holds_given_up(struct provider_case *c, int64_t *ret_count, struct error *error)
{
        return rows_number(
                office_database(c->office), error, 0, ret_count, "SELECT count(*) " OPEN, "t", c->order.id);
}

static int next_given_up(
        struct provider_case *c, char hold[64], char identifier[MODEL_ID_MAX], struct error *error)
{
        sqlite3_stmt *rows;
        int r = rows_ask(office_database(c->office), error, &rows,
                "SELECT reason, identifier_id " OPEN " ORDER BY number LIMIT 1", "t", c->order.id);

        if (r < 0)
                return r;
        r = rows_next(rows, error);
        if (r == 1) {
                rows_text(rows, 0, hold, 64);
                rows_text(rows, 1, identifier, MODEL_ID_MAX);
        }
        rows_finish(rows);
        return r;
}

static int holds_let_go(struct provider_case *c, struct error *error)
{
        char hold[64], identifier[MODEL_ID_MAX];
        struct error reason = {0};
        int r;

        while ((r = next_given_up(c, hold, identifier, error)) == 1) {
                const char *words[] = {"preserve", "--json", "--case", c->order.id, "--store",
                        provider_store_path(c), "--let-go", hold, NULL};
                if (run(c, NULL, words, NULL, &reason) < 0)
                        return tell(c, "hold-not-let-go", reason.text, error) < 0 ? -EIO : 1;
                r = note(c, STEP_LET_GO, identifier, hold, error);
                if (r == 0)
                        r = office_log(c->office, "retention", OFFICE_NODE,
                                json_pack("{s:s, s:s, s:s}", "action", "let-go", "what", hold, "order",
                                        c->order.id),
                                error);
                if (r < 0)
                        return r;
        }
        return r;
}

int holds_clock(struct provider_case *c, struct error *error)
{
        int64_t look = TIME_UNKNOWN, follows = TIME_UNKNOWN;
        bool withdrawn = c->order.state == ORDER_STATE_WITHDRAWN || c->order.state == ORDER_STATE_EXPIRED;
        int r = book_fact(c->office, c->order.id, FACT_HOLDS_LOOK_MS, TIME_UNKNOWN, &look, error);

        if (r < 0 || look == TIME_UNKNOWN || look > office_now(c->office))
                return r;
        int left = holds_let_go(c, error);
        if (left < 0)
                return left;
        r = holds_for_production(c, error);
        if (r == 0)
                r = book_fact(
                        c->office, c->order.id, FACT_PRODUCTION_FOLLOWS_MS, TIME_UNKNOWN, &follows, error);
        if (r < 0)
                return r;
        if (left > 0)
                return provider_fact(c, FACT_HOLDS_LOOK_MS, office_now(c->office) + TIME_HOUR, error);
        if (follows != TIME_UNKNOWN && !withdrawn)
                return provider_fact(c, FACT_HOLDS_LOOK_MS, office_now(c->office) + TIME_DAY, error);
        int64_t open = 0;
        r = holds_given_up(c, &open, error);
        if (r < 0 || open > 0) /* production came to its end just now: the holds go in the next turn */
                return r < 0 ? r : 1;
        r = book_fact_clear(c->office, c->order.id, FACT_HOLDS_LOOK_MS, error);
        /* Only now it is true that nothing is kept. */
        if (r == 0 && withdrawn && !c->facts.deleted) {
                r = provider_fact(c, FACT_DELETED_MS, office_now(c->office), error);
                return r == 0 ? 1 : r;
        }
        return r;
}
