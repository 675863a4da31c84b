/* SPDX-License-Identifier: EUPL-1.2 */
#include "hi1/hi1.h"
#include "order/order_example_test.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static json_t *tree_of(const struct message *message)
{
        struct buffer text = buffer_make(HI1_BYTES_MAX);
        struct error error = {0};

        if (hi1_write(message, &text, &error) < 0)
                fail_msg("%s", error.text);
        json_t *tree = json_loadb((const char *)text.bytes, text.length, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(tree);
        buffer_free(&text);
        return tree;
}

/* What stands at a path: members and numbers, separated by slashes. NULL where nothing does. */
static json_t *at(json_t *tree, const char *path)
{
        struct slice rest = slice_of(path);

        while (tree && rest.length > 0) {
                struct slice part = slice_cut(&rest, '/');
                char word[100];
                uint64_t index;
                snprintf(word, sizeof word, "%.*s", (int)part.length, part.text);
                tree = slice_number(part, 10000, &index) == 0 ? json_array_get(tree, index)
                                                              : json_object_get(tree, word);
        }
        return tree;
}

#define ACTIONS "Payload/RequestPayload/ActionRequests/ActionRequest"

static void expect_text(json_t *tree, const char *path, const char *wanted)
{
        const char *text = json_string_value(at(tree, path));
        if (!text || strcmp(text, wanted) != 0)
                fail_msg("%s is \"%s\", not \"%s\"", path, text ? text : "nothing", wanted);
}

static int read_tree(const json_t *tree, struct message *message, struct findings *findings)
{
        char *text = json_dumps(tree, 0);

        message_init(message, MESSAGE_NONE);
        int r = hi1_read(slice_of(text), message, findings);
        free(text);
        return r;
}

/* Form 1: an authorisation, one task for each identifier, and the document. */
static void test_form_1_maps_to_the_objects_of_the_standard(void **state)
{
        struct message message;
        (void)state;
        example_traffic(&message);
        example_identifier(&message.order, EXAMPLE_IDENTIFIER_2_ID);
        json_t *tree = tree_of(&message);

        expect_text(tree, "Header/SenderIdentifier/UniqueIdentifier", "at-court-vienna");
        expect_text(tree, "Header/ReceiverIdentifier/CountryCode", "IE");
        expect_text(tree, "Header/TransactionIdentifier", EXAMPLE_MESSAGE_ID);
        expect_text(tree, "Header/Timestamp", "2026-11-21T08:40:00.000000Z");
        expect_text(tree, "Header/Version/ETSIVersion", "V1.23.1");
        assert_int_equal(json_array_size(at(tree, ACTIONS)), 4);
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/@xsi:type",
                "{http://uri.etsi.org/03120/common/2020/09/Authorisation}AuthorisationObject");
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/ObjectIdentifier", EXAMPLE_ORDER_ID);
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationLegalType/common:Value", "EPOC");
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationPriority/common:Value",
                "TenDaysSubjectToEA");
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationStatus/common:Value", "Approved");
        expect_text(tree,
                ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationFlags/auth:AuthorisationFlag/0/common:Value",
                "EnforcingAuthorityNotified");
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationCSPID/auth:CSPID/0/UniqueIdentifier",
                "ie-carrier");
        expect_text(tree,
                ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationApprovalDetails/0/common:ApproverDetails/"
                        "common:ApproverRole",
                "JudgeCourtOrInvestigatingJudge");
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/ObjectIdentifier", EXAMPLE_IDENTIFIER_ID);
        expect_text(tree, ACTIONS "/2/CREATE/HI1Object/ObjectIdentifier", EXAMPLE_IDENTIFIER_2_ID);
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/@xsi:type",
                "{http://uri.etsi.org/03120/common/2020/09/Task}LDTaskObject");
        expect_text(
                tree, ACTIONS "/1/CREATE/HI1Object/AssociatedObjects/AssociatedObject/0", EXAMPLE_ORDER_ID);
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/task:Reference",
                "AT-at-court-vienna-" EXAMPLE_IDENTIFIER_ID);
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/task:RequestDetails/task:Type/common:Value",
                "TrafficData");
        expect_text(tree,
                ACTIONS "/1/CREATE/HI1Object/task:RequestDetails/task:RequestValues/task:RequestValue/0/"
                        "task:FormatType/task:FormatName",
                "IPV4Address");
        expect_text(tree,
                ACTIONS
                "/1/CREATE/HI1Object/task:RequestDetails/task:RequestValues/task:RequestValue/0/task:Value",
                "198.51.100.7");
        expect_text(tree,
                ACTIONS "/1/CREATE/HI1Object/task:RequestDetails/task:RequestValues/task:RequestValue/1/"
                        "task:FormatType/task:FormatName",
                "TCPPort");
        expect_text(tree,
                ACTIONS
                "/1/CREATE/HI1Object/task:RequestDetails/task:RequestValues/task:RequestValue/1/task:Value",
                "40211");
        expect_text(tree, ACTIONS "/3/CREATE/HI1Object/@xsi:type",
                "{http://uri.etsi.org/03120/common/2020/09/Document}DocumentObject");
        expect_text(tree, ACTIONS "/3/CREATE/HI1Object/doc:DocumentBody/doc:ChecksumType", "SHA-256");
        json_decref(tree);
        message_free(&message);
}

