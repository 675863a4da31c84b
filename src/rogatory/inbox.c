/* SPDX-License-Identifier: EUPL-1.2 */
/* `rogatory inbox`: orders that came to a provider, notifications to an enforcing authority, and emergencies
 * that a validating authority is asked to validate. */
#include "exchange/validating.h"
#include "rogatory/desk.h"
#include "rogatory/terminal.h"

#include "exchange/post.h"

static int list(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        json_t *orders = NULL;
        int r = provider_list(office, &orders, error);

        if (r < 0)
                return r;
        if (words->json) {
                output_json_line(ret, json_pack("{s:O}", "orders", orders));
        } else {
                if (json_array_size(orders) == 0)
                        buffer_append_text(ret, "No order has come.\n");
                for (size_t i = 0; i < json_array_size(orders); i++) {
                        const json_t *one = json_array_get(orders, i);
                        const char *received = json_string_value(json_object_get(one, "received"));
                        buffer_printf(ret, "%s  %-12s %-12s %s%s  ",
                                json_string_value(json_object_get(one, "order")),
                                json_string_value(json_object_get(one, "kind")),
                                json_string_value(json_object_get(one, "state")), received ? received : "-",
                                json_is_true(json_object_get(one, "emergency")) ? "  EMERGENCY" : "");
                        append_foreign(ret, json_string_value(json_object_get(one, "peer")));
                        buffer_append_text(ret, "\n");
                }
        }
        json_decref(orders);
        return 0;
}

static int view_of(struct office *office, const char *id, json_t **ret_view, struct error *error)
{
        struct book_order order;
        int r = book_order_find(office, id, &order, error);

        if (r < 0)
                return r;
        return order.side == SIDE_ENFORCING    ? enforcing_show(office, id, ret_view, error)
               : order.side == SIDE_VALIDATING ? validating_show(office, id, ret_view, error)
                                               : provider_show(office, id, ret_view, error);
}

static int show(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        json_t *view = NULL;
        json_t *unstamped = NULL;
        int r = view_of(office, words->id, &view, error);

        if (r == 0)
                r = post_stamps_of(
                        office, json_string_value(json_object_get(view, "order")), &unstamped, error);
        if (r < 0) {
                json_decref(view);
                return r;
        }
        json_object_set_new(view, "without_timestamp", unstamped);
        if (words->json) {
                output_json_line(ret, view);
        } else {
                desk_write_view(view, ret);
                json_decref(view);
        }
        return 0;
}

static int check(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        json_t *view = NULL, *part = json_object();
        int r = view_of(office, words->id, &view, error);

        if (r == 0) {
                json_object_set(part, "order", json_object_get(view, "order"));
                json_object_set(part, "state", json_object_get(view, "state"));
                json_object_set(part, "findings", json_object_get(view, "findings"));
                if (words->json)
                        output_json_line(ret, json_incref(part));
                else
                        desk_write_view(part, ret);
        }
        json_decref(view);
        json_decref(part);
        return r;
}

static int accept_order(
        struct office *office, const struct desk_words *words, struct buffer *ret, struct error *error)
{
        int r = provider_examine(office, words->id, words->values[DESK_WHY], error);

        return r < 0 ? r : desk_say_state(office, words, ret, error);
}

static const struct desk_verb verbs[] = {
        {"list", list, false, {0}},
        {"show", show, true, {0}},
        {"check", check, true, {0}},
        {"accept", accept_order, true, {DESK_WHY}},
        {NULL, NULL, false, {0}},
};

static int run_inbox(const struct command *command, int argc, char **argv)
{
        return desk_run(command, verbs, argc, argv);
}

static const struct option_text texts[] = {
        {DESK_NODE, "node", "DIR", "The node's folder."},
        {DESK_WHY, "why", "TEXT", "accept: why the order is executed although the rules warn; on record."},
        {DESK_JSON, "json", NULL, "One JSON object instead of text."},
};

const struct command command_inbox = {
        .name = "inbox",
        .summary = "list, read and accept orders that came to a provider",
        .usage = "list --node DIR [--json]\n"
                 "show|check --node DIR [--json] ORDER\n"
                 "accept --node DIR [--why TEXT] [--json] ORDER",
        .description = "Orders that came to the node of a provider, what an enforcing authority was\n"
                       "notified of, and emergencies that a validating authority is asked to validate\n"
                       "('order validate'). show gives the legal summary: who orders what under which\n"
                       "rule, what the rules find by this node's own eyes, when it has to be answered,\n"
                       "what has been decided, and what a release would give out of each identifier. It\n"
                       "reads nothing of the store and names nobody. check shows the findings alone. accept\n"
                       "says that the desk has read it and that it is executed; an emergency has to be\n"
                       "called back first ('answer call-back').\n\n"
                       "ORDER is the order's number, or its first characters.\n",
        .options = texts,
        .option_count = sizeof texts / sizeof texts[0],
        .exits = "0  done\n"
                 "1  failure: not allowed, refused by a rule, no such order\n"
                 "2  wrong usage\n",
        .examples = "rogatory inbox list --node node\n"
                    "rogatory inbox show --node node 5d1c\n"
                    "rogatory inbox accept --node node 5d1c\n",
        .run = run_inbox,
};
