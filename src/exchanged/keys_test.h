/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_EXCHANGED_KEYS_TEST_H
#define ROGATORY_EXCHANGED_KEYS_TEST_H

/* For tests: nodes whose keys are in a SoftHSM token of the scratch folder. */

#include "exchanged/nodes_test.h"
#include "os/softhsm_test.h"

#define TOKEN "organisation"

static char token_label[] = TOKEN;
static const char *const purposes[DIRECTORY_PURPOSES] = {"seal", "tls", "decryption"};

/* "pkcs11:token=organisation;object=at-prosecution-vienna-seal?..." */
static inline void name_key(struct office_settings *settings, const char *organisation, int purpose)
{
        struct error error = {0};
        char text[OFFICE_KEY_URI_MAX];

        snprintf(text, sizeof text,
                "%s=pkcs11:token=" TOKEN ";object=%s-%s?module-path=%s&pin-source=file:%s", purposes[purpose],
                organisation, purposes[purpose], softhsm_module(), scratch_path("secret/pin"));
        must(office_settings_place_key(settings, slice_of(text), &error), &error);
}

/* The keys go into the token and are destroyed as files. */
static inline void key_in_token(struct office_settings *settings, unsigned which)
{
        char path[400], object[100], id[16];

        for (int purpose = 0; purpose < DIRECTORY_PURPOSES; purpose++) {
                snprintf(path, sizeof path, "%s/pki/organisations/%s/%s.key", scratch, names[which],
                        purposes[purpose]);
                snprintf(object, sizeof object, "%s-%s", names[which], purposes[purpose]);
                snprintf(id, sizeof id, "%02x", which * 16 + (unsigned)purpose);
                assert_int_equal(softhsm_import(token_label, path, object, id), 0);
                assert_int_equal(unlink(path), 0);
                name_key(settings, names[which], purpose);
        }
        snprintf(settings->token_files[0], sizeof settings->token_files[0], "%s", scratch_path("tokens"));
        snprintf(settings->token_files[1], sizeof settings->token_files[1], "%s",
                scratch_path("softhsm2.conf"));
        settings->token_file_count = 2;
}

static inline void write_settings(unsigned which, struct office_settings *settings)
{
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX);
        struct error error = {0};

        must(office_settings_write(settings, &text, &error), &error);
        must(file_publish(scratch_path(names[which]), OFFICE_SETTINGS_NAME, text.bytes, text.length, &error),
                &error);
        buffer_free(&text);
}

static inline struct office_settings *read_settings(unsigned which)
{
        struct office_settings *settings = calloc(1, sizeof *settings);
        struct buffer text = buffer_make(OFFICE_SETTINGS_BYTES_MAX);
        struct error error = {0};
        char path[400];

        assert_non_null(settings);
        snprintf(path, sizeof path, "%s/" OFFICE_SETTINGS_NAME, scratch_path(names[which]));
        must(file_read(path, &text, &error), &error);
        must(office_settings_read(slice_make((const char *)text.bytes, text.length), settings, &error),
                &error);
        buffer_free(&text);
        return settings;
}

#endif
