/* SPDX-License-Identifier: EUPL-1.2 */
#include "wire/template.h"

#include <stdlib.h>

#define FIRST_TEMPLATE_ID 256             /* lower set ids are reserved (RFC 7011 section 3.3.2) */
#define RECORD_BYTES_MAX (65535 - 16 - 4) /* what a message can hold beside its header and the set's */
#define ENTERPRISE_BIT 0x8000
#define ENTERPRISE_NOKIA 637 /* IANA private enterprise numbers: Alcatel-Lucent, now Nokia */

static const struct {
        uint16_t element;
        uint16_t enterprise;
} elements[SLOT_COUNT] = {
        [SLOT_EVENT] = {230, 0},
        [SLOT_INSIDE4] = {8, 0},
        [SLOT_INSIDE6] = {27, 0},
        [SLOT_OUTSIDE4] = {225, 0},
        [SLOT_PROTOCOL] = {4, 0},
        [SLOT_INSIDE_PORT] = {7, 0},
        [SLOT_OUTSIDE_PORT] = {227, 0},
        [SLOT_DESTINATION4] = {12, 0},
        [SLOT_POST_DESTINATION4] = {226, 0},
        [SLOT_DESTINATION_PORT] = {11, 0},
        [SLOT_POST_DESTINATION_PORT] = {228, 0},
        [SLOT_TIME_MS] = {323, 0},
        [SLOT_TIME_S] = {322, 0},
        [SLOT_START_MS] = {152, 0},
        [SLOT_END_MS] = {153, 0},
        [SLOT_FIRST_UPTIME] = {22, 0},
        [SLOT_LAST_UPTIME] = {21, 0},
        [SLOT_BOOT_MS] = {160, 0},
        [SLOT_VRF] = {234, 0},
        [SLOT_INSTANCE] = {463, 0},
        [SLOT_VLAN] = {58, 0},
        [SLOT_RANGE_START] = {361, 0},
        [SLOT_RANGE_END] = {362, 0},
        [SLOT_RANGE_STEP] = {363, 0},
        [SLOT_RANGE_PORTS] = {364, 0},
        [SLOT_POOL] = {283, 0},
        [SLOT_QUOTA] = {466, 0},
        [SLOT_THRESHOLD] = {467, 0},
        [SLOT_FIREWALL_EVENT] = {233, 0},
        [SLOT_OLD_FIREWALL_EVENT] = {40005, 0},
        [SLOT_OLD_OUTSIDE4] = {40001, 0},
        [SLOT_OLD_POST_DESTINATION4] = {40002, 0},
        [SLOT_OLD_OUTSIDE_PORT] = {40003, 0},
        [SLOT_OLD_POST_DESTINATION_PORT] = {40004, 0},
        [SLOT_SUBSCRIBER] = {93, ENTERPRISE_NOKIA},
        [SLOT_INSIDE_SERVICE] = {91, ENTERPRISE_NOKIA},
        [SLOT_EXTENDED_EVENT] = {33002, 0},
        [SLOT_APPLICATION] = {95, 0},
        [SLOT_FORWARDING] = {89, 0},
        [SLOT_END_REASON] = {136, 0},
        [SLOT_FORTINET_65] = {65, 0},
};

static int slot_of(const struct template_field *field)
{
        for (int slot = 0; slot < SLOT_COUNT; slot++)
                if (elements[slot].element == field->element &&
                        elements[slot].enterprise == field->enterprise)
                        return slot;
        return -1;
}

bool template_length_fits(int slot, size_t length)
{
        switch (slot) {
        case SLOT_INSIDE6:
                return length == 16;
        case SLOT_INSIDE4:
        case SLOT_OUTSIDE4:
        case SLOT_DESTINATION4:
        case SLOT_POST_DESTINATION4:
        case SLOT_OLD_OUTSIDE4:
        case SLOT_OLD_POST_DESTINATION4:
        case SLOT_TIME_S:
        case SLOT_FIRST_UPTIME:
        case SLOT_LAST_UPTIME:
                return length == 4;
        case SLOT_TIME_MS:
        case SLOT_START_MS:
        case SLOT_END_MS:
        case SLOT_BOOT_MS:
                return length == 8;
        case SLOT_SUBSCRIBER:
                return true;
        default:
                return slot > SLOT_LAST_OF_EVENTS || length <= 8;
        }
}

