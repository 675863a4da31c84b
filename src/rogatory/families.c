/* SPDX-License-Identifier: EUPL-1.2 */
#include "rogatory/families.h"

#include "rogatory/terminal.h"
#include "wire/syslog.h"

void families_write(struct buffer *ret)
{
        size_t count;
        const struct syslog_family *const *families = syslog_families(&count);

        buffer_append_text(ret,
                "\nFamilies of syslog (--dialect, or 'dialect' in rogatory.conf; recognised line by "
                "line where none is set)\n\n");
        for (size_t i = 0; i < count; i++) {
                buffer_printf(ret, "  %-18s ", families[i]->name);
                append_wrapped(ret, families[i]->description, 21, 21);
                buffer_append_text(ret, "                     after ");
                append_wrapped(ret, families[i]->source, 27, 21);
        }
}

json_t *families_to_json(void)
{
        size_t count;
        const struct syslog_family *const *families = syslog_families(&count);
        json_t *list = json_array();

        for (size_t i = 0; i < count; i++)
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:s}", "name", families[i]->name, "description",
                                      families[i]->description, "source", families[i]->source));
        return list;
}