static void test_form_2_and_emergencies(void **state)
{
        struct message message;
        (void)state;
        example_preservation(&message);
        json_t *tree = tree_of(&message);
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationLegalType/common:Value", "EPOCPR");
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/@xsi:type",
                "{http://uri.etsi.org/03120/common/2020/09/Task}LPTaskObject");
        expect_text(
                tree, ACTIONS "/1/CREATE/HI1Object/task:DesiredStatus/common:Value", "AwaitingPreservation");
        expect_text(tree, ACTIONS "/1/CREATE/HI1Object/task:RequestDetails/task:Type/common:Value",
                "SubscriberDataAndUserIdentifyingData");
        json_decref(tree);
        message_free(&message);

        example_production(&message);
        message.order.deadline.kind = DEADLINE_EIGHT_HOURS_LIFE;
        message.order.emergency.unvalidated = STATED_YES;
        tree = tree_of(&message);
        expect_text(
                tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationPriority/common:Value", "EightHours");
        expect_text(tree, ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationStatus/common:Value",
                "EmergencyApproval");
        expect_text(tree,
                ACTIONS "/0/CREATE/HI1Object/auth:AuthorisationFlags/auth:AuthorisationFlag/0/common:Value",
                "IsEmergency");
        json_decref(tree);
        message_free(&message);
}

/* Form 3: a notification with a status for each identifier. */
static void test_form_3_maps_to_statuses(void **state)
{
        static const struct {
                enum obstacle obstacle;
                const char *status;
        } rows[] = {{OBSTACLE_NOT_STORED, "DisclosureNotAvailable"}, {OBSTACLE_INCOMPLETE, "Invalid"},
                {OBSTACLE_IMMUNITY_OR_PRESS, "Rejected"}};
        (void)state;
        for (size_t i = 0; i < 3; i++) {
                struct message message;
                message_init(&message, MESSAGE_CANNOT_EXECUTE);
                example_head(&message);
                message.cannot_execute.order_kind = ORDER_PRODUCTION;
                const struct model_field *field =
                        model_field_find(message_body_type(message.kind), slice_of("reasons"));
                void *item;
                assert_int_equal(model_list_add(field, message_body(&message), &item, NULL), 0);
                struct impossibility *reason = item;
                EXAMPLE_SET(reason->identifier_id, EXAMPLE_IDENTIFIER_ID);
                reason->obstacles = WORD_BIT(rows[i].obstacle);
                example_text(&reason->explanation, "Because.");
                json_t *tree = tree_of(&message);
                expect_text(tree,
                        ACTIONS "/0/CREATE/HI1Object/notification:StatusOfAssociatedObjects/"
                                "notification:AssociatedObjectStatus/0/notification:Status/common:Value",
                        rows[i].status);
                expect_text(tree,
                        ACTIONS "/0/CREATE/HI1Object/notification:StatusOfAssociatedObjects/"
                                "notification:AssociatedObjectStatus/0/notification:AssociatedObject",
                        EXAMPLE_IDENTIFIER_ID);
                json_decref(tree);
                message_free(&message);
        }
}

