/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_INVARIANTS_TEST_H
#define ROGATORY_EXCHANGED_INVARIANTS_TEST_H

/* For tests: what must be true of the nodes of a schedule once nothing is to come any more, by their books,
 * their logs, what they witnessed of each other, and what was sealed into containers. */

#include "chronicle/witness.h"
#include "crypto/cms_seal.h"
#include "exchanged/log_looking_test.h"
#include "exchanged/people_test.h"

#define REFUSED_INSIDE "100.64.0.3" /* who had the first identifier's address and port */
#define ALLOWED_INSIDE "100.64.0.4"

#define HOLDS(plan, condition)                                                                               \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        fail_msg("schedule %u, %s: does not hold: %s", (plan)->number,                       \
                                scenario_names[(plan)->scenario], #condition);                               \
        } while (0)

/* ---- what nodes hold of each other's logs ---- */

static inline int count_evidence(void *context, const char *origin, const char *verdict, int64_t at_ms,
        struct slice kept, struct slice offered)
{
        (void)origin;
        (void)verdict;
        (void)at_ms;
        (void)kept;
        (void)offered;
        ++*(int *)context;
        return 0;
}

/* What one has accepted of the other's log is the beginning of the log that the other has. */
static inline void assert_witnessed(
        const struct schedule_plan *plan, struct office *witness, struct office *log, bool wrote)
{
        const struct note_key *key = chronicle_log_key(office_chronicle(log));
        struct buffer proof = buffer_make(WITNESS_REQUEST_MAX);
        struct witness_request request;
        struct checkpoint held, latest;
        enum witness_verdict verdict;
        struct error error = {0};

        int r = chronicle_witnessed(office_chronicle(witness), key->name, &held, NULL, &error);
        if (r == -ENOENT) {
                HOLDS(plan, !wrote);
                return;
        }
        must(r, &error);
        must(chronicle_witness_request(office_chronicle(log), held.size, &proof, &error), &error);
        must(witness_request_read(slice_make((const char *)proof.bytes, proof.length), &request, &error),
                &error);
        must(witness_judge(&request, key->name, key, 1, &held, &verdict, &latest, &error), &error);
        HOLDS(plan, verdict == WITNESS_ACCEPTED);
        buffer_free(&proof);
}

static inline void assert_logs_agree(const struct schedule_plan *plan, struct office *const *offices)
{
        for (unsigned i = 0; i < plan->place_count; i++) {
                struct error error = {0};
                int evidence = 0;
                for (unsigned k = 0; k < plan->place_count; k++)
                        if (k != i)
                                /* Of what was withdrawn early a provider need not have written to the
                                 * enforcing authority. */
                                assert_witnessed(
                                        plan, offices[i], offices[k], !may_be_withdrawn(plan->scenario));
                must(chronicle_evidence_walk(office_chronicle(offices[i]), count_evidence, &evidence, &error),
                        &error);
                HOLDS(plan, evidence == 0);
        }
}

/* ---- what left the provider ---- */

static inline bool has_text(const struct cms_plaintext *plain, const char *text)
{
        return memmem(plain->bytes, plain->length, text, strlen(text)) != NULL;
}

/* Opens the evidence of the answer as its recipient; how many parts speak of each of the two. */
static inline void open_answer(struct office *issuer, const char *id, int ret_parts[3])
{
        const struct private_key *key;
        const struct certificate *certificate;
        struct container container;
        struct error error = {0};

        ret_parts[0] = ret_parts[1] = ret_parts[2] = 0;
        must(post_container(issuer, PROVIDER, id, &container, &error), &error);
        must(office_key(issuer, DIRECTORY_DECRYPTION, &key, &certificate, &error), &error);
        for (size_t i = 0; i < container.count; i++) {
                const struct container_object *object = &container.objects[i];
                struct cms_plaintext plain = {.bytes = NULL};
                struct findings findings = {0};
                if (strncmp(object->name, POST_EVIDENCE_FOLDER, strlen(POST_EVIDENCE_FOLDER)) != 0)
                        continue;
                assert_int_equal(cms_open(object->bytes, object->length, key, certificate, "answer",
                                         &findings, &plain),
                        0);
                if (getenv("ROGATORY_SHOW") && strstr(object->name, "json"))
                        fwrite(plain.bytes, 1, plain.length, stderr);
                ret_parts[0]++;
                ret_parts[1] += has_text(&plain, REFUSED_INSIDE);
                ret_parts[2] += has_text(&plain, ALLOWED_INSIDE);
                cms_plaintext_free(&plain);
                findings_free(&findings);
        }
        container_free(&container);
}

