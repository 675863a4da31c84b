/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/container.h"

#include "container/scene_test.h"
#include "container/zip_archive.h"
#include "crypto/cms_seal.h"
#include "crypto/cms_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct scene scene;

static int make_scene(void **state)
{
        (void)state;
        scene_make(&scene);
        return 0;
}

static int free_scene(void **state)
{
        (void)state;
        scene_free(&scene);
        return 0;
}

static void test_what_is_written_opens(void **state)
{
        struct container_rules rules = scene_rules(&scene);
        struct container container;
        struct buffer bytes = scene_container(&scene, true);

        (void)state;
        rules.trust.timestamp_required = true;
        assert_memory_equal(bytes.bytes + 30, "mimetypeapplication/vnd.etsi.asic-e+zip", 39);
        assert_string_equal(scene_verdict(bytes.bytes, bytes.length, &rules, &container), "");
        assert_int_equal(container.count, 2);
        assert_int_equal(container.signer_count, 1);
        assert_true(certificate_same(container.signers[0].signer, scene.seal.certificate));
        assert_int_equal(container.signers[0].stated_ms, AUTHORITY_NOW);
        assert_int_equal(container.signers[0].proven_ms, AUTHORITY_NOW + TIME_MINUTE);
        const struct container_object *note = container_find(&container, "attachments/note.txt");
        assert_string_equal(note->media_type, "text/plain");
        assert_int_equal(note->length, sizeof scene_note - 1);
        assert_memory_equal(note->bytes, scene_note, note->length);
        assert_null(container_find(&container, "mimetype"));
        container_free(&container);
        buffer_free(&bytes);
}

static void test_the_same_is_written_the_same_way(void **state)
{
        struct buffer one = scene_container(&scene, false), other = scene_container(&scene, false);

        (void)state;
        /* up to the signature, which holds chance */
        const uint8_t *mark = memmem(one.bytes, one.length, "META-INF/signature001.p7s", 25);
        assert_non_null(mark);
        assert_memory_equal(one.bytes, other.bytes, (size_t)(mark - one.bytes));
        buffer_free(&one);
        buffer_free(&other);
}

static void test_several_signers_all_sign_everything(void **state)
{
        struct container_rules rules = scene_rules(&scene);
        struct container_draft *draft;
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
        struct container container;
        struct error error = {0};

        (void)state;
        assert_int_equal(container_draft_new(scene_parts, 2, &draft, &error), 0);
        assert_int_equal(container_draft_write(draft, &bytes, &error), -EINVAL);
        assert_int_equal(container_draft_sign(
                                 draft, scene.seal.key, scene.seal.certificate, NULL, AUTHORITY_NOW, &error),
                0);
        assert_int_equal(container_draft_sign(draft, scene.second.key, scene.second.certificate, NULL,
                                 AUTHORITY_NOW, &error),
                0);
        assert_int_equal(container_draft_write(draft, &bytes, &error), 0);
        assert_string_equal(scene_verdict(bytes.bytes, bytes.length, &rules, &container), "");
        assert_int_equal(container.signer_count, 2);
        assert_true(certificate_same(container.signers[1].signer, scene.second.certificate));
        container_free(&container);
        container_draft_free(draft);
        buffer_free(&bytes);
}

static void test_strangers_are_refused(void **state)
{
        struct container_rules rules = scene_rules(&scene);
        struct buffer bytes = scene_container_of(scene_parts, 2, &scene.stranger, NULL);

        (void)state;
        assert_string_equal(scene_verdict(bytes.bytes, bytes.length, &rules, NULL),
                "certificate-not-trusted no-signature entry-not-signed entry-not-signed ");
        buffer_free(&bytes);
        bytes = scene_container(&scene, false);
        rules.trust.timestamp_required = true;
        assert_string_equal(scene_verdict(bytes.bytes, bytes.length, &rules, NULL),
                "timestamp-missing no-signature entry-not-signed entry-not-signed ");
        buffer_free(&bytes);
}

static void test_names_and_types_are_checked(void **state)
{
        static const struct container_part wrong[] = {
                {"../message.json", "application/json", "", 0},
                {"/message.json", "application/json", "", 0},
                {"a\\b", "application/json", "", 0},
                {"a b", "application/json", "", 0},
                {"folder/", "application/json", "", 0},
                {"Mimetype", "application/json", "", 0},
                {"meta-inf/signature.p7s", "application/json", "", 0},
                {"a//b", "application/json", "", 0},
                {".hidden", "application/json", "", 0},
                {"message.json", "json", "", 0},
                {"message.json", "a/b\"", "", 0},
                {"", "application/json", "", 0},
        };
        static const struct container_part twice[] = {
                {"message.json", "application/json", "", 0},
                {"Message.json", "application/json", "", 0},
        };
        struct container_draft *draft;
        struct error error;

        (void)state;
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_int_equal(container_draft_new(&wrong[i], 1, &draft, &error), -EINVAL);
        assert_int_equal(container_draft_new(twice, 2, &draft, &error), -EINVAL);
        assert_int_equal(container_draft_new(twice, 0, &draft, &error), -EINVAL);
}

