/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/flow.h"

static const struct {
        const char *name, *sentence;
} refusals[REFUSAL_COUNT] = {
        [REFUSAL_TRUNCATED] = {"truncated", "A message is shorter than its own length field says (check the "
                                            "snapshot length of the capture), or a text breaks off."},
        [REFUSAL_BAD_LENGTH] = {"bad-length", "A length field contradicts the bytes around it."},
        [REFUSAL_BAD_VERSION] = {"bad-version", "A message is neither NetFlow version 9 nor IPFIX (version "
                                                "10); check the port that was captured."},
        [REFUSAL_BAD_TEMPLATE] = {"bad-template",
                "A template cannot be: no fields, a reserved number, or a record longer than a message."},
        [REFUSAL_TEMPLATE_LIMIT] = {"template-limit",
                "An exporter sent more templates, fields or observation domains than are kept."},
        [REFUSAL_NO_TEMPLATE] = {"no-template",
                "Data came whose template never came or came too late; add the capture that holds it."},
        [REFUSAL_UNKNOWN_EVENT] = {"unknown-event", "A record carries an event value that the dialect does "
                                                    "not know; check the exporter's dialect."},
        [REFUSAL_CONTRADICTION] = {"contradiction", "An event and its fields contradict each other; the "
                                                    "exporter probably speaks another dialect."},
        [REFUSAL_MISSING_FIELD] = {"missing-field", "A NAT event or lease lacks a field without which "
                                                    "nobody can be named; check what the source writes."},
        [REFUSAL_BAD_VALUE] = {"bad-value",
                "A field holds a value that cannot be, such as a port range that runs backwards."},
        [REFUSAL_IMPOSSIBLE_TIME] = {"impossible-time",
                "A record has no time, one without its zone or year (say "
                "them with --zone and --year), or one that cannot be "
                "(check the exporter's clock)."},
        [REFUSAL_NO_DIALECT] = {"no-dialect", "NAT records came, but no dialect is set for the exporter and "
                                              "none is recognised beyond doubt; set one."},
        [REFUSAL_BAD_LINE] = {"bad-line", "A line does not match its format."},
        [REFUSAL_DAMAGED_PACKET] = {"damaged-packet",
                "A captured packet is cut short, lacks its other fragments or the segments before it, or "
                "contradicts itself."},
};

const char *refusal_name(enum refusal refusal)
{
        return (unsigned)refusal < REFUSAL_COUNT ? refusals[refusal].name : "unknown";
}

const char *refusal_sentence(enum refusal refusal)
{
        return (unsigned)refusal < REFUSAL_COUNT ? refusals[refusal].sentence : "An unknown kind of refusal.";
}
