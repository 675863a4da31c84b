/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/slice.h"
#include "settings/key.h"

#include <string.h>

#define VALUE_MAX (96 * SETTINGS_PREFIXES_MAX)

static const char introduction[] = "# The settings of this store.\n"
                                   "#\n"
                                   "# A line is KEY = VALUE, a section heading, or a comment behind \"#\". "
                                   "Lines that are commented out below show\n"
                                   "# the defaults. Every command reads this file first and says every "
                                   "mistake with its line.\n"
                                   "# Durations are a number and a unit: 500ms, 2s, 5m, 24h, 180d.\n"
                                   "\n"
                                   "# A realm is one address space behind your NATs: customers in it have "
                                   "distinct inside addresses. One is enough\n"
                                   "# unless private addresses are used twice in your network.\n"
                                   "\n";

static const char exporter_introduction[] =
        "\n"
        "# An exporter is one source of logs: a NAT, or the file that it writes. `rogatory import --exporter "
        "NAME` refers\n"
        "# to such a section. Take away the \"#\" in front of what you need, and of the heading.\n"
        "\n";

static void write_help(const struct key *key, struct buffer *buffer)
{
        struct slice rest = slice_of(key->help);
        while (rest.length) {
                struct slice line = slice_cut(&rest, '\n');
                buffer_printf(buffer, "# %.*s\n", (int)line.length, line.text);
        }
}

static void write_template_section(const struct key_table *table, const void *defaults, struct buffer *buffer)
{
        for (size_t i = 0; i < table->count; i++) {
                const struct key *key = &table->keys[i];
                buffer_append_text(buffer, i ? "\n" : "");
                write_help(key, buffer);
                if (key->elsewhere) {
                        buffer_printf(buffer, "#   %s = %s\n", key->name, key->elsewhere);
                        continue;
                }
                buffer_printf(buffer, "#%s = ", key->name);
                if (key->example)
                        buffer_append_text(buffer, key->example);
                else
                        key_write(key, defaults, buffer);
                buffer_append_text(buffer, "\n");
        }
}

static const char node_introduction[] = "\n"
                                        "# The node: rogatoryd, which listens, keeps what comes, and is "
                                        "asked. Commands that only read a store "
                                        "look at\n"
                                        "# nothing of it.\n"
                                        "\n"
                                        "[node]\n"
                                        "\n";

static const char listener_introduction[] =
        "\n"
        "# A listener is one socket that records come in by. Senders that no exporter's address names are "
        "refused and\n"
        "# counted.\n"
        "\n"
        "#[listener ipfix]\n"
        "\n";

int settings_write_template(struct buffer *buffer)
{
        struct node_settings node = node_defaults();
        struct listener_settings listener = listener_defaults("ipfix");
        struct realm_settings realm = realm_defaults("default");
        struct exporter_settings exporter = exporter_defaults("nat-1", "default");

        buffer_append_text(buffer, introduction);
        buffer_append_text(buffer, "[realm default]\n\n");
        write_template_section(realm_keys(), &realm, buffer);
        buffer_append_text(buffer, exporter_introduction);
        buffer_append_text(buffer, "#[exporter nat-1]\n\n");
        write_template_section(exporter_keys(), &exporter, buffer);
        buffer_append_text(buffer, node_introduction);
        write_template_section(node_keys(), &node, buffer);
        buffer_append_text(buffer, listener_introduction);
        write_template_section(listener_keys(), &listener, buffer);
        return buffer->failed;
}

static int write_section(const struct key_table *table, const char *name, const void *section,
        const void *defaults, struct buffer *buffer)
{
        struct buffer value = buffer_make(VALUE_MAX), usual = buffer_make(VALUE_MAX);
        int r = 0;

        buffer_printf(buffer, "\n[%s%s%s]\n", table->section, name[0] ? " " : "", name);
        for (size_t i = 0; r == 0 && i < table->count; i++) {
                buffer_clear(&value);
                buffer_clear(&usual);
                r = key_write(&table->keys[i], section, &value);
                if (r == 0)
                        r = key_write(&table->keys[i], defaults, &usual);
                bool same = value.length == usual.length &&
                            (value.length == 0 || memcmp(value.bytes, usual.bytes, value.length) == 0);
                if (r == 0 && !same)
                        r = buffer_printf(buffer, "%s = %.*s\n", table->keys[i].name, (int)value.length,
                                (char *)value.bytes);
        }
        buffer_free(&value);
        buffer_free(&usual);
        return r < 0 ? r : buffer->failed;
}

int settings_write_realm(struct buffer *buffer, const struct realm_settings *realm)
{
        struct realm_settings defaults = realm_defaults(realm->name);
        return write_section(realm_keys(), realm->name, realm, &defaults, buffer);
}

int settings_write_exporter(struct buffer *buffer, const struct exporter_settings *exporter)
{
        struct exporter_settings defaults = exporter_defaults(exporter->name, "default");
        return write_section(exporter_keys(), exporter->name, exporter, &defaults, buffer);
}

int settings_write_node(struct buffer *buffer, const struct node_settings *node)
{
        struct node_settings defaults = node_defaults();
        return write_section(node_keys(), "", node, &defaults, buffer);
}

int settings_write_listener(struct buffer *buffer, const struct listener_settings *listener)
{
        struct listener_settings defaults = listener_defaults(listener->name);
        return write_section(listener_keys(), listener->name, listener, &defaults, buffer);
}
