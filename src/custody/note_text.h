/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_CUSTODY_NOTE_TEXT_H
#define ROGATORY_CUSTODY_NOTE_TEXT_H

/* Which bytes may stand in a signed note (c2sp.org/signed-note, "Format"). */

#include "base/slice.h"

/* UTF-8 (RFC 3629: shortest writing, no surrogates) without control characters below U+0020 but line feeds.
 */
bool note_text_is_sound(struct slice text);

/* A key's name: not empty, no Unicode space, no plus. The text must be sound. */
bool note_name_is_sound(struct slice name);

#endif