static void compile(struct template *template)
{
        bool seen[SLOT_COUNT] = {false};
        size_t offset = 0;

        for (size_t i = 0; i < template->field_count; i++) {
                const struct template_field *field = &template->fields[i];
                bool variable = template->version == 10 && field->length == FIELD_VARIABLE;
                int slot = slot_of(field);

                template->slot_of_field[i] = (int16_t)slot;
                if (slot >= 0) {
                        /* Two values for one meaning: which of them is the true one would be a guess. */
                        if (seen[slot] && slot <= SLOT_LAST_OF_EVENTS)
                                template->unsound = "a field of the NAT event stands twice in the template";
                        seen[slot] = true;
                        if (!variable && field->length != 0 && !template_length_fits(slot, field->length))
                                template->unsound = "a field of the NAT event has an impossible length";
                        template->places[slot].offset = (uint16_t)offset;
                        template->places[slot].length = variable ? FIELD_VARIABLE : field->length;
                }
                if (variable)
                        template->is_variable = true;
                offset += variable ? 1 : field->length;
        }
        template->shortest = (uint16_t)offset;
        for (int slot = 0; slot < SLOT_COUNT; slot++)
                if (template->places[slot].length != 0)
                        template->present |= SLOT_BIT(slot);
        template->is_nat =
                !template->is_options && (template->present & (SLOTS_MARKING | SLOT_BIT(SLOT_OUTSIDE4))) != 0;
}

static const char *check_fields(const struct template *template)
{
        size_t total = 0;

        for (size_t i = 0; i < template->field_count; i++) {
                size_t length = template->fields[i].length;
                total += template->version == 10 && length == FIELD_VARIABLE ? 1 : length;
        }
        if (total > RECORD_BYTES_MAX)
                return "a record of this template would be longer than a message";
        if (total == 0)
                return "a record of this template would have no bytes";
        return NULL;
}

static const char *read_fields(struct cursor *cursor, struct template *template)
{
        for (size_t i = 0; i < template->field_count; i++) {
                struct template_field *field = &template->fields[i];
                field->element = cursor_be16(cursor);
                field->length = cursor_be16(cursor);
                /* NetFlow v9 has no enterprises: its numbers above 32767 are just numbers (RFC 3954 section
                 * 8). */
                if (template->version == 10 && (field->element & ENTERPRISE_BIT)) {
                        field->element &= (uint16_t)~ENTERPRISE_BIT;
                        field->enterprise = cursor_be32(cursor);
                }
        }
        return cursor->overrun ? "the template ends before its last field" : check_fields(template);
}

static void skip_fields(struct cursor *cursor, uint16_t version, size_t count)
{
        for (size_t i = 0; i < count && !cursor->overrun; i++) {
                uint16_t element = cursor_be16(cursor);
                cursor_skip(cursor, version == 10 && (element & ENTERPRISE_BIT) ? 6 : 2);
        }
}

/* The number of fields; the two formats write options templates differently (RFC 7011 section 3.4.2.2 counts
 * fields, RFC 3954 section 6.1 counts bytes). */
static const char *read_counts(
        struct cursor *cursor, uint16_t version, bool is_options, struct template_header *header)
{
        header->id = cursor_be16(cursor);
        if (version == 9 && is_options) {
                size_t scope = cursor_be16(cursor), options = cursor_be16(cursor);
                header->field_count = (uint16_t)((scope + options) / 4);
                if (scope % 4 || options % 4)
                        return "the lengths of an options template are not multiples of four";
        } else {
                header->field_count = cursor_be16(cursor);
                if (is_options && header->field_count) {
                        uint16_t scope = cursor_be16(cursor);
                        if (scope == 0 || scope > header->field_count)
                                return "an options template has no scope, or more scope fields than fields";
                }
        }
        if (cursor->overrun)
                return "the template ends within its header";
        return NULL;
}

static struct template *allocate(uint16_t version, uint16_t id, bool is_options, size_t count)
{
        struct template *template = calloc(1, sizeof *template + count * sizeof template->fields[0]);

        if (!template)
                return NULL;
        template->id = id;
        template->version = version;
        template->field_count = (uint16_t)count;
        template->is_options = is_options;
        return template;
}

int template_make(uint16_t version, uint16_t id, bool is_options, const struct template_field *fields,
        size_t count, struct template **ret_template)
{
        if (id < FIRST_TEMPLATE_ID || count == 0 || count > FLOW_FIELDS_MAX)
                return -EBADMSG;
        struct template *template = allocate(version, id, is_options, count);
        if (!template)
                return -ENOMEM;
        memcpy(template->fields, fields, count * sizeof *fields);
        if (check_fields(template)) {
                free(template);
                return -EBADMSG;
        }
        compile(template);
        *ret_template = template;
        return 0;
}

int template_read(struct cursor *cursor, uint16_t version, bool is_options,
        struct template_header *ret_header, struct template **ret_template, const char **ret_complaint)
{
        const char *complaint = read_counts(cursor, version, is_options, ret_header);
        size_t count = ret_header->field_count;