static inline int note_answer(void *context, const struct book_message *message)
{
        if (message->direction == DIRECTION_IN && !message->refused)
                memcpy(context, message->id, sizeof message->id);
        return 0;
}

static inline void assert_evidence(const struct schedule_plan *plan, struct office *issuer)
{
        char id[MODEL_ID_MAX] = "";
        struct error error = {0};
        int parts[3];

        must(book_messages_each(issuer, NULL, MESSAGE_ANSWER, note_answer, id, &error), &error);
        HOLDS(plan, *id);
        open_answer(issuer, id, parts);
        if (getenv("ROGATORY_TALK"))
                print_message(
                        "parts %d, with the first %d, with the second %d\n", parts[0], parts[1], parts[2]);
        HOLDS(plan, parts[0] >= 3 && parts[2] >= 1);
        if (plan->scenario == PARTLY_REFUSED)
                HOLDS(plan, parts[1] == 0);
        else
                HOLDS(plan, parts[1] >= 1);
}

/* Nothing that was prepared and did not leave is left. */
static inline bool draft_is_left(void)
{
        char path[300];
        bool found = false;

        snprintf(path, sizeof path, "%s/evidence", scratch_path(names[DE]));
        DIR *folder = opendir(path);
        for (struct dirent *entry; folder && (entry = readdir(folder));)
                found |= strncmp(entry->d_name, "draft-", 6) == 0;
        if (folder)
                closedir(folder);
        return found;
}

/* ---- all of it ---- */

#define ANSWERS "SELECT count(*) FROM book_message WHERE kind = 'answer' AND refused = 0 AND direction = "
#define RELEASES "SELECT count(*) FROM book_decision WHERE step = 'release'"
#define AT_OF(table, what) "SELECT coalesce(max(at_ms), 0) FROM " table " WHERE " what

static inline void assert_released_once(
        const struct schedule_plan *plan, struct office *issuer, struct office *provider, bool released)
{
        unsigned first = plan->places[0];
        struct log_looking left = log_look(provider, "released", NULL, NULL),
                           sent = log_look(provider, "message-sent", "message_kind", "answer"),
                           came = log_look(issuer, "message-received", "message_kind", "answer");

        HOLDS(plan, number_of(DE, RELEASES) == released && left.count == released);
        if (plan->scenario == PRESERVED)
                released = true; /* its answer says what is preserved, and holds no evidence */
        HOLDS(plan, number_of(DE, ANSWERS "1") == released && sent.count == released);
        if (may_be_withdrawn(plan->scenario)) {
                HOLDS(plan, number_of(first, ANSWERS "2") <= released && came.count <= released);
                HOLDS(plan, number_of(first, ANSWERS "2") == came.count);
        } else {
                HOLDS(plan, number_of(first, ANSWERS "2") == released && came.count == released);
        }
}

