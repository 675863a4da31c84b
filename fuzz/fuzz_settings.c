/* SPDX-License-Identifier: EUPL-1.2 */
/* rogatory.conf: whatever is parsed can be written, and what is written parses to the same. */
#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#define WRITTEN_MAX (64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void write_all(const struct settings *settings, struct buffer *text)
{
        for (size_t i = 0; i < settings->realm_count; i++)
                if (settings_write_realm(text, &settings->realms[i]) < 0)
                        abort();
        for (size_t i = 0; i < settings->exporter_count; i++)
                if (settings_write_exporter(text, &settings->exporters[i]) < 0)
                        abort();
        if (settings_write_node(text, &settings->node) < 0)
                abort();
        for (size_t i = 0; i < settings->listener_count; i++)
                if (settings_write_listener(text, &settings->listeners[i]) < 0)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
        struct settings_problem problems[4];
        struct settings settings, again;
        size_t count = 0;

        int r = settings_parse((const char *)bytes, length, &settings, problems, 4, &count);
        if (r < 0) {
                if (count == 0 || problems[0].line == 0 || problems[0].text[0] == '\0')
                        abort();
                return 0;
        }
        struct buffer text = buffer_make(WRITTEN_MAX);
        write_all(&settings, &text);
        if (settings_parse((const char *)text.bytes, text.length, &again, problems, 4, &count) < 0)
                abort();
        if (again.realm_count != settings.realm_count || again.exporter_count != settings.exporter_count ||
                again.listener_count != settings.listener_count ||
                memcmp(&again.node, &settings.node, sizeof again.node) != 0)
                abort();
        settings_free(&again);
        settings_free(&settings);
        buffer_free(&text);
        return 0;
}
