/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ORDER_ORDER_EXAMPLE_TEST_H
#define ROGATORY_ORDER_ORDER_EXAMPLE_TEST_H

/* Complete, lawful messages for tests to bend. Nothing in them is real. */

#include "order/form.h"

#include <stdlib.h>

#define EXAMPLE_NOW INT64_C(1795250400000) /* 2026-11-21T10:00:00Z, a Saturday */
#define EXAMPLE_ORDER_ID "0b54ed12-3a6c-4b7e-8f10-6c2f0b6f7a01"
#define EXAMPLE_MESSAGE_ID "4c1d2b5a-0f1e-4d8c-9a3b-2e5f7081a2b3"
#define EXAMPLE_IDENTIFIER_ID "7e0f6a4c-51d2-4c3b-a9e8-1d2c3b4a5f60"
#define EXAMPLE_IDENTIFIER_2_ID "8e0f6a4c-51d2-4c3b-a9e8-1d2c3b4a5f61"

__attribute__((unused)) static void example_text(char **text, const char *value)
{
        free(*text);
        *text = strdup(value);
}

#define EXAMPLE_SET(array, value) memcpy((array), (value), strlen(value) + 1)

__attribute__((unused)) static void example_authority(struct authority *authority, const char *country,
        const char *organisation, enum authority_nature nature, const char *person)
{
        EXAMPLE_SET(authority->country, country);
        EXAMPLE_SET(authority->organisation, organisation);
        example_text(&authority->name, organisation);
        authority->nature = nature;
        example_text(&authority->file_number, "7 St 12/26");
        EXAMPLE_SET(authority->signatory.person, person);
        example_text(&authority->signatory.name, "A. Example");
        authority->signatory.signed_ms = EXAMPLE_NOW - TIME_HOUR;
}

/* Adds an IPv4 identifier with port, protocol and one moment, as if it had been pasted. */
__attribute__((unused)) static struct identifier *example_identifier(struct order *order, const char *id)
{
        const struct model_field *field = model_field_find(&order_type, slice_of("identifiers"));
        void *item = NULL;

        if (model_list_add(field, order, &item, NULL) < 0)
                abort();
        struct identifier *identifier = item;
        EXAMPLE_SET(identifier->id, id);
        identifier->kind = IDENTIFIER_IPV4;
        example_text(&identifier->value, "198.51.100.7");
        identifier->address = address_from_ipv4(0xc6336407);
        identifier->source_port = 40211;
        identifier->protocol = 6;
        identifier->from_ms = identifier->to_ms = EXAMPLE_NOW - 10 * TIME_DAY;
        identifier->offset_s = 3600;
        example_text(&identifier->stated_time, "2026-11-11T11:00:00+01:00");
        identifier->entry = ENTRY_PASTED;
        memset(identifier->source.digest, 0x5a, sizeof identifier->source.digest);
        example_text(&identifier->source.title, "forum.log");
        identifier->source.place = 120;
        identifier->source.length = 60;
        identifier->source.line = 3;
        example_text(
                &identifier->source.excerpt, "2026-11-11T11:00:00+01:00 login from 198.51.100.7:40211/tcp");
        return identifier;
}

__attribute__((unused)) static void example_head(struct message *message)
{
        EXAMPLE_SET(message->id, EXAMPLE_MESSAGE_ID);
        EXAMPLE_SET(message->order_id, EXAMPLE_ORDER_ID);
        EXAMPLE_SET(message->sender.country, "AT");
        EXAMPLE_SET(message->sender.organisation, "at-prosecution-vienna");
        EXAMPLE_SET(message->receiver.country, "IE");
        EXAMPLE_SET(message->receiver.organisation, "ie-carrier");
        message->sent_ms = EXAMPLE_NOW;
        message->generation = 0;
}

