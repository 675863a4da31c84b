/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DIRECTORY_SCENE_TEST_H
#define ROGATORY_DIRECTORY_SCENE_TEST_H

/* A small directory for tests: a court and a prosecution in Austria, a provider that is in the middle of
 * changing its seal, and an enforcing authority, both in Germany. */

#include "crypto/issue.h"
#include "directory/directory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define SCENE_NOW INT64_C(1795131352000) /* 2026-11-19T23:35:52Z */
#define SCENE_ORGANISATIONS 4

static inline struct certificate *scene_certificate(
        const struct issuer *issuer, enum issue_use use, const char *name, int64_t from_ms, int64_t until_ms)
{
        struct issue_wish wish = {.use = use,
                .name = name,
                .host = use == ISSUE_TLS ? "192.0.2.1" : NULL,
                .from_ms = from_ms,
                .until_ms = until_ms};
        struct buffer pem = buffer_make(1 << 16), key = buffer_make(1 << 16);
        struct certificate *certificate = NULL;
        struct error error = {0};

        assert_int_equal(issue_certificate(issuer, &wish, &pem, &key, &error), 0);
        assert_int_equal(certificate_parse(pem.bytes, pem.length, "test", &certificate, &error), 0);
        buffer_free(&pem);
        buffer_free(&key);
        return certificate;
}

static inline void scene_note_key(
        const char *name, enum note_key_type type, uint8_t number, struct note_key *ret_key)
{
        uint8_t secret[ED25519_SECRET_BYTES] = {number, (uint8_t)type};
        struct note_secret note;
        struct error error = {0};

        assert_int_equal(note_secret_make(name, type, secret, &note, &error), 0);
        *ret_key = note.key;
}

static inline void scene_organisation(struct directory_organisation *organisation,
        const struct issuer *issuer, const char *name, const char *country, uint8_t number)
{
        static const enum issue_use uses[] = {ISSUE_SEAL, ISSUE_TLS, ISSUE_DECRYPTION};
        char origin[100];

        snprintf(organisation->name, sizeof organisation->name, "%s", name);
        snprintf(organisation->display_name, sizeof organisation->display_name, "J\xc3\xb6rg's \"%s\"", name);
        snprintf(organisation->country, sizeof organisation->country, "%s", country);
        snprintf(organisation->node, sizeof organisation->node, "https://%s.example:8443/exchange", name);
        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                organisation->certificates[purpose][0] = (struct directory_certificate){
                        scene_certificate(
                                issuer, uses[purpose], name, SCENE_NOW - TIME_DAY, SCENE_NOW + 90 * TIME_DAY),
                        SCENE_NOW - TIME_DAY, SCENE_NOW + 30 * TIME_DAY};
                organisation->certificate_count[purpose] = 1;
        }
        snprintf(origin, sizeof origin, "%s.example/log", name);
        scene_note_key(origin, NOTE_KEY_ED25519, number, &organisation->log_key);
        snprintf(origin, sizeof origin, "%s.example/witness", name);
        scene_note_key(origin, NOTE_KEY_COSIGNATURE, number, &organisation->witness_key);
        organisation->contact_count = 1;
        snprintf(organisation->contacts[0].name, sizeof organisation->contacts[0].name, "Duty officer of %s",
                name);
        snprintf(organisation->contacts[0].phone, sizeof organisation->contacts[0].phone, "+43123456%d",
                number);
}

#define SCENE_MILD CATEGORIES_MILD
#define SCENE_ALL (CATEGORIES_MILD | CATEGORIES_GRAVE)

static inline void scene_roles(struct directory *directory)
{
        struct directory_organisation *all = directory->organisations;

        all[0].nature = NATURE_COURT;
        all[0].roles[0] = (struct directory_role){ORGANISATION_ISSUING, SCENE_ALL, SCENE_ALL};
        all[0].roles[1] = (struct directory_role){ORGANISATION_VALIDATING, SCENE_ALL, SCENE_ALL};
        all[0].role_count = 2;
        all[1].nature = NATURE_PROSECUTOR;
        all[1].roles[0] = (struct directory_role){ORGANISATION_ISSUING, SCENE_MILD, SCENE_ALL};
        all[1].role_count = 1;
        all[2].roles[0] = (struct directory_role){ORGANISATION_ENFORCING, 0, 0};
        all[2].role_count = 1;
        all[3].roles[0] = (struct directory_role){ORGANISATION_PROVIDER, 0, 0};
        all[3].role_count = 1;
}

static inline void scene_states(struct directory *directory)
{
        directory->states = calloc(2, sizeof *directory->states);
        directory->state_count = 2;
        directory->states[0] = (struct directory_state){
                .country = "AT", .zone = "Europe/Vienna", .known_from = 20454, .known_to = 21183};
        directory->states[1] = (struct directory_state){
                .country = "DE", .zone = "Europe/Berlin", .known_from = 20454, .known_to = 20818};
        directory->states[0].holidays = calloc(2, sizeof(int64_t));
        directory->states[0].holidays[0] = 20812; /* 2026-12-25 */
        directory->states[0].holidays[1] = 20813;
        directory->states[0].holiday_count = 2;
}

/* As its operator would make it. */
static inline struct directory *scene_directory(void)
{
        static const char *const names[] = {"at-court", "at-prosecution", "de-enforcement", "de-provider"};
        static const char *const countries[] = {"AT", "AT", "DE", "DE"};
        struct directory *directory = calloc(1, sizeof *directory);
        struct buffer pem = buffer_make(1 << 16), key = buffer_make(1 << 16);
        struct issuer *issuer;
        struct error error = {0};

        assert_non_null(directory);
        assert_int_equal(issuer_new("authority", SCENE_NOW - TIME_DAY, SCENE_NOW + 400 * TIME_DAY, &issuer,
                                 &pem, &key, &error),
                0);
        directory->version = 7;
        directory->issued_ms = SCENE_NOW - TIME_HOUR;
        directory->expires_ms = SCENE_NOW + 30 * TIME_DAY;
        snprintf(directory->signer, sizeof directory->signer, "Operator of the test directory");
        directory->organisations = calloc(SCENE_ORGANISATIONS, sizeof *directory->organisations);
        directory->organisation_count = SCENE_ORGANISATIONS;
        for (uint8_t i = 0; i < SCENE_ORGANISATIONS; i++)
                scene_organisation(&directory->organisations[i], issuer, names[i], countries[i], i);
        scene_roles(directory);
        scene_states(directory);
        struct directory_organisation *provider = &directory->organisations[3];
        provider->certificates[DIRECTORY_SEAL][1] =
                (struct directory_certificate){scene_certificate(issuer, ISSUE_SEAL, "de-provider 2",
                                                       SCENE_NOW - TIME_HOUR, SCENE_NOW + 90 * TIME_DAY),
                        SCENE_NOW, SCENE_NOW + 60 * TIME_DAY};
        provider->certificate_count[DIRECTORY_SEAL] = 2;
        issuer_free(issuer);
        buffer_free(&pem);
        buffer_free(&key);
        return directory;
}

static inline struct slice scene_slice(const struct buffer *buffer)
{
        return slice_make((const char *)buffer->bytes, buffer->length);
}

#endif
