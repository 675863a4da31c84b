/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGE_OFFICE_SCENE_TEST_H
#define ROGATORY_EXCHANGE_OFFICE_SCENE_TEST_H

/* For tests: a set of organisations, a node's folder for some of them, a clock that the test moves, and the
 * way between two nodes without a network. */

#include "exchange/post.h"
#include "issuance/issuance.h"
#include "os/file.h"
#include "os/scratch_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SCENE_NOW INT64_C(1795433400000) /* 2026-11-23T11:30:00Z, a Monday */
#define AUTHORITY "at-prosecution-vienna"
#define COURT "at-court-vienna"
#define PROVIDER "de-provider"
#define ENFORCING "de-enforcement-berlin"
#define OVERSIGHT "at-oversight"

static int64_t scene_clock = SCENE_NOW;

static int64_t scene_now(void *context)
{
        (void)context;
        return scene_clock;
}

static inline void scene_must(int r, const struct error *error)
{
        if (r < 0)
                fail_msg("%s (%d)", error->text, r);
}

/* Writes the keys and the directory of everybody into SCRATCH/pki. */
static inline void scene_write_set(int64_t now_ms, uint64_t version, const char *name)
{
        struct issuance_list *list = NULL;
        struct issuance_set set = {.count = 0};
        struct error error = {0};
        char path[512], folder[512];

        scene_must(issuance_list_read(slice_of(issuance_default_list), "list", &list, &error), &error);
        scene_must(issuance_make(list, now_ms, 90, version, &set, &error), &error);
        scene_must(folder_make(scratch_path(name), &error), &error);
        for (size_t i = 0; i < set.count; i++) {
                const struct issuance_file *file = &set.files[i];
                snprintf(path, sizeof path, "%s/%s", scratch_path(name), file->path);
                if (file->folder) {
                        scene_must(folder_make(path, &error), &error);
                        continue;
                }
                snprintf(folder, sizeof folder, "%s", path);
                char *slash = strrchr(folder, '/');
                *slash = '\0';
                scene_must(file_publish(folder, slash + 1, file->bytes.bytes, file->bytes.length, &error),
                        &error);
        }
        issuance_set_free(&set);
        issuance_list_free(list);
}

static int scene_setup(void **state)
{
        scene_clock = SCENE_NOW;
        int r = scratch_setup(state);
        if (r == 0)
                scene_write_set(SCENE_NOW, 1, "pki");
        return r;
}

/* Makes the node SCRATCH/ORGANISATION with everybody whom the tests need. */
static inline void scene_init(const char *organisation)
{
        static const char *const people[] = {"berger:officer", "huber:validator", "maier:second-person",
                "wolf:overseer", "admin:administrator", "desk:desk", "both:officer,validator,second-person"};
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct error error = {0};
        char keys[512], directory[512];
        const struct office_options options = {.now = scene_now, .login = "admin"};

        assert_non_null(settings);
        office_settings_default(settings);
        snprintf(settings->organisation, sizeof settings->organisation, "%s", organisation);
        for (size_t i = 0; i < sizeof people / sizeof *people; i++)
                scene_must(office_settings_add_person(settings, slice_of(people[i]), &error), &error);
        snprintf(keys, sizeof keys, "%s/pki/organisations/%s", scratch, organisation);
        snprintf(directory, sizeof directory, "%s/pki/directory", scratch);
        const struct office_plan plan = {.keys = keys, .directory = directory, .settings = settings};
        scene_must(office_init(scratch_path(organisation), &plan, &options, &error), &error);
        free(settings);
}

/* The node of an organisation, opened for somebody. */
static inline struct office *scene_open(const char *organisation, const char *login)
{
        const struct office_options options = {.now = scene_now, .login = login};
        struct office *office = NULL;
        struct error error = {0};

        scene_must(office_open(scratch_path(organisation), &options, &office, &error), &error);
        return office;
}

/* Carries what waits at one node to the node that it is for, as the courier does. Returns how many. */
static inline int scene_carry(struct office *from, struct office *to)
{
        static const struct schedule schedule = {.first_ms = 1, .longest_ms = 1};
        struct outgoing outgoing;
        struct error error = {0};
        int count = 0, r;

        while ((r = queue_attempt_begin(office_queue(from), office_organisation(to), &schedule, 1,
                        scene_clock, &outgoing, &error)) == 1) {
                struct content *content = NULL;
                scene_must(queue_outgoing_content(
                                   office_queue(from), outgoing.id, office_spool(from), &content, &error),
                        &error);
                int received = queue_receive(office_queue(to), office_organisation(from), outgoing.id,
                        content, scene_clock, scene_clock, &error);
                scene_must(received, &error);
                content_free(content);
                scene_must(queue_attempt_delivered(
                                   office_queue(from), outgoing.id, "taken", 5, scene_clock, &error),
                        &error);
                count++;
        }
        scene_must(r, &error);
        return count;
}

/* Carries and takes until nothing is on its way. */
static inline void scene_settle(struct office *one, struct office *other)
{
        struct error error = {0};
        int moved;

        do {
                moved = scene_carry(one, other) + scene_carry(other, one);
                int r = post_take_all(one, &error);
                scene_must(r, &error);
                moved += r;
                r = post_take_all(other, &error);
                scene_must(r, &error);
                moved += r;
        } while (moved > 0);
}

#endif