        if (!complaint && version == 10 && count == 0 &&
                (ret_header->id >= FIRST_TEMPLATE_ID || ret_header->id == 2 || ret_header->id == 3)) {
                *ret_template = NULL;
                return 0;
        }
        if (!complaint && ret_header->id < FIRST_TEMPLATE_ID)
                complaint = "a template has a reserved number";
        if (!complaint && count == 0)
                complaint = "a template has no fields";
        if (complaint) {
                *ret_complaint = complaint;
                skip_fields(cursor, version, count);
                return -EBADMSG;
        }
        if (count > FLOW_FIELDS_MAX) {
                *ret_complaint = "a template has more fields than are kept";
                skip_fields(cursor, version, count);
                return -EFBIG;
        }
        struct template *template = allocate(version, ret_header->id, is_options, count);
        if (!template)
                return -ENOMEM;
        complaint = read_fields(cursor, template);
        if (complaint) {
                *ret_complaint = complaint;
                free(template);
                return -EBADMSG;
        }
        compile(template);
        *ret_template = template;
        return 0;
}

bool template_equal(const struct template *a, const struct template *b)
{
        return a->id == b->id && a->version == b->version && a->is_options == b->is_options &&
               a->field_count == b->field_count &&
               memcmp(a->fields, b->fields, a->field_count * sizeof a->fields[0]) == 0;
}

bool template_walk(const struct template *template, struct cursor *cursor, struct place *places,
        struct flow_field *fields)
{
        const uint8_t *start = cursor->at;

        for (size_t i = 0; i < template->field_count; i++) {
                const struct template_field *field = &template->fields[i];
                size_t length = field->length;
                if (template->version == 10 && length == FIELD_VARIABLE) {
                        length = cursor_u8(cursor);
                        if (length == 255) /* the long form, RFC 7011 section 7 */
                                length = cursor_be16(cursor);
                }
                size_t offset = (size_t)(cursor->at - start);
                const uint8_t *bytes = cursor_take(cursor, length);
                if (!bytes)
                        return false;
                int slot = template->slot_of_field[i];
                if (places && slot >= 0)
                        places[slot] = (struct place){(uint16_t)offset, (uint16_t)length};
                if (fields)
                        fields[i] = (struct flow_field){
                                field->enterprise, field->element, (uint16_t)length, bytes};
        }
        return true;
}

/* Index of the first template whose id is not below the wanted one. */
static size_t position(const struct template_list *list, uint16_t id)
{
        size_t low = 0, high = list->count;

        while (low < high) {
                size_t middle = (low + high) / 2;
                if (list->items[middle]->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* All that stands under one id: [first, *ret_end). */
static size_t range_of(const struct template_list *list, uint16_t id, size_t *ret_end)
{
        size_t first = position(list, id), end = first;

        while (end < list->count && list->items[end]->id == id)
                end++;
        *ret_end = end;
        return first;
}

struct template *template_find(const struct template_list *list, uint16_t id, uint32_t session, bool own_only)
{
        size_t end, first = range_of(list, id, &end);
        bool agree = true;

        for (size_t i = first; i < end; i++) {
                if (list->items[i]->session == session)
                        return list->items[i];
                agree = agree && (i == first || template_equal(list->items[first], list->items[i]));
        }
        return first < end && agree && !own_only ? list->items[first] : NULL;
}

static int insert(struct template_list *list, size_t at, struct template *template)
{
        if (list->count >= FLOW_TEMPLATES_MAX)
                return -EFBIG;
        if (list->count == list->capacity) {
                size_t capacity = list->capacity ? list->capacity * 2 : 8;
                struct template **items = realloc(list->items, capacity * sizeof *items);
                if (!items)
                        return -ENOMEM;
                list->items = items;
                list->capacity = capacity;
        }
        memmove(&list->items[at + 1], &list->items[at], (list->count - at) * sizeof list->items[0]);
        list->items[at] = template;
        list->count++;
        return 0;
}

int template_put(struct template_list *list, struct template *template, bool own_only, bool *ret_changed)
{
        const struct template *known = template_find(list, template->id, template->session, own_only);
        size_t end, at = range_of(list, template->id, &end);

        *ret_changed = false;
        if (known && template_equal(known, template)) { /* a refresh: what was judged stays judged */
                free(template);
                return 0;
        }
        while (at < end && list->items[at]->session != template->session)
                at++;
        if (at == end)
                return insert(list, at, template);
        *ret_changed = true;
        template->was_redefined = true;
        free(list->items[at]);
        list->items[at] = template;
        return 0;
}

static void remove_at(struct template_list *list, size_t at)
{
        free(list->items[at]);
        list->count--;
        memmove(&list->items[at], &list->items[at + 1], (list->count - at) * sizeof list->items[0]);
}

static bool is_of(const struct template *template, uint32_t session)
{
        return session == EVERY_SESSION || template->session == session;
}

void template_remove(struct template_list *list, uint16_t id, uint32_t session)
{
        size_t end, first = range_of(list, id, &end);

        while (end-- > first)
                if (is_of(list->items[end], session))
                        remove_at(list, end);
}

void template_remove_all(struct template_list *list, bool is_options, uint32_t session)
{
        for (size_t i = list->count; i > 0; i--)
                if (list->items[i - 1]->is_options == is_options && is_of(list->items[i - 1], session))
                        remove_at(list, i - 1);
}

void template_list_free(struct template_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i]);
        free(list->items);
        *list = (struct template_list){0};
}
