/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_ASK_H
#define ROGATORY_ROGATORY_ASK_H

/* What one question and a batch of questions share. */

#include "depot/hold.h"
#include "inquiry/inquiry.h"
#include "os/person.h"
#include "os/zone.h"
#include "rogatory/answer_view.h"
#include "rogatory/question_text.h"

/* A store that somebody else has opened: a live node, which answers of what it has not yet written too, for
 * the person at the other end of its socket. */
struct asking_source {
        void *context;
        struct depot *depot; /* borrowed, as is all here */
        struct inquiry *inquiry;
        /* Before a question about this address is put to the inquiry. Negative with a message. */
        int (*turn)(void *context, const struct address *address, struct error *error);
};

struct asking {
        const struct asking_source *source; /* NULL: the store is opened, and is its own */
        struct depot *depot;
        struct inquiry *inquiry;
        const char *case_reference;
        int64_t skew_ms; /* -1: the realm's */
        char person[PERSON_TEXT_MAX];
        struct zone *zone;      /* of the last answer shown; most have the same */
        struct hold_list holds; /* of this case; read when first needed */
        bool holds_read;
};

/* Opens store and inquiry. Negative errno with a message. asking_close in any case. */
int asking_open(struct asking *asking, const char *store, struct error *error);
void asking_close(struct asking *asking);

/* As inquiry_ask; where the store keeps the records no longer, a hold of the case answers. */
int asking_answer(
        struct asking *asking, const struct question *question, struct answer *ret, struct error *error);

/* An answer as it is to be shown. The view borrows from all three and is valid until the next call. */
int asking_view(struct asking *asking, const struct answer *answer, struct slice time_given,
        struct answer_view *ret_view, struct error *error);

/* Records a question that the store could not answer: the attempt leaves a trace too. */
int asking_record_failure(struct asking *asking, const char *action, const struct question *question,
        const struct error *failure, struct error *error);

/* Answers the words of `rogatory ask` for somebody else, on descriptors 0 to 2; batches are read from 0
 * alone. An exit code. */
int ask_for(const struct asking_source *source, int argc, char **argv);

/* `ask --batch`: an exit code. file "-" is standard input. */
int ask_batch(struct asking *asking, const char *file);

#endif
