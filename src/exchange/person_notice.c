/* SPDX-License-Identifier: EUPL-1.2 */
/* At a provider: the issuing authority says that it has informed the person, and whether what the provider
 * has to keep to itself ends with it (Article 13(1) and (4) of Regulation (EU) 2023/1543). */
#include "exchange/handlers.h"

int provider_receive_notice(struct office *office, const struct post_arrival *arrival, struct error *error)
{
        const struct message *message = arrival->message;
        bool ends = message->person_notice.secrecy_ends == STATED_YES;

        /* The message itself stands in book and log as every other one. */
        if (!ends)
                return POST_TAKEN;
        int r = book_fact_set(office, message->order_id, FACT_SECRECY_ENDED_MS, arrival->received_ms, error);
        return r < 0 ? r : POST_TAKEN;
}
