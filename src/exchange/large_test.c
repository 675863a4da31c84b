/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer whose evidence is too large for its message. */
#include "exchange/provider_scene_test.h"

/* As the courier does. */
static void fetch(const struct message *answer, const char *manifest)
{
        char from[512], to[512];
        struct error error = {0};

        snprintf(to, sizeof to, "%s/evidence/" PROVIDER, scratch_path(AUTHORITY));
        scene_must(folder_make(to, &error), &error);
        snprintf(to + strlen(to), sizeof to - strlen(to), "/%s", answer->id);
        scene_must(folder_make(to, &error), &error);
        for (size_t i = 0; i < answer->files.count; i++) {
                struct buffer bytes = buffer_make(1 << 20);
                snprintf(from, sizeof from, "%s/evidence/%s/%s", scratch_path(PROVIDER), manifest,
                        answer->files.items[i].name);
                scene_must(file_read(from, &bytes, &error), &error);
                scene_must(file_publish(to, answer->files.items[i].name, bytes.bytes, bytes.length, &error),
                        &error);
                buffer_free(&bytes);
        }
}

/* Large evidence lies beside the message, for its recipient alone, and is what the message says. */
static void large_evidence_travels_beside_its_message(void **state)
{
        struct message form, answer;
        struct provider_offer offer;
        struct error failure = {0};
        char id[MODEL_ID_MAX], manifest[MODEL_ID_MAX];

        (void)state;
        begin();
        make_form(&form);
        issue(&form, id);
        to_prepared(id);
        provider_inside_set(1000);
        AS(PROVIDER, "maier", provider_release(office, id, &error));
        provider_inside_set(0);
        settle();
        assert_int_equal(incidents(AUTHORITY), 0);
        read_answer(id, &answer);
        assert_int_equal(answer.files.count, 3);
        const struct file *file = &answer.files.items[0];
        assert_int_equal(file->outside, STATED_YES);
        const char *place = strstr(file->location, "/evidence/");
        assert_non_null(place);
        snprintf(manifest, sizeof manifest, "%.36s", place + strlen("/evidence/"));
        struct office *provider = scene_open(PROVIDER, "admin");
        assert_int_equal(
                provider_offer_open(provider, ENFORCING, manifest, file->name, &offer, &failure), -ENOENT);
        assert_int_equal(
                provider_offer_open(provider, AUTHORITY, manifest, "../x", &offer, &failure), -ENOENT);
        assert_int_equal(provider_offer_open(provider, AUTHORITY, "../../keys", file->name, &offer, &failure),
                -ENOENT);
        scene_must(
                provider_offer_open(provider, AUTHORITY, manifest, file->name, &offer, &failure), &failure);
        assert_int_equal(offer.length, file->size);
        assert_memory_equal(offer.digest, file->digest, sizeof offer.digest);
        assert_int_equal(offer.until_ms - offer.from_ms, 45 * TIME_DAY);
        close(offer.file);
        office_close(provider);
        /* Before it was fetched nothing is opened, and nobody is told that it was. */
        struct authority_opened opened;
        REFUSED_AS(AUTHORITY, "berger", -EAGAIN,
                authority_open(office, id, "who wrote it", keep_file, &opened_answer, &opened, &error));
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_ANSWERED);
        assert_int_equal(entries(AUTHORITY, "data-obtained", id), 0);
        fetch(&answer, manifest);
        open_answer(id);
        assert_non_null(strstr(opened_answer.json, "customer-17"));
        assert_int_equal(state_at(AUTHORITY, id), ORDER_STATE_OPENED);
        message_free(&answer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                        large_evidence_travels_beside_its_message, scene_setup, scratch_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
