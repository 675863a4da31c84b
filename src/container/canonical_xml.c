/* SPDX-License-Identifier: EUPL-1.2 */
#include "container/canonical_xml.h"

#include <errno.h>
#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define SPACES_MAX 64     /* namespace declarations in scope */
#define ATTRIBUTES_MAX 32 /* of an element */

struct space {
        char *prefix; /* "" for the default; owned, uri stands in the same memory */
        const char *uri;
        size_t depth; /* of the element that declares it */
};

struct canonical {
        XML_Parser parser;
        const char *id;
        struct buffer *out;
        struct space spaces[SPACES_MAX];
        size_t space_count, depth;
        size_t apex; /* depth of the element that is written; 0 before */
        bool done;
        int failed;
};

static void fail(struct canonical *c, int code)
{
        if (!c->failed)
                c->failed = code;
        (void)XML_StopParser(c->parser, XML_FALSE);
}

/* The binding of a prefix among the first `count` declarations. */
static const char *bound(const struct canonical *c, const char *prefix, size_t length, size_t count)
{
        for (size_t i = count; i-- > 0;)
                if (strlen(c->spaces[i].prefix) == length && memcmp(c->spaces[i].prefix, prefix, length) == 0)
                        return c->spaces[i].uri;
        return "";
}

static bool is_declaration(const char *name)
{
        return strncmp(name, "xmlns", 5) == 0 && (name[5] == '\0' || name[5] == ':');
}

static void declare(struct canonical *c, const char *name, const char *uri)
{
        const char *prefix = name[5] == ':' ? name + 6 : "";
        size_t prefix_size = strlen(prefix) + 1, uri_size = strlen(uri) + 1;

        if (c->space_count == SPACES_MAX)
                return fail(c, -EBADMSG);
        char *memory = malloc(prefix_size + uri_size);
        if (!memory)
                return fail(c, -ENOMEM);
        memcpy(memory, prefix, prefix_size);
        memcpy(memory + prefix_size, uri, uri_size);
        c->spaces[c->space_count++] = (struct space){memory, memory + prefix_size, c->depth};
}

/* Section 2.3: which characters are written as references, in text and in attributes. */
static void write_text(struct canonical *c, const char *text, size_t length, bool in_attribute)
{
        for (size_t i = 0; i < length; i++) {
                const char *as = NULL;
                if (text[i] == '&')
                        as = "&amp;";
                else if (text[i] == '<')
                        as = "&lt;";
                else if (text[i] == '\r')
                        as = "&#xD;";
                else if (text[i] == '>' && !in_attribute)
                        as = "&gt;";
                else if (text[i] == '"' && in_attribute)
                        as = "&quot;";
                else if (text[i] == '\t' && in_attribute)
                        as = "&#x9;";
                else if (text[i] == '\n' && in_attribute)
                        as = "&#xA;";
                (void)(as ? buffer_append_text(c->out, as) : buffer_append_u8(c->out, (uint8_t)text[i]));
        }
        if (c->out->failed)
                fail(c, c->out->failed);
}

static int by_prefix(const void *a, const void *b)
{
        const struct space *const *left = a, *const *right = b;
        return strcmp((*left)->prefix, (*right)->prefix);
}

/* The declarations that the parent did not write: at the apex all that are in scope. */
static void write_spaces(struct canonical *c)
{
        const struct space *written[SPACES_MAX];
        size_t count = 0, outer = c->space_count;

        while (outer > 0 && c->spaces[outer - 1].depth == c->depth)
                outer--;
        for (size_t i = c->depth == c->apex ? 0 : outer; i < c->space_count; i++) {
                const struct space *one = &c->spaces[i];
                size_t length = strlen(one->prefix);
                const char *before = c->depth == c->apex ? "" : bound(c, one->prefix, length, outer);
                /* one that another within hides, or that says what is so already */
                if (bound(c, one->prefix, length, c->space_count) != one->uri ||
                        strcmp(before, one->uri) == 0)
                        continue;
                written[count++] = one;
        }
        qsort(written, count, sizeof *written, by_prefix);
        for (size_t i = 0; i < count; i++) {
                (void)buffer_printf(
                        c->out, written[i]->prefix[0] ? " xmlns:%s=\"" : " xmlns%s=\"", written[i]->prefix);
                write_text(c, written[i]->uri, strlen(written[i]->uri), true);
                (void)buffer_append_u8(c->out, '"');
        }
}