static void test_what_cannot_be_sent_without(void **state)
{
        struct buffer text = buffer_make(HI1_BYTES_MAX);
        struct message message;
        struct error error = {0};
        (void)state;
        message_init(&message, MESSAGE_NONE);
        assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
        example_production(&message);
        message.id[0] = '\0';
        assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
        assert_non_null(strstr(error.text, "id: is missing"));
        message_free(&message);
        example_production(&message);
        message.order.identifiers.items[0].id[0] = '\0';
        assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
        assert_non_null(strstr(error.text, "identifiers[0].id"));
        message_free(&message);
        example_production(&message);
        message.order.kind = ORDER_PRESERVATION;
        assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
        assert_int_equal(text.length, 0);
        message_free(&message);
        buffer_free(&text);
}

/* What was put into a message past its setters is not sent: no peer would read it. */
static void test_what_no_reader_accepts_is_not_written(void **state)
{
        static const struct {
                const char *text, *says;
        } rows[] = {{"\xff", "grounds.offence"}, {"a\x1b[2J", "grounds.offence"}, {"", "offence"}};
        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                struct buffer text = buffer_make(HI1_BYTES_MAX);
                struct message message;
                struct error error = {0};
                example_production(&message);
                example_text(&message.order.grounds.offence, rows[i].text);
                assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
                assert_non_null(strstr(error.text, rows[i].says));
                assert_int_equal(text.length, 0);
                message_free(&message);
                buffer_free(&text);
        }
        struct buffer text = buffer_make(HI1_BYTES_MAX);
        struct message message;
        struct error error = {0};
        example_production(&message);
        EXAMPLE_SET(message.sender.organisation, "At Home");
        assert_int_equal(hi1_write(&message, &text, &error), -EINVAL);
        assert_non_null(strstr(error.text, "head.sender.organisation"));
        message_free(&message);
}

/* What the form asks for is named, and refuses nothing here: a Form 3 answers it. */
static void test_gaps_of_the_form_are_remarks_with_their_path(void **state)
{
        struct findings findings = {0};
        struct message message, again;
        (void)state;
        example_production(&message);
        free(message.order.grounds.offence);
        message.order.grounds.offence = NULL;
        json_t *tree = tree_of(&message);
        assert_int_equal(read_tree(tree, &again, &findings), 0);
        assert_true(message_equal(&message, &again));
        const struct finding *found = findings_find(&findings, "form-missing");
        assert_non_null(found);
        assert_int_equal(findings.fatal, 0);
        bool named = false;
        for (size_t i = 0; i < findings.count; i++)
                named = named || strcmp(findings.list[i].place, "grounds.offence") == 0;
        assert_true(named);
        findings_free(&findings);
        message_free(&again);
        message_free(&message);
        json_decref(tree);
}

struct change {
        const char *path, *member, *value; /* value NULL: taken out */
        const char *code, *place;
};

