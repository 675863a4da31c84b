/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_SCENE_TEST_H
#define ROGATORY_CONTAINER_SCENE_TEST_H

/* For tests: parties, what they pin, and a container that they make. */

#include "container/container.h"
#include "crypto/authority_test.h"

struct scene {
        struct party root, seal, second, stranger, stamps;
        struct certificate_set signers, services;
};

static const char scene_message[] = "{\"order\":\"1\"}\n";
static const char scene_note[] = "an attachment\n";

static const struct container_part scene_parts[] = {
        {"message.json", "application/json", scene_message, sizeof scene_message - 1},
        {"attachments/note.txt", "text/plain", scene_note, sizeof scene_note - 1},
};

static inline void scene_make(struct scene *scene)
{
        *scene = (struct scene){.root = party_authority("Root", NULL)};
        scene->seal = party_seal("at-prosecution-vienna", "P-256", &scene->root);
        scene->second = party_seal("at-court-vienna", "P-384", &scene->root);
        scene->stranger = party_seal("at-prosecution-vienna", "P-256", NULL);
        scene->stamps = party_timestamps("timestamps", &scene->root);
        authority_must(certificate_set_add(&scene->signers, scene->root.certificate) == 0);
        authority_must(certificate_set_add(&scene->services, scene->stamps.certificate) == 0);
}

static inline void scene_free(struct scene *scene)
{
        party_free(&scene->root);
        party_free(&scene->seal);
        party_free(&scene->second);
        party_free(&scene->stranger);
        party_free(&scene->stamps);
        certificate_set_free(&scene->signers);
        certificate_set_free(&scene->services);
}

static inline struct container_rules scene_rules(const struct scene *scene)
{
        return (struct container_rules){.trust = {.signers = &scene->signers,
                                                .timestamps = &scene->services,
                                                .instant_ms = AUTHORITY_NOW + TIME_HOUR},
                .deviations_refused = true};
}

/* A container of the parts by one party, with a timestamp of the service where one is given. */
static inline struct buffer scene_container_of(const struct container_part *parts, size_t count,
        const struct party *party, const struct party *service)
{
        static const uint8_t nonce[TIMESTAMP_NONCE_BYTES] = {7};
        struct buffer bytes = buffer_make(CONTAINER_BYTES_MAX), request = buffer_make(1 << 20);
        struct buffer response = buffer_make(1 << 20), token = buffer_make(1 << 20);
        struct container_draft *draft = NULL;
        struct error error = {0};
        const uint8_t *value;
        size_t length;

        authority_must(container_draft_new(parts, count, &draft, &error) == 0);
        authority_must(container_draft_sign(
                               draft, party->key, party->certificate, NULL, AUTHORITY_NOW, &error) == 0);
        if (service) {
                container_draft_signature_value(draft, &value, &length);
                authority_must(timestamp_request(value, length, nonce, &request) == 0);
                timestamps_answer(service, &request, AUTHORITY_NOW + TIME_MINUTE, &response);
                authority_must(timestamp_accept(request.bytes, request.length, response.bytes,
                                       response.length, &token, &error) == 0);
                authority_must(container_draft_timestamp(draft, token.bytes, token.length, &error) == 0);
        }
        authority_must(container_draft_write(draft, &bytes, &error) == 0);
        container_draft_free(draft);
        buffer_free(&request);
        buffer_free(&response);
        buffer_free(&token);
        return bytes;
}

static inline struct buffer scene_container(const struct scene *scene, bool timestamped)
{
        return scene_container_of(scene_parts, 2, &scene->seal, timestamped ? &scene->stamps : NULL);
}

/* The codes of all fatal findings, with a blank behind each; "" where it opens. */
static inline const char *scene_verdict(const void *bytes, size_t length, const struct container_rules *rules,
        struct container *ret_container)
{
        static char codes[4096];
        struct findings findings = {0};
        struct container container = {0};
        size_t at = 0;
        int r = container_open(bytes, length, rules, &findings, &container);

        authority_must((r == 0) == findings_hold(&findings) && (r == 0 || r == -EBADMSG));
        codes[0] = '\0';
        for (size_t i = 0; i < findings.count && at + 64 < sizeof codes; i++)
                if (findings.list[i].weight == FINDING_FATAL)
                        at += (size_t)snprintf(codes + at, sizeof codes - at, "%s ", findings.list[i].code);
        if (r == 0 && ret_container)
                *ret_container = container;
        else if (r == 0)
                container_free(&container);
        findings_free(&findings);
        return codes;
}

#endif