__attribute__((unused)) static void example_order_body(struct order *order)
{
        example_text(&order->issuing_file_number, "7 St 12/26");
        order->addressee.kind = ADDRESSEE_ESTABLISHMENT;
        EXAMPLE_SET(order->addressee.country, "IE");
        EXAMPLE_SET(order->addressee.organisation, "ie-carrier");
        example_text(&order->addressee.name, "Carrier Ltd");
        example_identifier(order, EXAMPLE_IDENTIFIER_ID);
        order->data.categories = WORD_BIT(CATEGORY_SUBSCRIBER) | WORD_BIT(CATEGORY_IDENTIFY_ONLY);
        order->data.subscriber = WORD_BIT(SUBSCRIBER_IDENTITY);
        order->data.identification = WORD_BIT(IDENTIFICATION_IP_LOGS);
        order->grounds.proceedings = PROCEEDINGS_CRIMINAL;
        example_text(&order->grounds.offence, "Fraud");
        example_text(&order->grounds.provision, "section 146");
        order->grounds.similar_domestic = STATED_YES;
        example_text(&order->grounds.necessity, "No other trace leads to the sender.");
        order->grounds.maximum_months = 36;
        order->grounds.annex = WORD_BIT(OFFENCE_FRAUD);
        order->information.delayed = STATED_NO;
        example_authority(&order->issuer, "AT", "at-prosecution-vienna", NATURE_PROSECUTOR,
                "berger@at-prosecution-vienna");
}

/* A production order of a prosecutor for subscriber and identifying data behind one IPv4 address and port. */
__attribute__((unused)) static void example_production(struct message *message)
{
        message_init(message, MESSAGE_PRODUCTION_ORDER);
        example_head(message);
        struct order *order = &message->order;
        example_order_body(order);
        order->deadline.kind = DEADLINE_TEN_DAYS;
        order->has_earlier = STATED_NO;
        order->grounds.holder = HOLDER_CONTROLLER;
        order->delivery.recipient = RECIPIENT_ISSUING;
}

/* A preservation order of the same prosecutor. */
__attribute__((unused)) static void example_preservation(struct message *message)
{
        message_init(message, MESSAGE_PRESERVATION_ORDER);
        example_head(message);
        example_order_body(&message->order);
        example_text(&message->order.grounds.preservation_reason, "The log is kept for seven days only.");
}

/* A production order of a judge for traffic data, the enforcing authority notified. */
__attribute__((unused)) static void example_traffic(struct message *message)
{
        example_production(message);
        struct order *order = &message->order;
        order->deadline.kind = DEADLINE_TEN_DAYS_WITH_EA;
        order->data.categories = WORD_BIT(CATEGORY_TRAFFIC);
        order->data.subscriber = order->data.identification = 0;
        order->data.traffic = WORD_BIT(TRAFFIC_CONNECTIONS);
        order->data.from_ms = EXAMPLE_NOW - 11 * TIME_DAY;
        order->data.to_ms = EXAMPLE_NOW - 9 * TIME_DAY;
        order->grounds.threshold = THRESHOLD_THREE_YEARS;
        example_authority(&order->issuer, "AT", "at-court-vienna", NATURE_JUDGE, "huber@at-court-vienna");
        EXAMPLE_SET(message->sender.organisation, "at-court-vienna");
        order->ea.notified = STATED_YES;
        example_authority(&order->ea.authority, "IE", "ie-enforcing", NATURE_COURT, "walsh@ie-enforcing");
}

/* An emergency order for subscriber data, of an authority that needs validation and has none yet. */
__attribute__((unused)) static void example_emergency(struct message *message)
{
        example_production(message);
        struct order *order = &message->order;
        order->deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        example_text(&order->deadline.threat, "A child is missing since noon.");
        EXAMPLE_SET(order->emergency.first_person, "berger@at-police-vienna");
        EXAMPLE_SET(order->emergency.second_person, "maier@at-police-vienna");
        order->emergency.unvalidated = STATED_YES;
        order->emergency.domestic_power = STATED_YES;
        example_text(&order->emergency.no_time_reason, "Nobody can be reached at night.");
        example_text(&order->emergency.call_back_contact, "Duty officer");
        example_authority(&order->issuer, "AT", "at-police-vienna", NATURE_OTHER, "berger@at-police-vienna");
        EXAMPLE_SET(message->sender.organisation, "at-police-vienna");
}

#endif