static const struct change changes[] = {
        {"", "Header", NULL, "missing", "Header"},
        {"Header", "Timestamp", NULL, "missing", "Header.Timestamp"},
        {"Header", "Timestamp", "\"2026-11-21T08:40:00Z\"", "contradiction", "Header.Timestamp"},
        {"Header/Version", "ETSIVersion", "\"V1.14.1\"", "outside-profile", "Header.Version.ETSIVersion"},
        {"Header/SenderIdentifier", "CountryCode", "\"XX\"", "outside-profile",
                "Header.SenderIdentifier.CountryCode"},
        {"Header/SenderIdentifier", "UniqueIdentifier", "\"at-somebody-else\"", "contradiction",
                "Header.SenderIdentifier.UniqueIdentifier"},
        {"Header", "Secret", "1", "unknown-member", "Header.Secret"},
        {"", "Payload", "7", "wrong-kind", "Payload"},
        {ACTIONS "/0/CREATE/HI1Object", "NationalHandlingParameters", "{}", "unknown-member",
                "Payload.RequestPayload.ActionRequests.ActionRequest[0].CREATE.HI1Object."
                "NationalHandlingParameters"},
        {ACTIONS "/0/CREATE/HI1Object", "auth:AuthorisationReference", "\"other\"", "contradiction",
                "Payload.RequestPayload.ActionRequests.ActionRequest[0].CREATE.HI1Object.auth:"
                "AuthorisationReference"},
        {ACTIONS "/1/CREATE/HI1Object", "task:Reference", NULL, "missing",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].CREATE.HI1Object.task:Reference"},
        {ACTIONS "/1/CREATE/HI1Object", "ObjectIdentifier", NULL, "missing",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].CREATE.HI1Object.ObjectIdentifier"},
        {ACTIONS "/1/CREATE/HI1Object", "@xsi:type", "\"{http://uri.etsi.org/x}TDTaskObject\"",
                "outside-profile",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].CREATE.HI1Object.@xsi:type"},
        {ACTIONS "/1", "ActionIdentifier", "\"1\"", "missing",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].ActionIdentifier"},
        {ACTIONS "/1", "DELIVER", "{}", "missing",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].DELIVER.HI1Object"},
        {ACTIONS "/1", "GET", "{}", "outside-profile",
                "Payload.RequestPayload.ActionRequests.ActionRequest[1].GET"},
        {ACTIONS "/2/CREATE/HI1Object/doc:DocumentBody", "doc:ContentType", "\"text/plain\"", "missing",
                "Payload.RequestPayload.ActionRequests.ActionRequest"},
        {ACTIONS "/2/CREATE/HI1Object/doc:DocumentBody", "doc:Contents", "\"e30=\"", "missing", "format"},
        {ACTIONS "/2/CREATE/HI1Object/doc:DocumentBody", "doc:Contents", "\"e30\"", "wrong-value",
                "doc:Contents"},
        {ACTIONS "/2/CREATE/HI1Object/doc:DocumentBody", "doc:Contents", "\"e3t7\"", "not-json",
                "certificate"},
        {ACTIONS "/2/CREATE/HI1Object/doc:DocumentBody", "doc:Checksum", "\"00\"", "contradiction",
                "Payload.RequestPayload.ActionRequests.ActionRequest[2].CREATE.HI1Object.doc:DocumentBody."
                "doc:Checksum"},
};

static void test_each_deviation_is_a_finding_with_its_place(void **state)
{
        struct message message, again;
        (void)state;
        example_production(&message);
        for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
                const struct change *change = &changes[i];
                struct findings findings = {0};
                json_t *tree = tree_of(&message), *object = at(tree, change->path);
                bool found = false;
                assert_non_null(object);
                if (change->value)
                        json_object_set_new(
                                object, change->member, json_loads(change->value, JSON_DECODE_ANY, NULL));
                else
                        assert_int_equal(json_object_del(object, change->member), 0);
                assert_int_equal(read_tree(tree, &again, &findings), -EBADMSG);
                for (size_t k = 0; k < findings.count; k++)
                        found = found || (strcmp(findings.list[k].code, change->code) == 0 &&
                                                 strcmp(findings.list[k].place, change->place) == 0);
                if (!found)
                        fail_msg("%s/%s: wanted %s at %s, was %s at %s: %s", change->path, change->member,
                                change->code, change->place, findings.list[0].code, findings.list[0].place,
                                findings.list[0].sentence);
                assert_int_equal(again.kind, MESSAGE_NONE);
                findings_free(&findings);
                json_decref(tree);
        }
        message_free(&message);
}