/* By the log as well as by the book: the clearance of the enforcing authority was there before. */
static inline void assert_clear(const struct schedule_plan *plan, struct office *provider, struct office *ea)
{
        struct log_looking left = log_look(provider, "released", NULL, NULL),
                           clear = log_look(provider, "message-received", "message_kind", "ea-clearance"),
                           decided = log_look(ea, "decision", "decision", "clear");

        HOLDS(plan, clear.count == 1 && clear.first < left.first);
        HOLDS(plan, decided.count == 1);
        HOLDS(plan, number_of(DE, AT_OF("book_message", "kind = 'ea-clearance' AND refused = 0")) > 0);
        HOLDS(plan, number_of(DE, AT_OF("book_message", "kind = 'ea-clearance' AND refused = 0")) <=
                            number_of(DE, AT_OF("book_decision", "step = 'release'")));
        HOLDS(plan, number_of(EA, AT_OF("book_decision", "step = 'clear'")) <=
                            number_of(DE, AT_OF("book_decision", "step = 'release'")));
        if (plan->scenario == PARTLY_REFUSED) {
                struct log_looking objected =
                        log_look(provider, "message-received", "message_kind", "ea-objection");
                HOLDS(plan, objected.count == 1 && objected.first < left.first);
        }
}

static inline void assert_withdrawn(const struct schedule_plan *plan, struct office *provider, bool released)
{
        struct log_looking left = log_look(provider, "released", NULL, NULL),
                           withdrawn = log_look(provider, "message-received", "message_kind", "withdrawal");

        HOLDS(plan, withdrawn.count <= 1);
        if (released && withdrawn.count == 1)
                HOLDS(plan, left.last < withdrawn.first);
        /* By its own clock a gate has a message before it is in the inbox, for which it may have to wait
         * until a release has ended; nobody was told then that it is here. */
        if (released)
                HOLDS(plan, number_of(DE, "SELECT count(*) FROM book_message WHERE kind = 'withdrawal' AND "
                                          "refused = 0 AND at_ms + 2000 < (" AT_OF(
                                                  "book_decision", "step = 'release'") ")") == 0);
}

static inline void assert_no_incident(const struct schedule_plan *plan, unsigned which)
{
        /* An answer and a withdrawal that cross on their way: each is refused where it comes too late. */
        const char *sql = may_be_withdrawn(plan->scenario) ? "SELECT count(*) FROM book_incident WHERE code "
                                                             "NOT IN ('handler-refused', 'refused-there')"
                                                           : "SELECT count(*) FROM book_incident";

        HOLDS(plan, number_of(which, sql) == 0);
        HOLDS(plan, number_of(which, "SELECT count(*) FROM incident") == 0);
        HOLDS(plan, number_of(which, "SELECT count(*) FROM book_order") == 1);
        HOLDS(plan, number_of(which, "SELECT count(*) FROM outbox WHERE state <> 1") == 0);
        HOLDS(plan, number_of(which, "SELECT count(*) FROM inbox WHERE state = 0") == 0);
}

/* Of a plan that came to its end; the nodes do not run. */
static inline void assert_invariants(const struct schedule_plan *plan)
{
        struct office *offices[3] = {NULL};
        char log[300];

        for (unsigned i = 0; i < plan->place_count; i++) {
                assert_no_incident(plan, plan->places[i]);
                snprintf(log, sizeof log, "%s/chronicle", scratch_path(names[plan->places[i]]));
                const char *const words[] = {rogatory, "log", "check", "--log", log, NULL};
                HOLDS(plan, run_program(words) == 0);
                offices[i] = open_node(plan->places[i], "wolf");
        }
        bool released = number_of(DE, RELEASES) > 0;
        if (plan->scenario == WHOLLY_REFUSED || plan->scenario == PRESERVED)
                HOLDS(plan, !released);
        else if (!may_be_withdrawn(plan->scenario))
                HOLDS(plan, released);
        assert_released_once(plan, offices[0], offices[1], released);
        if (is_traffic(plan->scenario) && released)
                assert_clear(plan, offices[1], offices[2]);
        if (may_be_withdrawn(plan->scenario))
                assert_withdrawn(plan, offices[1], released);
        if (released && !may_be_withdrawn(plan->scenario))
                assert_evidence(plan, offices[0]);
        HOLDS(plan, !draft_is_left());
        assert_logs_agree(plan, offices);
        for (unsigned i = 0; i < plan->place_count; i++)
                office_close(offices[i]);
}

#endif
