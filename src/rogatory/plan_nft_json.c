/* SPDX-License-Identifier: EUPL-1.2 */
/* The output of `nft -j list map` (libnftables-json(5), "MAP" and "CONCAT", "RANGE", "PREFIX"). */
#include "rogatory/plan.h"
#include "wire/plan_word.h"

#include <string.h>

/* A string, {"prefix": {"addr", "len"}} or {"range": [a, b]} as addresses. */
static int take_addresses(const json_t *value, uint32_t *ret_first, uint32_t *ret_last, struct error *error)
{
        const json_t *prefix = json_object_get(value, "prefix"), *range = json_object_get(value, "range");
        const char *a = json_string_value(value), *b = NULL;
        char text[2 * ADDRESS_TEXT_MAX];

        if (prefix) {
                a = json_string_value(json_object_get(prefix, "addr"));
                json_int_t length = json_integer_value(json_object_get(prefix, "len"));
                if (a && length >= 0 && length <= 32) {
                        snprintf(text, sizeof text, "%.50s/%d", a, (int)length);
                        a = text;
                }
        } else if (json_array_size(range) == 2) {
                a = json_string_value(json_array_get(range, 0));
                b = json_string_value(json_array_get(range, 1));
                if (a && b) {
                        snprintf(text, sizeof text, "%.50s-%.50s", a, b);
                        a = text;
                }
        }
        if (!a || (range && !b))
                return error_set(error, -EINVAL, "an element is no address and no range of addresses");
        return ipv4_range_parse(slice_of(a), ret_first, ret_last, error);
}

/* A number or {"range": [a, b]} as ports. */
static int take_ports(const json_t *value, uint16_t *ret_first, uint16_t *ret_last, struct error *error)
{
        const json_t *range = json_object_get(value, "range");
        const json_t *a = json_array_size(range) == 2 ? json_array_get(range, 0) : value;
        const json_t *b = json_array_size(range) == 2 ? json_array_get(range, 1) : value;

        if (!json_is_integer(a) || !json_is_integer(b) || json_integer_value(a) < 0 ||
                json_integer_value(b) > UINT16_MAX || json_integer_value(a) > json_integer_value(b))
                return error_set(error, -EINVAL, "an element has no port and no range of ports");
        *ret_first = (uint16_t)json_integer_value(a);
        *ret_last = (uint16_t)json_integer_value(b);
        return 0;
}

/* [key, {"concat": [address, ports]}], where the key may be wrapped in {"elem": {"val": key, ...}}. */
static int take_element(const json_t *element, bool port_first, struct nft_element *ret, struct error *error)
{
        const json_t *key = json_array_get(element, 0);
        const json_t *concat = json_object_get(json_array_get(element, 1), "concat");
        const json_t *inner = json_object_get(key, "elem");

        if (inner)
                key = json_object_get(inner, "val");
        if (json_array_size(concat) != 2)
                return error_set(error, -EINVAL, "an element has no outside address and ports");
        int r = take_addresses(key, &ret->inside_first, &ret->inside_last, error);
        if (r == 0)
                r = take_addresses(json_array_get(concat, port_first ? 1 : 0), &ret->outside_first,
                        &ret->outside_last, error);
        return r < 0 ? r
                     : take_ports(json_array_get(concat, port_first ? 0 : 1), &ret->port_first,
                               &ret->port_last, error);
}

/* A type is "a . b" or ["a", "b"]. */
static bool is_type(const json_t *type, const char *first, const char *second)
{
        char text[64];

        if (json_is_string(type)) {
                snprintf(text, sizeof text, "%s%s%s", first, second ? " . " : "", second ? second : "");
                return strcmp(json_string_value(type), text) == 0;
        }
        return second && json_array_size(type) == 2 && is_type(json_array_get(type, 0), first, NULL) &&
               is_type(json_array_get(type, 1), second, NULL);
}

/* *maps counts those that give hosts ports; of these a listing may have one (wire/nft_map.c says why). */
static int take_map(
        const json_t *map, const struct plan_row *pattern, unsigned *maps, struct plan_reading *ret)
{
        const json_t *value = json_object_get(map, "map"), *elements = json_object_get(map, "elem");
        const char *name = json_string_value(json_object_get(map, "name"));
        struct decode_sink sink = plan_reading_sink(ret);
        bool port_first = is_type(value, "inet_service", "ipv4_addr");
        char sentence[ERROR_TEXT_MAX];

        if (!is_type(json_object_get(map, "type"), "ipv4_addr", NULL) ||
                (!port_first && !is_type(value, "ipv4_addr", "inet_service"))) {
                snprintf(sentence, sizeof sentence,
                        "map %.60s gives no inside address an outside address and ports, and is not read",
                        name ? name : "");
                sink.noted(sink.context, sentence);
                return 0;
        }
        if (json_array_size(elements) && (*maps)++) {
                snprintf(sentence, sizeof sentence,
                        "%.60s is a second map that gives hosts ports; list one at a time (nft -j list map "
                        "...), each with the protocol of its rule",
                        name ? name : "");
                sink.refused(sink.context, REFUSAL_CONTRADICTION, 0, sentence);
                return 0;
        }
        for (size_t i = 0; i < json_array_size(elements); i++) {
                struct nft_element element;
                struct error error = {0};
                int r = take_element(json_array_get(elements, i), port_first, &element, &error);
                if (r == 0)
                        r = nft_element_deliver(&element, pattern, &sink, &error);
                if (r < 0 && !error.text[0])
                        return r;
                if (r < 0) {
                        snprintf(sentence, sizeof sentence, "map %.60s, element %zu: %.300s",
                                name ? name : "", i + 1, error.text);
                        sink.refused(sink.context, REFUSAL_BAD_VALUE, 0, sentence);
                }
                ret->used += r == 0;
        }
        return 0;
}

int plan_read_nft_json(const char *text, size_t length, const struct plan_row *pattern,
        struct plan_reading *ret, struct error *error)
{
        json_error_t why;
        json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
        unsigned maps = 0;
        int r = 0;

        if (!root)
                return error_set(error, -EBADMSG, "line %d: this is no JSON: %s", why.line, why.text);
        const json_t *list = json_object_get(root, "nftables");
        if (!json_is_array(list))
                r = error_set(error, -EBADMSG, "this JSON is no listing of nft (nft -j list map ...)");
        for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
                const json_t *map = json_object_get(json_array_get(list, i), "map");
                if (map)
                        r = take_map(map, pattern, &maps, ret);
        }
        json_decref(root);
        return r;
}