static void test_hostile_texts(void **state)
{
        static const char *const texts[][2] = {{"", "not-json"}, {"[1]", "wrong-kind"}, {"null", "not-json"},
                {"{\"Header\":1,\"Header\":2}", "not-json"}, {"{\"a\":\"\\u0000\"}", "not-json"},
                {"{}", "missing"}};
        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct findings findings = {0};
                struct message message;
                message_init(&message, MESSAGE_NONE);
                assert_int_equal(hi1_read(slice_of(texts[i][0]), &message, &findings), -EBADMSG);
                assert_non_null(findings_find(&findings, texts[i][1]));
                findings_free(&findings);
        }
        struct buffer deep = buffer_make(1 << 20);
        struct findings findings = {0};
        struct message message;
        for (int i = 0; i < 100000; i++)
                buffer_append_u8(&deep, '[');
        message_init(&message, MESSAGE_NONE);
        assert_int_equal(
                hi1_read(slice_make((char *)deep.bytes, deep.length), &message, &findings), -EBADMSG);
        assert_non_null(findings_find(&findings, "too-large"));
        findings_free(&findings);
        buffer_free(&deep);
}

static void test_certificates_that_are_refused(void **state)
{
        static const char *const texts[][3] = {
                {"{\"format\":\"rogatory-message/2\"}", "outside-profile", "format"},
                {"{\"format\":\"rogatory-message/1\"}", "missing", "head.kind"},
                {"{\"format\":\"rogatory-message/1\",\"x\":1}", "unknown-member", "x"},
                {"{\"format\":\"rogatory-message/1\",\"head\":{\"kind\":\"wish\"}}", "wrong-value",
                        "head.kind"},
                {"{\"format\":\"rogatory-message/1\",\"head\":{\"kind\":\"answer\"}}", "missing", "body"},
                {"{\"format\":\"rogatory-message/1\",\"head\":{\"kind\":\"answer\",\"spy\":1},\"body\":{}}",
                        "unknown-member", "head.spy"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"note\":\"\"},\"body\":{}}",
                        "wrong-value", "head.note"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"id\":\"F81D4FAE-7DEC-41D0-A765-00A0C91E6BF6\"},"
                 "\"body\":{}}",
                        "wrong-value", "head.id"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"sent_ms\":\"2026-11-21T10:00:00\"},\"body\":{}}",
                        "wrong-value", "head.sent_ms"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"sent_ms\":\"2026-11-21T10:00:00Z\"},\"body\":{}}",
                        "wrong-value", "head.sent_ms"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"generation\":1.5},\"body\":{}}",
                        "wrong-kind", "head.generation"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\",\"generation\":-1},\"body\":{}}",
                        "wrong-value", "head.generation"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\"},\"body\":{\"warnings\":[]}}",
                        "wrong-value", "body.warnings"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"answer\"},\"body\":{\"results\":[{\"obstacles\":[\"other\","
                 "\"incomplete\"]}]}}",
                        "wrong-value", "body.results[0].obstacles[1]"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"production-order\"},\"body\":{\"kind\":\"preservation\"}}",
                        "contradiction", "body.kind"},
                {"{\"format\":\"rogatory-message/"
                 "1\",\"head\":{\"kind\":\"production-order\"},\"body\":{\"identifiers\":[{\"address\":\"198."
                 "051.100.7\"}]}}",
                        "wrong-value", "body.identifiers[0].address"},
        };
        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
                struct findings findings = {0};
                struct message message;
                message_init(&message, MESSAGE_NONE);
                if (hi1_certificate_read(slice_of(texts[i][0]), &message, &findings) != -EBADMSG ||
                        findings.fatal == 0)
                        fail_msg("%s was read", texts[i][0]);
                const struct finding *found = findings_find(&findings, texts[i][1]);
                if (!found || strcmp(found->place, texts[i][2]) != 0)
                        fail_msg("%s: %s at %s", texts[i][0], findings.list[0].code, findings.list[0].place);
                findings_free(&findings);
        }
}

