/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_HI1_OBJECTS_H
#define ROGATORY_HI1_OBJECTS_H

/* The objects of ETSI TS 103 120 out of a message; for this room alone. Where memory runs out, jansson's
 * functions give NULL or -1, and everything made of that too: whoever takes the whole checks once. */

#include "hi1/tree.h"

/* What the objects of one message share. */
struct objects {
        const struct message *message;
        json_t *actions; /* of the message; owned by whoever makes it */
        bool failed;     /* memory ran out; sticky */
};

/* Appends an action request: ActionIdentifier and one verb with an object, which it takes over. */
void objects_add(struct objects *objects, const char *verb, json_t *object);

/* An object of the standard with what all objects have (TS 103 120 clause 7.1.2). */
json_t *objects_make(struct objects *objects, const char *type, const char *id);
/* Puts a value into an object; takes it over. */
void objects_put(struct objects *objects, json_t *object, const char *name, json_t *value);
void objects_put_text(
        struct objects *objects, json_t *object, const char *name, const char *text); /* NULL, "": not */
/* AssociatedObjects: takes over a list of ids. */
void objects_associate(struct objects *objects, json_t *object, json_t *ids);

json_t *objects_entry(const char *owner, const char *name, const char *value); /* DictionaryEntry */
json_t *objects_endpoint(const char *country, const char *name);               /* EndpointID */

/* QualifiedDateTime: whole seconds with Z; `up`: the next second where there is a fraction. NULL where not
 * given. */
json_t *objects_second(int64_t at_ms, bool up);
/* QualifiedMicrosecondDateTime. NULL where not given. */
json_t *objects_microsecond(int64_t at_ms);

/* The id of an object that has none of its own in the message: follows from the message's id, the object's
 * kind and a number, so that one message is always the same objects. */
void objects_id(const struct message *message, const char *kind, size_t number, char ret_id[MODEL_ID_MAX]);

/* The LDID (ETSI TS 103 280) of what one organisation asks: COUNTRY-ORGANISATION-ID. Returns text. */
#define OBJECTS_LDID_MAX (MODEL_COUNTRY_MAX + MODEL_ORGANISATION_MAX + MODEL_ID_MAX)
char *objects_ldid(const struct party *party, const char *id, char text[OBJECTS_LDID_MAX]);

/* The parts. */
void objects_authorisation(struct objects *objects, const struct order *order, const char *verb);
void objects_authorisation_status(struct objects *objects, const char *desired);
void objects_tasks(struct objects *objects, const struct order *order, const char *verb);
void objects_notification(struct objects *objects);
void objects_deliveries(struct objects *objects);
void objects_document(struct objects *objects, struct slice certificate);

#endif
