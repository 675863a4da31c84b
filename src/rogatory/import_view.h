/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_ROGATORY_IMPORT_VIEW_H
#define ROGATORY_ROGATORY_IMPORT_VIEW_H

/* The summary of an import, for a person and for a machine. */

#include "intake/intake.h"

#include <jansson.h>

/* A file that could not be read at all. */
struct failed_file {
        const char *path;
        struct error error;
};

struct import_view {
        const struct intake_summary *summary;
        const struct failed_file *failed; /* borrowed */
        size_t failed_count;
        const char *realm;    /* imported into; "" where the settings of each exporter say it */
        const char *exporter; /* as given; "" */
        int64_t elapsed_ms;
};

void import_write_text(const struct import_view *view, struct buffer *ret);

/* What both the command's JSON and the record of access say; NULL where memory is out. */
json_t *import_to_json(const struct import_view *view);

#endif