struct attribute {
        const char *space, *local, *name, *value;
};

static int by_space(const void *a, const void *b)
{
        const struct attribute *left = a, *right = b;
        int order = strcmp(left->space, right->space);
        return order != 0 ? order : strcmp(left->local, right->local);
}

static void write_attributes(struct canonical *c, const XML_Char **attributes)
{
        struct attribute sorted[ATTRIBUTES_MAX];
        size_t count = 0;

        for (size_t i = 0; attributes[i]; i += 2) {
                const char *name = attributes[i], *colon = strchr(name, ':');
                if (is_declaration(name))
                        continue;
                if (count == ATTRIBUTES_MAX)
                        return fail(c, -EBADMSG);
                sorted[count++] = (struct attribute){
                        colon ? bound(c, name, (size_t)(colon - name), c->space_count) : "",
                        colon ? colon + 1 : name, name, attributes[i + 1]};
        }
        qsort(sorted, count, sizeof *sorted, by_space);
        for (size_t i = 0; i < count; i++) {
                (void)buffer_printf(c->out, " %s=\"", sorted[i].name);
                write_text(c, sorted[i].value, strlen(sorted[i].value), true);
                (void)buffer_append_u8(c->out, '"');
        }
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
        struct canonical *c = context;

        if (++c->depth > DEPTH_MAX)
                return fail(c, -EBADMSG);
        for (size_t i = 0; attributes[i]; i += 2) {
                if (is_declaration(attributes[i]))
                        declare(c, attributes[i], attributes[i + 1]);
                /* xml:lang and its like would be inherited (section 2.4): not needed by what is read here */
                else if (strncmp(attributes[i], "xml:", 4) == 0)
                        return fail(c, -EBADMSG);
                else if (strcmp(attributes[i], "Id") == 0 && strcmp(attributes[i + 1], c->id) == 0) {
                        if (c->apex > 0 || c->done)
                                return fail(c, -EBADMSG); /* two of this name: which one is meant? */
                        c->apex = c->depth;
                }
        }
        if (c->failed || c->apex == 0)
                return;
        (void)buffer_printf(c->out, "<%s", name);
        write_spaces(c);
        write_attributes(c, attributes);
        (void)buffer_append_u8(c->out, '>');
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
        struct canonical *c = context;

        if (c->apex > 0)
                (void)buffer_printf(c->out, "</%s>", name);
        if (c->apex == c->depth) {
                c->apex = 0;
                c->done = true;
        }
        while (c->space_count > 0 && c->spaces[c->space_count - 1].depth == c->depth)
                free(c->spaces[--c->space_count].prefix);
        c->depth--;
}

static void XMLCALL on_text(void *context, const XML_Char *text, int length)
{
        struct canonical *c = context;
        if (c->apex > 0)
                write_text(c, text, (size_t)length, false);
}

static void XMLCALL on_instruction(void *context, const XML_Char *target, const XML_Char *data)
{
        (void)target, (void)data;
        fail(context, -EBADMSG);
}

static void XMLCALL on_type(
        void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int internal)
{
        (void)name, (void)system, (void)public, (void)internal;
        fail(context, -EBADMSG);
}

int canonical_xml_part(const void *bytes, size_t length, const char *id, struct buffer *ret)
{
        struct canonical c = {.parser = XML_ParserCreate("UTF-8"), .id = id, .out = ret};

        if (!c.parser)
                return -ENOMEM;
        XML_SetUserData(c.parser, &c);
        XML_SetElementHandler(c.parser, on_start, on_end);
        XML_SetCharacterDataHandler(c.parser, on_text);
        XML_SetProcessingInstructionHandler(c.parser, on_instruction);
        XML_SetStartDoctypeDeclHandler(c.parser, on_type);
        bool parsed = length <= 1 << 24 && XML_Parse(c.parser, bytes, (int)length, 1) == XML_STATUS_OK;
        XML_ParserFree(c.parser);
        while (c.space_count > 0)
                free(c.spaces[--c.space_count].prefix);
        if (ret->failed)
                return ret->failed;
        if (c.failed || !parsed)
                return c.failed ? c.failed : -EBADMSG;
        return c.done ? 0 : -ENOENT;
}