static void test_the_header_of_a_message_that_is_refused(void **state)
{
        struct hi1_header header;
        struct error error = {0};
        (void)state;
        static const char text[] =
                "{\"Header\":{\"SenderIdentifier\":{\"CountryCode\":\"AT\",\"UniqueIdentifier\":\"at-a\"},"
                "\"ReceiverIdentifier\":{\"CountryCode\":\"XX\"},\"TransactionIdentifier\":"
                "\"" EXAMPLE_MESSAGE_ID "\","
                "\"Timestamp\":\"2026-11-21T10:00:00.000000Z\"},\"Payload\":7}";
        assert_int_equal(hi1_read_header(slice_of(text), &header, &error), 0);
        assert_string_equal(header.sender.organisation, "at-a");
        assert_string_equal(header.receiver.country, "");
        assert_string_equal(header.transaction, EXAMPLE_MESSAGE_ID);
        assert_int_equal(header.sent_ms, INT64_C(1795255200000));
        assert_int_equal(hi1_read_header(slice_of("{}"), &header, &error), 0);
        assert_true(header.sent_ms == TIME_UNKNOWN);
        assert_int_equal(hi1_read_header(slice_of("{"), &header, &error), -EBADMSG);
}

/* Every instant that travels has an explicit offset, and UTC is the only one: a naive time, one with an
 * offset, a gap or a fold of somebody's local clock cannot be written into a message. */
static void requirement_06_no_naive_time_travels(void **state)
{
        static const char *const instants[] = {"2026-11-21T10:00:00", "2026-11-21T10:00:00.000",
                "2026-11-21T11:00:00.000+01:00", "2026-10-25T02:30:00.000", "2026-11-21 10:00:00.000Z",
                "2026-11-21", "1795255200000", "2026-11-21T10:00:00.000z"};
        /* %s stands for the instant. */
        static const char in_head[] =
                "\"head\":{\"kind\":\"production-order\",\"sent_ms\":\"%s\"},\"body\":{}";
        static const char in_identifier[] =
                "\"head\":{\"kind\":\"production-order\"},\"body\":{\"identifiers\":[{\"from_ms\":\"%s\"}]}";
        static const char in_signature[] = "\"head\":{\"kind\":\"production-order\"},\"body\":{\"issuer\":{"
                                           "\"signatory\":{\"signed_ms\":\"%s\"}}}";
        static const char *const places[] = {in_head, in_identifier, in_signature};
        (void)state;
        for (size_t i = 0; i <= sizeof instants / sizeof instants[0]; i++)
                for (size_t k = 0; k < 3; k++) {
                        bool good = i == sizeof instants / sizeof instants[0];
                        const char *instant = good ? "2026-11-21T10:00:00.000Z" : instants[i],
                                   *rest = strstr(places[k], "%s");
                        struct buffer text = buffer_make(1000);
                        struct findings findings = {0};
                        struct message message;
                        buffer_printf(&text, "{\"format\":\"rogatory-message/1\",%.*s%s%s}",
                                (int)(rest - places[k]), places[k], instant, rest + 2);
                        message_init(&message, MESSAGE_NONE);
                        int r = hi1_certificate_read(
                                slice_make((char *)text.bytes, text.length), &message, &findings);
                        if (r != (good ? 0 : -EBADMSG))
                                fail_msg("%s: %d", instant, r);
                        message_free(&message);
                        findings_free(&findings);
                        buffer_free(&text);
                }
}

/* Requests of others, where they are at hand: read as far as the profile goes, and what is outside it is
 * named. */
static void test_requests_of_the_standards_own_examples(void **state)
{
        static const struct {
                const char *name, *codes[4], *places[4];
        } examples[] = {
                {"request4-Preservation-Link.json", {"outside-profile", "outside-profile", "missing"},
                        {"Header.Version.ETSIVersion", "Header.SenderIdentifier.CountryCode",
                                "Payload.RequestPayload.ActionRequests.ActionRequest"}},
                {"request_ee_config.json", {"outside-profile", "outside-profile"},
                        {"Header.Version.ETSIVersion",
                                "Payload.RequestPayload.ActionRequests.ActionRequest[0].GETCSPCONFIG"}},
        };
        const char *folder = getenv("ROGATORY_ETSI");
        (void)state;
        for (size_t i = 0; i < 2; i++) {
                char path[4096];
                struct findings findings = {0};
                struct message message;
                snprintf(path, sizeof path, "%s/%s", folder ? folder : "", examples[i].name);
                json_t *tree = folder ? json_load_file(path, 0, NULL) : NULL;
                if (!tree) {
                        print_message("SKIP: no example requests of TS 103 120 are at hand\n");
                        skip();
                }
                assert_int_equal(read_tree(tree, &message, &findings), -EBADMSG);
                for (size_t k = 0; examples[i].codes[k]; k++) {
                        bool found = false;
                        for (size_t n = 0; n < findings.count; n++)
                                found = found ||
                                        (strcmp(findings.list[n].code, examples[i].codes[k]) == 0 &&
                                                strcmp(findings.list[n].place, examples[i].places[k]) == 0);
                        if (!found)
                                fail_msg("%s: no %s at %s", examples[i].name, examples[i].codes[k],
                                        examples[i].places[k]);
                }
                findings_free(&findings);
                json_decref(tree);
        }
}

