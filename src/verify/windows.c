/* SPDX-License-Identifier: EUPL-1.2 */
/* The evidence of an answer: do its records stand in windows that the provider's log holds? */
#include "base/json_shape.h"
#include "verify/examine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EVIDENCE_BEGINS "{\n \"format\": \"rogatory-evidence/1\","
#define PLACE_MAX 200

bool is_evidence(const void *bytes, size_t length)
{
        return length >= strlen(EVIDENCE_BEGINS) &&
               memcmp(bytes, EVIDENCE_BEGINS, strlen(EVIDENCE_BEGINS)) == 0;
}

static const char *text_of(const json_t *object, const char *name)
{
        const char *text = json_string_value(json_object_get(object, name));

        return text ? text : "";
}

/* Is the entry about this very file, with this digest? */
static bool is_of(const struct log_entry *entry, const json_t *window)
{
        return strcmp(entry->kind_name, "window-sealed") == 0 &&
               strcmp(text_of(entry->fields, "realm"), text_of(window, "realm")) == 0 &&
               strcmp(text_of(entry->fields, "file"), text_of(window, "file")) == 0 &&
               strcmp(text_of(entry->fields, "digest"), text_of(window, "sha256")) == 0;
}

static int examine_window(
        const struct evidence *evidence, const json_t *window, const char *place, struct findings *findings)
{
        const json_t *log = json_object_get(window, "log");
        struct log_entry entry = {0};

        if (!json_is_object(log)) {
                findings_add(findings, FINDING_REMARK, "window-not-logged", place,
                        "This window stands in no log: nothing proves that it was as it is now");
                return 0;
        }
        int r = examine_one_proof(evidence, slice_of(text_of(log, "proof")), findings, &entry);
        if (r == 0 && !is_of(&entry, window))
                r = findings_refuse(findings, "window-other", place,
                        "The log's entry is not about the file %.100s of %.100s with this digest",
                        text_of(window, "file"), text_of(window, "realm"));
        else if (r == 0)
                findings_add(findings, FINDING_HELD, "window-logged", place,
                        "The file %.100s of %.100s stood in the log with the digest that the evidence names",
                        text_of(window, "file"), text_of(window, "realm"));
        log_entry_free(&entry);
        return r;
}

/* REALM/nat/FILE#..., or the same of a hold: the record names the window that the binding claims. */
static int examine_binding(
        const json_t *binding, const json_t *windows, const char *place, struct findings *findings)
{
        const json_t *number = json_object_get(binding, "window");
        const char *record = text_of(binding, "record");
        char wanted[300];

        if (!json_is_integer(number))
                return 0;
        const json_t *window = json_integer_value(number) < 0
                                       ? NULL
                                       : json_array_get(windows, (size_t)json_integer_value(number));
        snprintf(wanted, sizeof wanted, "%.120s/nat/%.120s#", text_of(window, "realm"),
                text_of(window, "file"));
        if (window && strncmp(record, wanted, strlen(wanted)) == 0)
                return 0;
        return findings_refuse(findings, "record-other", place,
                "The record %.150s does not stand in the window that the evidence names for it", record);
}

static int examine_bindings(const json_t *tree, struct findings *findings)
{
        const json_t *identifiers = json_object_get(tree, "identifiers"),
                     *windows = json_object_get(tree, "windows");
        char place[PLACE_MAX];
        int r = 0;

        for (size_t i = 0; i < json_array_size(identifiers); i++) {
                const json_t *all = json_object_get(json_array_get(identifiers, i), "findings");
                for (size_t f = 0; f < json_array_size(all); f++) {
                        const json_t *bindings = json_object_get(json_array_get(all, f), "bindings");
                        for (size_t b = 0; b < json_array_size(bindings); b++) {
                                snprintf(place, sizeof place, "identifiers[%zu].findings[%zu].bindings[%zu]",
                                        i, f, b);
                                int one = examine_binding(
                                        json_array_get(bindings, b), windows, place, findings);
                                r = r < 0 ? r : one;
                        }
                }
        }
        return r;
}

int examine_windows(const struct evidence *evidence, struct examination_result *ret_result)
{
        static const struct json_limits limits = {.bytes = (size_t)64 << 20, .depth = 16, .values = 4000000};
        struct slice text = slice_make((const char *)evidence->bytes, evidence->length);
        struct findings *findings = &ret_result->findings;
        struct error error = {0};
        char place[PLACE_MAX];

        *ret_result = (struct examination_result){0};
        if (json_shape_check(text, "evidence", &limits, &error) < 0)
                return findings_refuse(findings, "not-evidence", "evidence", "%.300s", error.text);
        json_t *tree = json_loadb(text.text, text.length, JSON_REJECT_DUPLICATES, NULL);
        if (!json_is_array(json_object_get(tree, "windows"))) {
                json_decref(tree);
                return findings_refuse(
                        findings, "not-evidence", "evidence", "This is no JSON, or names no windows");
        }
        const json_t *windows = json_object_get(tree, "windows");
        int r = examine_bindings(tree, findings);
        for (size_t i = 0; i < json_array_size(windows); i++) {
                snprintf(place, sizeof place, "windows[%zu]", i);
                int one = examine_window(evidence, json_array_get(windows, i), place, findings);
                r = r < 0 ? r : one;
        }
        if (json_array_size(windows) == 0)
                findings_add(findings, FINDING_REMARK, "no-windows", "windows",
                        "No record is in this evidence, so there is nothing to be proven of it");
        json_decref(tree);
        return r;
}
