/* SPDX-License-Identifier: EUPL-1.2 */
/* Every byte of a genuine container is changed, in several ways; it is cut at every place, and lengthened.
 * Under the rules between nodes nothing but the genuine one opens; under the tolerant ones of a reader of
 * archives, what opens has exactly the genuine content. */
#include "container/container.h"

#include "container/scene_test.h"
#include "container/zip_archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct scene scene;
static struct buffer genuine;

static int make_scene(void **state)
{
        (void)state;
        scene_make(&scene);
        genuine = scene_container(&scene, true);
        return 0;
}

static int free_scene(void **state)
{
        (void)state;
        buffer_free(&genuine);
        scene_free(&scene);
        return 0;
}

/* What opens must be the genuine content by the genuine signer. */
static void check_content(const struct container *container)
{
        assert_int_equal(container->count, 2);
        assert_int_equal(container->signer_count, 1);
        assert_true(certificate_same(container->signers[0].signer, scene.seal.certificate));
        for (size_t i = 0; i < 2; i++) {
                const struct container_object *object = container_find(container, scene_parts[i].name);
                assert_non_null(object);
                assert_int_equal(object->length, scene_parts[i].length);
                assert_memory_equal(object->bytes, scene_parts[i].bytes, object->length);
        }
}

static void check(const void *bytes, size_t length, const char *how, size_t at)
{
        struct container_rules rules = scene_rules(&scene);
        struct container container = {0};

        rules.trust.timestamp_required = true;
        if (strcmp(scene_verdict(bytes, length, &rules, NULL), "") == 0)
                fail_msg("%s at byte %zu: still opens", how, at);
        rules.deviations_refused = false;
        if (strcmp(scene_verdict(bytes, length, &rules, &container), "") == 0) {
                check_content(&container);
                container_free(&container);
        }
}

static void test_the_genuine_one_opens(void **state)
{
        struct container_rules rules = scene_rules(&scene);

        (void)state;
        rules.trust.timestamp_required = true;
        assert_string_equal(scene_verdict(genuine.bytes, genuine.length, &rules, NULL), "");
}

static void test_no_changed_byte_opens(void **state)
{
        static const uint8_t changes[] = {0x01, 0x20, 0x80, 0xff};

        (void)state;
        for (size_t c = 0; c < sizeof changes; c++) {
                for (size_t i = 0; i < genuine.length; i++) {
                        genuine.bytes[i] ^= changes[c];
                        check(genuine.bytes, genuine.length, "changed", i);
                        genuine.bytes[i] ^= changes[c];
                }
        }
}

static void test_nothing_cut_or_lengthened_opens(void **state)
{
        (void)state;
        for (size_t i = 0; i < genuine.length; i++)
                check(genuine.bytes, i, "cut", i);
        uint8_t *longer = malloc(genuine.length + 1);
        assert_non_null(longer);
        for (size_t i = 0; i <= genuine.length; i += 3) {
                memcpy(longer, genuine.bytes, i);
                longer[i] = 'P';
                memcpy(longer + i + 1, genuine.bytes + i, genuine.length - i);
                check(longer, genuine.length + 1, "a byte put in", i);
        }
        free(longer);
}

/* Genuine files under each other's names, and a genuine signature over another manifest. */
static void test_nothing_exchanged_opens(void **state)
{
        const struct container_part crossed[] = {
                {scene_parts[0].name, scene_parts[0].media_type, scene_parts[1].bytes, scene_parts[1].length},
                {scene_parts[1].name, scene_parts[1].media_type, scene_parts[0].bytes,
                        scene_parts[0].length}};
        struct buffer other = scene_container_of(crossed, 2, &scene.seal, &scene.stamps);
        struct buffer parts[2] = {genuine, other};
        struct zip_entry *entries[2];
        uint8_t **contents[2];
        size_t counts[2];
        struct findings findings = {0};

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                assert_int_equal(
                        zip_shape(parts[i].bytes, parts[i].length, &findings, &entries[i], &counts[i]), 0);
                assert_int_equal(zip_unpack(parts[i].bytes, parts[i].length, entries[i], counts[i], &findings,
                                         &contents[i]),
                        0);
        }
        assert_int_equal(counts[0], counts[1]);
        /* every mixture of the entries of the two containers; both are genuine, nothing between is */
        for (unsigned int mixture = 0; mixture < 1u << counts[0]; mixture++) {
                struct zip_content mixed[8];
                struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
                struct error error = {0};
                for (size_t i = 0; i < counts[0]; i++) {
                        size_t from = mixture >> i & 1;
                        mixed[i] = (struct zip_content){
                                entries[from][i].name, contents[from][i], entries[from][i].size};
                }
                assert_int_equal(zip_pack(mixed, counts[0], &bytes, &error), 0);
                struct container_rules rules = scene_rules(&scene);
                unsigned int without_mimetype = mixture >> 1;
                bool whole = without_mimetype == 0 || without_mimetype == (1u << (counts[0] - 1)) - 1;
                assert_int_equal(
                        strcmp(scene_verdict(bytes.bytes, bytes.length, &rules, NULL), "") == 0, whole);
                buffer_free(&bytes);
        }
        /* the genuine entries, each in turn moved to another place */
        for (size_t from = 0; from < counts[0]; from++) {
                for (size_t to = 0; to < counts[0]; to++) {
                        struct zip_content moved[8];
                        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX);
                        struct error error = {0};
                        for (size_t i = 0, next = 0; i < counts[0]; i++) {
                                next += next == from;
                                size_t which = i == to ? from : next++;
                                moved[i] = (struct zip_content){
                                        entries[0][which].name, contents[0][which], entries[0][which].size};
                        }
                        assert_int_equal(zip_pack(moved, counts[0], &bytes, &error), 0);
                        if (from == to)
                                assert_memory_equal(bytes.bytes, genuine.bytes, genuine.length);
                        else
                                check(bytes.bytes, bytes.length, "moved entry", from);
                        buffer_free(&bytes);
                }
        }
        for (size_t i = 0; i < 2; i++) {
                for (size_t k = 0; k < counts[i]; k++)
                        free(contents[i][k]);
                free(contents[i]);
                free(entries[i]);
        }
        findings_free(&findings);
        buffer_free(&other);
}

/* Two archives in one: each program believes another part of it. */
static void test_no_second_archive_hides(void **state)
{
        struct buffer two = buffer_make(CONTAINER_BYTES_MAX);

        (void)state;
        assert_int_equal(buffer_append(&two, genuine.bytes, genuine.length), 0);
        assert_int_equal(buffer_append(&two, genuine.bytes, genuine.length), 0);
        check(two.bytes, two.length, "doubled", 0);
        buffer_clear(&two);
        assert_int_equal(buffer_append_text(&two, "#!/bin/sh\n"), 0);
        assert_int_equal(buffer_append(&two, genuine.bytes, genuine.length), 0);
        check(two.bytes, two.length, "preceded", 0);
        buffer_free(&two);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_genuine_one_opens),
                cmocka_unit_test(test_no_changed_byte_opens),
                cmocka_unit_test(test_nothing_cut_or_lengthened_opens),
                cmocka_unit_test(test_nothing_exchanged_opens),
                cmocka_unit_test(test_no_second_archive_hides),
        };
        return cmocka_run_group_tests(tests, make_scene, free_scene);
}
