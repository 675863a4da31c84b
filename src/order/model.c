/* SPDX-License-Identifier: EUPL-1.2 */
#include "order/model.h"

#include <stdlib.h>

/* What every typed list looks like. Reached by memcpy only, because its pointer has another type in each. */
struct any_list {
        void *items;
        size_t count;
};

static struct any_list list_get(const void *at)
{
        struct any_list list;
        memcpy(&list, at, sizeof list);
        return list;
}

static void list_put(void *at, struct any_list list)
{
        memcpy(at, &list, sizeof list);
}

/* Bytes of the kinds that lie in the struct itself and own nothing; 0 for the others. */
static size_t plain_size(enum model_kind kind)
{
        switch (kind) {
        case MODEL_ID:
                return MODEL_ID_MAX;
        case MODEL_COUNTRY:
                return MODEL_COUNTRY_MAX;
        case MODEL_ORGANISATION:
                return MODEL_ORGANISATION_MAX;
        case MODEL_PERSON:
                return MODEL_PERSON_MAX;
        case MODEL_INSTANT:
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                return sizeof(int64_t);
        case MODEL_CHOICE:
                return sizeof(int);
        case MODEL_SET:
                return sizeof(uint64_t);
        case MODEL_DIGEST:
                return MODEL_DIGEST_BYTES;
        case MODEL_ADDRESS:
                return sizeof(struct address);
        default:
                return 0;
        }
}

static void field_init(const struct model_field *field, void *at)
{
        static const int64_t unstated = MODEL_UNSTATED; /* TIME_UNKNOWN is the same number */

        switch (field->kind) {
        case MODEL_TEXT:
                memset(at, 0, sizeof(char *));
                break;
        case MODEL_LIST:
        case MODEL_TEXTS:
                memset(at, 0, sizeof(struct any_list));
                break;
        case MODEL_INSTANT:
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                memcpy(at, &unstated, sizeof unstated);
                break;
        case MODEL_PART:
                model_init(field->part, at);
                break;
        default:
                memset(at, 0, plain_size(field->kind));
                break;
        }
}

void model_init(const struct model_type *type, void *object)
{
        for (size_t i = 0; i < type->field_count; i++)
                field_init(&type->fields[i], model_at(&type->fields[i], object));
}

static void field_free(const struct model_field *field, void *at)
{
        struct any_list list;
        char *text;

        switch (field->kind) {
        case MODEL_TEXT:
                memcpy(&text, at, sizeof text);
                free(text);
                break;
        case MODEL_PART:
                model_free(field->part, at);
                break;
        case MODEL_LIST:
                list = list_get(at);
                for (size_t i = 0; i < list.count; i++)
                        model_free(field->part, (char *)list.items + i * field->part->size);
                free(list.items);
                break;
        case MODEL_TEXTS:
                list = list_get(at);
                for (size_t i = 0; i < list.count; i++)
                        free(((char **)list.items)[i]);
                free(list.items);
                break;
        default:
                break;
        }
}

void model_free(const struct model_type *type, void *object)
{
        for (size_t i = 0; i < type->field_count; i++)
                field_free(&type->fields[i], model_at(&type->fields[i], object));
        model_init(type, object);
}

static int list_copy(const struct model_field *field, const void *from, void *to)
{
        struct any_list source = list_get(from), copy = {.items = NULL, .count = 0};
        size_t size = field->kind == MODEL_TEXTS ? sizeof(char *) : field->part->size;
        int r = 0;

        if (source.count == 0)
                return 0;
        size_t room = 1;
        while (room < source.count) /* list_grow counts on it */
                room *= 2;
        copy.items = calloc(room, size);
        if (!copy.items)
                return -ENOMEM;
        while (r == 0 && copy.count < source.count) {
                size_t i = copy.count++;
                if (field->kind == MODEL_TEXTS) {
                        ((char **)copy.items)[i] = strdup(((char **)source.items)[i]);
                        r = ((char **)copy.items)[i] ? 0 : -ENOMEM;
                } else {
                        model_init(field->part, (char *)copy.items + i * size);
                        r = model_copy(field->part, (const char *)source.items + i * size,
                                (char *)copy.items + i * size);
                }
        }
        list_put(to, copy); /* also where it failed: the caller frees the whole */
        return r;
}

static int field_copy(const struct model_field *field, const void *from, void *to)
{
        char *text;

        switch (field->kind) {
        case MODEL_TEXT:
                memcpy(&text, from, sizeof text);
                if (!text)
                        return 0;
                text = strdup(text);
                memcpy(to, &text, sizeof text);
                return text ? 0 : -ENOMEM;
        case MODEL_PART:
                return model_copy(field->part, from, to);
        case MODEL_LIST:
        case MODEL_TEXTS:
                return list_copy(field, from, to);
        default:
                memcpy(to, from, plain_size(field->kind));
                return 0;
        }
}

int model_copy(const struct model_type *type, const void *from, void *ret)
{
        model_free(type, ret);
        for (size_t i = 0; i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                int r = field_copy(field, model_at_const(field, from), model_at(field, ret));
                if (r < 0) {
                        model_free(type, ret);
                        return r;
                }
        }
        return 0;
}

