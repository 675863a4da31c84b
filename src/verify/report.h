/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_VERIFY_REPORT_H
#define ROGATORY_VERIFY_REPORT_H

#include "verify/examine.h"

/* Each step in words, then the files, who signed them, and the verdict. */
int report_text(const char *file, const struct evidence *evidence, const struct examination_result *result,
        struct buffer *ret);

/* The same as one JSON object. */
int report_json(const char *file, const struct evidence *evidence, const struct examination_result *result,
        struct buffer *ret);

#endif
