/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CONTAINER_CANONICAL_XML_H
#define ROGATORY_CONTAINER_CANONICAL_XML_H

/* Canonical XML 1.0 without comments (W3C, 15 March 2001) of one element of a document: what the digests of
 * XAdES signatures are of. For telling what was changed, and not for believing a signature. Pure. */

#include "base/buffer.h"

/* Appends the element whose attribute Id is this. 0; -ENOENT where there is none; -EBADMSG where the document
 * is not readable, or needs more of the standard than this; -ENOMEM, -EFBIG. */
int canonical_xml_part(const void *bytes, size_t length, const char *id, struct buffer *ret);

#endif