/* Packs own entries as an attacker would; what signed parts it has come from a genuine container. */
static struct buffer forge(const struct zip_content *contents, size_t count)
{
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
        struct error error = {0};
        authority_must(zip_pack(contents, count, &bytes, &error) == 0);
        return bytes;
}

/* The contents of a genuine container, packed again with one changed. */
static const char *repacked(const struct buffer *genuine, const char *name, struct zip_content by)
{
        struct findings findings = {0};
        struct zip_entry *entries;
        struct zip_content contents[16];
        uint8_t **unpacked;
        size_t count, used = 0;

        authority_must(zip_shape(genuine->bytes, genuine->length, &findings, &entries, &count) == 0);
        authority_must(
                zip_unpack(genuine->bytes, genuine->length, entries, count, &findings, &unpacked) == 0);
        for (size_t i = 0; i < count; i++) {
                struct zip_content one = {entries[i].name, unpacked[i], entries[i].size};
                if (strcmp(one.name, name) == 0)
                        one = by;
                if (one.name)
                        contents[used++] = one;
        }
        if (name[0] == '\0')
                contents[used++] = by;
        struct buffer bytes = forge(contents, used);
        struct container_rules rules = scene_rules(&scene);
        const char *codes = scene_verdict(bytes.bytes, bytes.length, &rules, NULL);
        buffer_free(&bytes);
        for (size_t i = 0; i < count; i++)
                free(unpacked[i]);
        free(unpacked);
        free(entries);
        findings_free(&findings);
        return codes;
}

static void test_nothing_is_put_in_taken_out_or_exchanged(void **state)
{
        struct buffer genuine = scene_container(&scene, false), other = buffer_make(1 << 20);
        struct error error = {0};

        (void)state;
        assert_string_equal(repacked(&genuine, "nothing", (struct zip_content){0}), "");
        assert_string_equal(repacked(&genuine, "message.json", (struct zip_content){"message.json", "{}", 2}),
                "digest-differs entry-not-signed entry-not-signed ");
        assert_string_equal(repacked(&genuine, "attachments/note.txt", (struct zip_content){0}),
                "reference-missing entry-not-signed ");
        assert_string_equal(repacked(&genuine, "", (struct zip_content){"evil.pdf", "x", 1}),
                "packaging-deviates entry-not-signed ");
        assert_string_equal(repacked(&genuine, "", (struct zip_content){"META-INF/x.p7s", "x", 1}),
                "signature-of-nothing packaging-deviates ");
        assert_string_equal(
                repacked(&genuine, "", (struct zip_content){"META-INF/x", "x", 1}), "packaging-deviates ");
        assert_string_equal(repacked(&genuine, "META-INF/signature001.p7s", (struct zip_content){0}),
                "signature-missing packaging-deviates no-signature entry-not-signed entry-not-signed ");
        assert_string_equal(repacked(&genuine, "META-INF/ASiCManifest001.xml", (struct zip_content){0}),
                "signature-of-nothing packaging-deviates no-signature entry-not-signed entry-not-signed ");
        assert_string_equal(repacked(&genuine, "mimetype", (struct zip_content){0}), "packaging-deviates ");
        assert_string_equal(repacked(&genuine, "mimetype", (struct zip_content){"mimetype", "x", 1}),
                "mimetype-differs ");
        /* a genuine signature of the same party, of something else */
        assert_int_equal(
                cms_sign(scene.seal.key, scene.seal.certificate, NULL, "x", 1, AUTHORITY_NOW, &other, &error),
                0);
        assert_string_equal(
                repacked(&genuine, "META-INF/signature001.p7s",
                        (struct zip_content){"META-INF/signature001.p7s", other.bytes, other.length}),
                "message-digest-differs no-signature entry-not-signed entry-not-signed ");
        buffer_free(&other);
        buffer_free(&genuine);
}

