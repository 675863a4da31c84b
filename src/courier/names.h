/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_NAMES_H
#define ROGATORY_COURIER_NAMES_H

/* How messages, organisations, certificates and files of evidence are called on the way between two nodes.
 * Pure. One thing has one writing, so that comparing texts compares the things. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ID_TEXT_MAX 37 /* a UUID of version 4 in lower case (RFC 9562, 4 and 5.4), with its end mark */
#define ORGANISATION_TEXT_MAX 64 /* [a-z0-9-], 1 to 63 of them, with the end mark */
#define FINGERPRINT_TEXT_MAX 65  /* SHA-256 of a certificate's DER as lower-case digits, with the end mark */
#define EVIDENCE_NAME_MAX 129    /* name of a file of evidence, with its end mark */

/* A message as a whole: 25,600 kB (Implementing Regulation (EU) 2025/1550). What is larger travels beside it.
 */
#define MESSAGE_BYTES_MAX (UINT64_C(25600) * 1024)

bool id_is_valid(const char *text);
bool organisation_is_valid(const char *text);
bool fingerprint_is_valid(const char *text);

/* [A-Za-z0-9._-], beginning with a letter or digit: no path, nothing hidden, nothing that needs escapes. */
bool evidence_name_is_valid(const char *text);

#endif