static bool list_equal(const struct model_field *field, const void *one, const void *other)
{
        struct any_list a = list_get(one), b = list_get(other);

        if (a.count != b.count)
                return false;
        for (size_t i = 0; i < a.count; i++) {
                if (field->kind == MODEL_TEXTS) {
                        if (strcmp(((char **)a.items)[i], ((char **)b.items)[i]) != 0)
                                return false;
                } else if (!model_equal(field->part, (const char *)a.items + i * field->part->size,
                                   (const char *)b.items + i * field->part->size)) {
                        return false;
                }
        }
        return true;
}

static bool field_equal(const struct model_field *field, const void *one, const void *other)
{
        char *a, *b;

        switch (field->kind) {
        case MODEL_TEXT:
                memcpy(&a, one, sizeof a);
                memcpy(&b, other, sizeof b);
                return a && b ? strcmp(a, b) == 0 : a == b;
        case MODEL_ID:
        case MODEL_COUNTRY:
        case MODEL_ORGANISATION:
        case MODEL_PERSON: /* what stands behind the end mark is nobody's */
                return strcmp(one, other) == 0;
        case MODEL_PART:
                return model_equal(field->part, one, other);
        case MODEL_LIST:
        case MODEL_TEXTS:
                return list_equal(field, one, other);
        default:
                return memcmp(one, other, plain_size(field->kind)) == 0;
        }
}

bool model_equal(const struct model_type *type, const void *one, const void *other)
{
        for (size_t i = 0; i < type->field_count; i++) {
                const struct model_field *field = &type->fields[i];
                if (!field_equal(field, model_at_const(field, one), model_at_const(field, other)))
                        return false;
        }
        return true;
}

const struct model_field *model_field_find(const struct model_type *type, struct slice name)
{
        for (size_t i = 0; i < type->field_count; i++)
                if (slice_is(name, type->fields[i].name))
                        return &type->fields[i];
        return NULL;
}

bool model_is_given(const struct model_field *field, const void *object)
{
        static const uint8_t zero[MODEL_PERSON_MAX];
        const void *at = model_at_const(field, object);
        int64_t number;
        char *text;

        switch (field->kind) {
        case MODEL_TEXT:
                memcpy(&text, at, sizeof text);
                return text != NULL;
        case MODEL_ID:
        case MODEL_COUNTRY:
        case MODEL_ORGANISATION:
        case MODEL_PERSON:
                return *(const char *)at != '\0';
        case MODEL_INSTANT:
        case MODEL_NUMBER:
        case MODEL_SIGNED:
                memcpy(&number, at, sizeof number);
                return number != MODEL_UNSTATED;
        case MODEL_PART:
                return model_part_is_given(field->part, at);
        case MODEL_LIST:
        case MODEL_TEXTS:
                return list_get(at).count > 0;
        default:
                return memcmp(at, zero, plain_size(field->kind)) != 0;
        }
}

bool model_part_is_given(const struct model_type *type, const void *object)
{
        for (size_t i = 0; i < type->field_count; i++)
                if (model_is_given(&type->fields[i], object))
                        return true;
        return false;
}

size_t model_list_count(const struct model_field *field, const void *object)
{
        return list_get(model_at_const(field, object)).count;
}

void *model_list_at(const struct model_field *field, void *object, size_t index)
{
        return (char *)list_get(model_at(field, object)).items + index * field->part->size;
}

const void *model_list_at_const(const struct model_field *field, const void *object, size_t index)
{
        return (const char *)list_get(model_at_const(field, object)).items + index * field->part->size;
}

/* Room for one more item at the end; it is not counted yet. Lists grow by doubling, seen from their count. */
static int list_grow(struct any_list *list, size_t size, size_t most, const char *what, struct error *error)
{
        if (list->count >= most)
                return error_set(error, -E2BIG, "%s: more than %zu of them; split the message", what, most);
        if (list->count & (list->count - 1)) /* not 0, 1 or another power of two: there is room */
                return 0;
        void *items = reallocarray(list->items, list->count ? 2 * list->count : 1, size);
        if (!items)
                return error_set(error, -ENOMEM, "%s: no memory left", what);
        list->items = items;
        return 0;
}

int model_list_add(const struct model_field *field, void *object, void **ret_item, struct error *error)
{
        struct any_list list = list_get(model_at(field, object));
        int r = list_grow(&list, field->part->size, field->limit, field->name, error);

        if (r < 0)
                return r;
        void *item = (char *)list.items + list.count++ * field->part->size;
        memset(item, 0, field->part->size);
        model_init(field->part, item);
        list_put(model_at(field, object), list);
        *ret_item = item;
        return 0;
}

int model_texts_add(const struct model_field *field, void *object, struct slice text, struct error *error)
{
        struct any_list list = list_get(model_at(field, object));
        char *copy = NULL;
        int r = model_text(&copy, text, field->limit, field->name, error);

        if (r < 0 || !copy)
                return r < 0 ? r : error_set(error, -EINVAL, "%s: an empty text says nothing", field->name);
        r = list_grow(&list, sizeof copy, MODEL_TEXTS_MAX, field->name, error);
        if (r < 0) {
                free(copy);
                return r;
        }
        ((char **)list.items)[list.count++] = copy;
        list_put(model_at(field, object), list);
        return 0;
}