/* Every byte of an entry is asked for a thousand times, by each of many manifests. */
static void test_work_is_limited(void **state)
{
        static char big[12 << 20];
        struct buffer manifest = buffer_make(1 << 20);
        struct zip_content contents[102] = {
                {"mimetype", CONTAINER_MEDIA_TYPE, sizeof CONTAINER_MEDIA_TYPE - 1},
                {"big", big, sizeof big}};
        static char names[100][64];
        struct container_rules rules = scene_rules(&scene);

        (void)state;
        (void)buffer_append_text(&manifest,
                "<a:ASiCManifest xmlns:a=\"http://uri.etsi.org/02918/v1.2.1#\" "
                "xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><a:SigReference URI=\"x\"/>"
                "<a:DataObjectReference URI=\"big\"><d:DigestMethod "
                "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><d:DigestValue>AAAA</d:DigestValue>"
                "</a:DataObjectReference></a:ASiCManifest>");
        for (size_t i = 0; i < 100; i++) {
                (void)snprintf(names[i], sizeof names[i], "META-INF/ASiCManifest%zu.xml", i);
                contents[i + 2] = (struct zip_content){names[i], manifest.bytes, manifest.length};
        }
        struct buffer bytes = forge(contents, 102);
        assert_non_null(strstr(scene_verdict(bytes.bytes, bytes.length, &rules, NULL), "too-much-work "));
        buffer_free(&bytes);
        buffer_free(&manifest);
}

/* Files of one name in two cases, and files that hide: told apart by no reader of names alone. */
static void test_clashing_names_are_refused(void **state)
{
        struct buffer genuine = scene_container(&scene, false);

        (void)state;
        assert_string_equal(
                repacked(&genuine, "", (struct zip_content){"MESSAGE.json", "x", 1}), "entry-name-case ");
        assert_string_equal(
                repacked(&genuine, "", (struct zip_content){"../../etc/cron.d/x", "x", 1}), "entry-name ");
        assert_string_equal(repacked(&genuine, "", (struct zip_content){"\xc3\xa4", "x", 1}),
                "packaging-deviates entry-not-signed ");
        buffer_free(&genuine);
}

/* The operator of any machine between has the whole container, and reads none of the evidence. */
static void requirement_19_evidence_in_a_container_is_encrypted_to_its_recipient(void **state)
{
        static const char secret[] = "{\"subscriber\":\"4711\"}";
        struct party receiver = party_receiver("at-prosecution-vienna", "P-256", &scene.root);
        struct party relay = party_receiver("relay", "P-256", &scene.root);
        const struct certificate *recipients[] = {receiver.certificate};
        struct container_rules rules = scene_rules(&scene);
        struct buffer evidence = buffer_make(1 << 20);
        struct findings findings = {0};
        struct container container;
        struct cms_plaintext plain = {0};
        struct error error = {0};

        (void)state;
        assert_int_equal(cms_seal(secret, sizeof secret - 1, recipients, 1, &evidence, &error), 0);
        const struct container_part parts[] = {scene_parts[0],
                {"evidence/answer.json.p7m", "application/pkcs7-mime", evidence.bytes, evidence.length}};
        struct buffer bytes = scene_container_of(parts, 2, &scene.seal, NULL);
        assert_null(memmem(bytes.bytes, bytes.length, "4711", 4));
        assert_string_equal(scene_verdict(bytes.bytes, bytes.length, &rules, &container), "");
        const struct container_object *sealed = container_find(&container, "evidence/answer.json.p7m");
        assert_int_equal(cms_open(sealed->bytes, sealed->length, relay.key, relay.certificate, sealed->name,
                                 &findings, &plain),
                -EKEYREJECTED);
        assert_null(plain.bytes);
        assert_int_equal(cms_open(sealed->bytes, sealed->length, receiver.key, receiver.certificate,
                                 sealed->name, &findings, &plain),
                0);
        assert_int_equal(plain.length, sizeof secret - 1);
        assert_memory_equal(plain.bytes, secret, plain.length);
        cms_plaintext_free(&plain);
        container_free(&container);
        findings_free(&findings);
        buffer_free(&bytes);
        buffer_free(&evidence);
        party_free(&receiver);
        party_free(&relay);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_written_opens),
                cmocka_unit_test(test_the_same_is_written_the_same_way),
                cmocka_unit_test(test_several_signers_all_sign_everything),
                cmocka_unit_test(test_strangers_are_refused),
                cmocka_unit_test(test_names_and_types_are_checked),
                cmocka_unit_test(test_nothing_is_put_in_taken_out_or_exchanged),
                cmocka_unit_test(test_work_is_limited),
                cmocka_unit_test(test_clashing_names_are_refused),
                cmocka_unit_test(requirement_19_evidence_in_a_container_is_encrypted_to_its_recipient),
        };
        return cmocka_run_group_tests(tests, make_scene, free_scene);
}
