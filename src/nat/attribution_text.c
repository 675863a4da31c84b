/* SPDX-License-Identifier: EUPL-1.2 */
/* The words of verdicts and reasons. */
#include "nat/attribution.h"

const char *verdict_name(enum verdict verdict)
{
        static const char *const names[] = {"one", "several", "none", "unknown"};
        return verdict <= VERDICT_UNKNOWN ? names[verdict] : "unknown";
}

static const struct reason_words {
        const char *code, *sentence;
} reason_words[REASON_COUNT] = {
        [REASON_PROVEN] = {"proven", "Complete records show one holder and nobody else within the interval."},
        [REASON_NOBODY] = {"nobody", "Complete records show that nobody held it within the interval."},
        [REASON_SHARED_IN_TIME] = {"shared-in-time", "It passed from one holder to another within the "
                                                     "interval; a more exact time would tell them apart."},
        [REASON_SHARED_BY_DESTINATION] = {"shared-by-destination",
                "It was lent to several holders at once, towards different destinations; the destination "
                "address and "
                "port of the connection would tell them apart (--dest)."},
        [REASON_NO_PORT] = {"no-port", "The question names no port, and an address behind carrier-grade NAT "
                                       "is shared by many customers."},
        [REASON_NO_PROTOCOL] = {"no-protocol", "The question names no protocol; the same port number is lent "
                                               "separately for TCP and UDP (--proto)."},
        [REASON_PORTLESS_PROTOCOL] = {"portless-protocol",
                "The protocol has no ports, so customers who share the address cannot be told apart by one."},
        [REASON_DESTINATION_NOT_STORED] = {"destination-not-stored",
                "A destination was given, but the records carry none, so it could not narrow the answer."},
        [REASON_LOG_GAP] = {"log-gap", "The log has a gap in the time that matters: records may be missing."},
        [REASON_NOT_HEARD] = {"not-heard",
                "The stored logs do not cover this time for every exporter that may have lent the address."},
        [REASON_LOSS_UNDETECTABLE] = {"loss-undetectable",
                "The log cannot show whether it lost records (no sequence numbers, and its exporter is not "
                "set to "
                "'loss = reported' in rogatory.conf), so nothing proves that nobody else held it."},
        [REASON_END_NOT_SEEN] = {"end-not-seen", "The end of a binding was never seen."},
        [REASON_START_NOT_SEEN] = {"start-not-seen", "The beginning of a binding was never seen."},
        [REASON_EARLIER_HOLDER] = {"earlier-holder", "The log had not been heard long enough before this "
                                                     "time to exclude a holder from before it began."},
        [REASON_PORT_NOT_LOGGED] = {"port-not-logged", "This exporter's log carries no outside port."},
        [REASON_INSIDE_NOT_LOGGED] = {"inside-not-logged", "This exporter's log carries no inside address."},
        [REASON_CLOCK_SET] = {"clock-set", "The exporter's clock was set within the time that matters: its "
                                           "times cannot be trusted there."},
        [REASON_CLOCK_OFFSET] = {"clock-offset", "The exporter's clock was off by more than the realm's "
                                                 "uncertainty; the interval was widened by it."},
        [REASON_LEASE_NOT_PROVEN] = {"lease-not-proven",
                "The lease log does not prove who had the inside address for the whole time."},
        [REASON_LEASE_CHANGED] = {"lease-changed",
                "The inside address passed to another subscriber near this time."},
        [REASON_NO_LEASE] = {"no-lease",
                "No lease is stored for the inside address (in its VRF), so no subscriber is named."},
        [REASON_OUTSIDE_RETENTION] = {"outside-retention",
                "The time asked is older than the realm keeps records."},
        [REASON_NOT_OUR_ADDRESS] = {"not-our-address",
                "The address is not among the realm's outside addresses and no record names it."},
        [REASON_SKEW_BELOW_CLOCK] = {"skew-below-clock",
                "The skew asked is smaller than the realm's clock uncertainty."},
        [REASON_MAPPING_UNDECLARED] = {"mapping-undeclared",
                "The realm does not declare its mapping behaviour ('mapping' in rogatory.conf), so one "
                "endpoint may "
                "have been lent to several customers at once."},
        [REASON_CONTRADICTION] = {"contradiction",
                "The records contradict each other: two rows of a plan, a log and a plan, or the realm's "
                "declared mapping behaviour."},
        [REASON_SEVERAL_REALMS] = {"several-realms", "More than one realm of this store has records of the "
                                                     "address; at one time it can belong to one network "
                                                     "only, so one of them is wrong or out of date."},
        [REASON_SETTINGS_CHANGED] = {"settings-changed",
                "The records were stored while the realm was set to endpoint-independent mapping or to "
                "shorter lives of "
                "bindings than now, so some may be missing; import the logs into a new store."},
        [REASON_PLAN_INCOMPLETE] = {"plan-incomplete",
                "Lines of the table that the plan came from were refused, so rows for this address may be "
                "missing; correct them and import the table again."},
        [REASON_IN_FUTURE] = {"in-future", "The time asked lies in the future of this machine's clock: "
                                           "whatever a plan or a log says of it, "
                                           "nothing has happened yet. Is the year mistyped?"},
        [REASON_FROM_HOLD] = {"from-hold",
                "The store keeps these records no longer; the answer is made from what was preserved for "
                "this case, by the rules of that time."},
};

const char *reason_code(enum reason reason)
{
        return reason < REASON_COUNT ? reason_words[reason].code : "unknown";
}

const char *reason_sentence(enum reason reason)
{
        return reason < REASON_COUNT ? reason_words[reason].sentence : "";
}
