/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_INQUIRY_ANSWER_H
#define ROGATORY_INQUIRY_ANSWER_H

/* From a judgement in numbers to an answer in names. */

#include "inquiry/gather.h"

struct realm_answer {
        struct answer answer;
        bool concerned; /* the address has to do with this realm */
};

int realm_answer_make(struct inquiry *inquiry, unsigned realm, const struct question *question,
        struct gathered *gathered, const struct attribution *attribution, struct realm_answer *ret,
        struct error *error);

/* Moves one realm's answer into the whole: candidates, exporters, reasons. `from` is emptied. 0 or -ENOMEM.
 */
int answer_take(struct answer *answer, struct answer *from);

#endif