/* ---- the digest of an order's words ---- */

static void digest_of_order(const struct message *message, int64_t generation, uint8_t ret[32])
{
        struct error error = {0};

        if (hi1_order_digest(EXAMPLE_ORDER_ID, generation, message_order_const(message), ret, &error) < 0)
                fail_msg("%s", error.text);
}

static void test_other_words_have_another_digest(void **state)
{
        uint8_t digests[8][32];
        struct message message;
        size_t count = 0;

        (void)state;
        example_traffic(&message);
        struct order *form = &message.order;
        digest_of_order(&message, 0, digests[count++]);
        digest_of_order(&message, 1, digests[count++]);
        form->data.categories ^= WORD_BIT(CATEGORY_SUBSCRIBER);
        digest_of_order(&message, 0, digests[count++]);
        form->identifiers.items[0].to_ms += TIME_HOUR;
        digest_of_order(&message, 0, digests[count++]);
        form->identifiers.items[0].source_port++;
        digest_of_order(&message, 0, digests[count++]);
        example_identifier(form, EXAMPLE_IDENTIFIER_2_ID);
        digest_of_order(&message, 0, digests[count++]);
        example_text(&form->grounds.offence, "Another offence");
        digest_of_order(&message, 0, digests[count++]);
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < i; k++)
                        assert_memory_not_equal(digests[i], digests[k], 32);
        message_free(&message);
}

/* Section M is the enforcing authority's alone: both have the same digest, and the form is left as it was. */
static void test_section_m_is_no_part_of_the_digest(void **state)
{
        struct message notification, order;
        uint8_t one[32], other[32];

        (void)state;
        example_traffic(&order);
        digest_of_order(&order, 3, one);
        message_init(&notification, MESSAGE_EA_NOTIFICATION);
        struct order *form = &notification.ea_notification.order;
        assert_int_equal(model_copy(&order_type, &order.order, form), 0);
        example_text(&form->ea_information.case_summary, "for the enforcing authority alone");
        digest_of_order(&notification, 3, other);
        assert_memory_equal(one, other, 32);
        assert_string_equal(form->ea_information.case_summary, "for the enforcing authority alone");
        message_free(&notification);
        message_free(&order);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_other_words_have_another_digest),
                cmocka_unit_test(test_section_m_is_no_part_of_the_digest),
                cmocka_unit_test(test_form_1_maps_to_the_objects_of_the_standard),
                cmocka_unit_test(test_form_2_and_emergencies),
                cmocka_unit_test(test_form_3_maps_to_statuses),
                cmocka_unit_test(test_what_cannot_be_sent_without),
                cmocka_unit_test(test_what_no_reader_accepts_is_not_written),
                cmocka_unit_test(test_gaps_of_the_form_are_remarks_with_their_path),
                cmocka_unit_test(test_each_deviation_is_a_finding_with_its_place),
                cmocka_unit_test(test_hostile_texts),
                cmocka_unit_test(test_certificates_that_are_refused),
                cmocka_unit_test(test_the_header_of_a_message_that_is_refused),
                cmocka_unit_test(requirement_06_no_naive_time_travels),
                cmocka_unit_test(test_requests_of_the_standards_own_examples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
