/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_DIRECTORY_PARSE_H
#define ROGATORY_DIRECTORY_PARSE_H

/* Parts of reading a directory that stand in files of their own. */

#include "directory/directory.h"
#include "directory/json_members.h"

#define DIRECTORY_FORMAT "rogatory-directory/1"

/* "2026-12-24" as days since 1970-01-01. 0 or -EINVAL. */
int directory_read_date(const char *text, int64_t *ret_day);

/* Members of an object that was checked: an instant with Z, and "country". -EBADMSG with the place. */
int directory_read_instant(const json_t *object, const char *name, const struct json_place *above,
        int64_t *ret, struct error *error);
int directory_read_country(
        const json_t *object, const struct json_place *above, char ret[3], struct error *error);

/* One element of "organisations". */
int directory_read_organisation(const json_t *object, const struct json_place *place,
        struct directory_organisation *organisation, struct error *error);

/* Fills the certificate out of one PEM block, in the one writing that directory_certificate_write makes. It
 * must be made for the purpose, and valid throughout the span of the pin, which stands there already.
 * -EBADMSG with a reason, -ENOMEM, -EIO. */
int directory_certificate_read(struct directory_certificate *certificate, enum directory_purpose purpose,
        const char *pem, struct error *error);

/* Appends the PEM block. The buffer's failure. */
int directory_certificate_write(const struct directory_certificate *certificate, struct buffer *ret);

#endif
