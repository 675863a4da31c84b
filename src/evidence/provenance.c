/* SPDX-License-Identifier: EUPL-1.2 */
/* Where the evidence comes from, in the terms of the Unified Cyber Ontology 1.x and of CASE 1.x as
 * JSON-LD 1.1 (https://caseontology.org, https://unifiedcyberontology.org), made out of the evidence's JSON
 * and of nothing else. Things are named by UUIDs of version 8 (RFC 9562 section 5.8) over the order and what
 * they are, so that the same evidence gives the same description. */
#include "evidence/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 96 /* "kb:network-connection-" and a UUID */

struct graph {
        const json_t *evidence;
        json_t *objects; /* of the bundle */
        json_t *objects_of_action, *results_of_action, *of_investigation;
        bool failed;
};

/* "kb:window-xxxxxxxx-xxxx-8xxx-..." of the number-th thing of its kind in this order's evidence. */
static char *name_of(const struct graph *graph, const char *kind, size_t number, char name[NAME_MAX_BYTES])
{
        char seed[256];
        uint8_t hash[DIGEST_BYTES] = {0};

        snprintf(seed, sizeof seed, "%s/%" JSON_INTEGER_FORMAT "/%s/%s/%zu",
                json_string_value(json_object_get(graph->evidence, "order")),
                json_integer_value(json_object_get(graph->evidence, "generation")),
                json_string_value(json_object_get(graph->evidence, "made")), kind, number);
        (void)digest_of(seed, strlen(seed), hash);
        hash[6] = (uint8_t)(0x80 | (hash[6] & 0x0f)); /* version 8 */
        hash[8] = (uint8_t)(0x80 | (hash[8] & 0x3f)); /* variant */
        snprintf(name, NAME_MAX_BYTES,
                "kb:%s-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", kind, hash[0],
                hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7], hash[8], hash[9], hash[10],
                hash[11], hash[12], hash[13], hash[14], hash[15]);
        return name;
}

static json_t *link_to(const char *name)
{
        return json_pack("{s:s}", "@id", name);
}

static json_t *typed(const char *type, const char *text)
{
        return json_pack("{s:s, s:s}", "@type", type, "@value", text);
}

static json_t *date_time(const json_t *instant)
{
        return typed("xsd:dateTime", json_string_value(instant));
}

/* Takes over the object. */
static void add(struct graph *graph, json_t *object)
{
        graph->failed |= !object || json_array_append_new(graph->objects, object) < 0;
}

static void mention(struct graph *graph, json_t *list, const char *name)
{
        graph->failed |= json_array_append_new(list, link_to(name)) < 0;
}

static json_t *facets(const struct graph *graph, const char *kind, size_t number, const char *type,
        const char *property, json_t *value)
{
        char name[NAME_MAX_BYTES];

        return json_pack("[{s:s, s:s, s:o}]", "@id", name_of(graph, kind, number, name), "@type", type,
                property, value);
}

/* ---- who and with what ---- */

static void add_organisation(struct graph *graph, const char *kind, const char *member)
{
        char name[NAME_MAX_BYTES];

        add(graph, json_pack("{s:s, s:s, s:s}", "@id", name_of(graph, kind, 0, name), "@type",
                           "uco-identity:Organization", "uco-core:name",
                           json_string_value(json_object_get(graph->evidence, member))));
        mention(graph, graph->of_investigation, name);
}

static void add_tool(struct graph *graph)
{
        const char *program = json_string_value(json_object_get(graph->evidence, "program"));
        struct slice rest = slice_of(program ? program : "rogatory");
        struct slice made_by = slice_cut(&rest, ' ');
        char name[NAME_MAX_BYTES];

        add(graph, json_pack("{s:s, s:s, s:s%, s:s, s:s%}", "@id", name_of(graph, "tool", 0, name), "@type",
                           "uco-tool:Tool", "uco-core:name", made_by.text, made_by.length,
                           "uco-tool:toolType", "NAT log store", "uco-tool:version",
                           rest.length ? rest.text : "-", rest.length ? rest.length : (size_t)1));
        mention(graph, graph->of_investigation, name);
}

/* ---- files ---- */

static json_t *hash_of(const struct graph *graph, const char *kind, size_t number, const char *digest)
{
        char name[NAME_MAX_BYTES];

        return json_pack("[{s:s, s:s, s:{s:s, s:s}, s:o}]", "@id", name_of(graph, kind, number, name),
                "@type", "uco-types:Hash", "uco-types:hashMethod", "@type", "uco-vocabulary:HashNameVocab",
                "@value", "SHA256", "uco-types:hashValue", typed("xsd:hexBinary", digest));
}

/* digest NULL: not known. */
static void add_file(struct graph *graph, const char *kind, size_t number, const char *file_name,
        json_t *size, const char *digest)
{
        char name[NAME_MAX_BYTES], facet[NAME_MAX_BYTES], content[NAME_MAX_BYTES], label[48];
        json_t *list = json_array();

        snprintf(label, sizeof label, "%s-facet", kind);
        json_t *file = json_pack("{s:s, s:s, s:s, s:b}", "@id", name_of(graph, label, number, facet), "@type",
                "uco-observable:FileFacet", "uco-observable:fileName", file_name,
                "uco-observable:isDirectory", 0);
        if (size)
                json_object_set_new(file, "uco-observable:sizeInBytes", size);
        json_array_append_new(list, file);
        if (digest) {
                char hash[48];
                snprintf(hash, sizeof hash, "%s-hash", kind);
                snprintf(label, sizeof label, "%s-content", kind);
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:o}", "@id", name_of(graph, label, number, content),
                                      "@type", "uco-observable:ContentDataFacet", "uco-observable:hash",
                                      hash_of(graph, hash, number, digest)));
        }
        add(graph, json_pack("{s:s, s:s, s:o}", "@id", name_of(graph, kind, number, name), "@type",
                           "uco-observable:File", "uco-core:hasFacet", list));
}

static void add_written(struct graph *graph, const char *kind, const char *file_name, struct slice content)
{
        uint8_t hash[DIGEST_BYTES];
        char digest[DIGEST_TEXT_MAX], name[NAME_MAX_BYTES];

        graph->failed |= digest_of(content.text, content.length, hash) < 0;
        add_file(graph, kind, 0, file_name, json_integer((json_int_t)content.length),
                digest_format(hash, digest));
        mention(graph, graph->results_of_action, name_of(graph, kind, 0, name));
}

static void add_windows(struct graph *graph)
{
        const json_t *windows = json_object_get(graph->evidence, "windows");
        char name[NAME_MAX_BYTES];

        for (size_t i = 0; i < json_array_size(windows); i++) {
                const json_t *window = json_array_get(windows, i);
                add_file(graph, "window", i, json_string_value(json_object_get(window, "file")), NULL,
                        json_string_value(json_object_get(window, "sha256")));
                mention(graph, graph->objects_of_action, name_of(graph, "window", i, name));
        }
}

/* ---- what was asked and found ---- */

static void add_address(struct graph *graph, const char *kind, size_t number, const char *text)
{
        char name[NAME_MAX_BYTES], facet[48];
        bool version_6 = strchr(text, ':') != NULL;

        snprintf(facet, sizeof facet, "%s-facet", kind);
        add(graph, json_pack("{s:s, s:s, s:o}", "@id", name_of(graph, kind, number, name), "@type",
                           version_6 ? "uco-observable:IPv6Address" : "uco-observable:IPv4Address",
                           "uco-core:hasFacet",
                           facets(graph, facet, number,
                                   version_6 ? "uco-observable:IPv6AddressFacet"
                                             : "uco-observable:IPv4AddressFacet",
                                   "uco-observable:addressValue", json_string(text))));
}

static void add_relationship(
        struct graph *graph, size_t number, const json_t *binding, const char *source, const char *target)
{
        char name[NAME_MAX_BYTES];
        json_t *relation = json_pack("{s:s, s:s, s:s, s:b, s:o, s:o}", "@id",
                name_of(graph, "allocation", number, name), "@type", "uco-observable:ObservableRelationship",
                "uco-core:kindOfRelationship", "Allocated_To", "uco-core:isDirectional", 1, "uco-core:source",
                link_to(source), "uco-core:target", link_to(target));

        if (json_is_string(json_object_get(binding, "from")))
                json_object_set_new(
                        relation, "uco-core:startTime", date_time(json_object_get(binding, "from")));
        if (json_is_string(json_object_get(binding, "to")))
                json_object_set_new(relation, "uco-core:endTime", date_time(json_object_get(binding, "to")));
        if (json_is_string(json_object_get(binding, "record")))
                json_object_set_new(relation, "uco-core:description",
                        json_sprintf("Record %s", json_string_value(json_object_get(binding, "record"))));
        add(graph, relation);
        mention(graph, graph->results_of_action, name);
}

static void add_binding(struct graph *graph, const json_t *binding, size_t number, const char *address_name)
{
        const char *subscriber = json_string_value(json_object_get(binding, "subscriber"));
        const char *inside = json_string_value(json_object_get(binding, "inside_address"));
        char name[NAME_MAX_BYTES], issuer[NAME_MAX_BYTES], facet[NAME_MAX_BYTES];

        if (inside) {
                add_address(graph, "inside-address", number, inside);
                mention(graph, graph->results_of_action, name_of(graph, "inside-address", number, name));
        }
        if (subscriber) {
                add(graph, json_pack("{s:s, s:s, s:[{s:s, s:s, s:s, s:o}]}", "@id",
                                   name_of(graph, "account", number, name), "@type",
                                   "uco-observable:DigitalAccount", "uco-core:hasFacet", "@id",
                                   name_of(graph, "account-facet", number, facet), "@type",
                                   "uco-observable:AccountFacet", "uco-observable:accountIdentifier",
                                   subscriber, "uco-observable:accountIssuer",
                                   link_to(name_of(graph, "provider", 0, issuer))));
                mention(graph, graph->results_of_action, name);
        }
        if (subscriber || inside)
                add_relationship(graph, number, binding, address_name, name);
}

static void add_findings(struct graph *graph)
{
        const json_t *identifiers = json_object_get(graph->evidence, "identifiers");
        char name[NAME_MAX_BYTES];
        size_t addresses = 0, count = 0;

        for (size_t i = 0; i < json_array_size(identifiers); i++) {
                const json_t *findings = json_object_get(json_array_get(identifiers, i), "findings");
                for (size_t k = 0; k < json_array_size(findings); k++) {
                        const json_t *finding = json_array_get(findings, k),
                                     *bindings = json_object_get(finding, "bindings");
                        add_address(graph, "address", addresses,
                                json_string_value(
                                        json_object_get(json_object_get(finding, "question"), "address")));
                        name_of(graph, "address", addresses++, name);
                        mention(graph, graph->objects_of_action, name);
                        for (size_t b = 0; b < json_array_size(bindings); b++)
                                add_binding(graph, json_array_get(bindings, b), count++, name);
                }
        }
}

/* ---- the whole ---- */

/* Whoever reads this description and nothing else has to know where nobody is identified. */
static json_t *words_of_results(const struct graph *graph)
{
        const json_t *identifiers = json_object_get(graph->evidence, "identifiers");
        char *words = strdup("What the provider's records say on the identifiers and times ordered.");

        for (size_t i = 0; words && i < json_array_size(identifiers); i++) {
                const json_t *one = json_array_get(identifiers, i);
                const char *verdict = json_string_value(json_object_get(one, "verdict")),
                           *statement = json_string_value(json_object_get(one, "statement"));
                char *longer = NULL;
                if (asprintf(&longer, "%s Identifier %zu%s%s: %s", words, i + 1, verdict ? ", " : "",
                            verdict ? verdict : "", statement ? statement : "refused") < 0)
                        longer = NULL;
                free(words);
                words = longer;
        }
        json_t *value = words ? json_string(words) : NULL;
        free(words);
        return value;
}

static void add_action(struct graph *graph)
{
        const json_t *made = json_object_get(graph->evidence, "made");
        char name[NAME_MAX_BYTES], record[NAME_MAX_BYTES], tool[NAME_MAX_BYTES], provider[NAME_MAX_BYTES],
                investigation[NAME_MAX_BYTES], authorization[NAME_MAX_BYTES];

        name_of(graph, "provenance-record", 0, record);
        name_of(graph, "provider", 0, provider);
        name_of(graph, "examination", 0, name);
        add(graph, json_pack("{s:s, s:s, s:o, s:o, s:o, s:O}", "@id", record, "@type",
                           "case-investigation:ProvenanceRecord", "uco-core:description",
                           words_of_results(graph), "uco-core:createdBy", link_to(provider),
                           "uco-core:objectCreatedTime", date_time(made), "uco-core:object",
                           graph->results_of_action));
        mention(graph, graph->results_of_action, record);
        add(graph,
                json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:O, s:O}", "@id", name, "@type",
                        "case-investigation:InvestigativeAction", "uco-core:name", "examined stored records",
                        "uco-core:objectCreatedTime", date_time(made), "uco-action:endTime", date_time(made),
                        "uco-action:performer", link_to(provider), "uco-action:instrument",
                        link_to(name_of(graph, "tool", 0, tool)), "uco-action:object",
                        graph->objects_of_action, "uco-action:result", graph->results_of_action));
        mention(graph, graph->of_investigation, name);
        mention(graph, graph->of_investigation, record);
        const json_t *file_number = json_object_get(graph->evidence, "file_number");
        add(graph, json_pack("{s:s, s:s, s:s, s:O, s:[{s:s, s:s, s:s, s:s}]}", "@id",
                           name_of(graph, "investigation", 0, investigation), "@type",
                           "case-investigation:Investigation", "uco-core:name",
                           json_is_string(file_number)
                                   ? json_string_value(file_number)
                                   : json_string_value(json_object_get(graph->evidence, "order")),
                           "uco-core:object", graph->of_investigation,
                           "case-investigation:relevantAuthorization", "@id",
                           name_of(graph, "authorization", 0, authorization), "@type",
                           "case-investigation:Authorization", "case-investigation:authorizationIdentifier",
                           json_string_value(json_object_get(graph->evidence, "order")),
                           "case-investigation:authorizationType",
                           "production order, Regulation (EU) 2023/1543"));
}

static json_t *context_of(const json_t *evidence)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kb",
                json_string_value(json_object_get(evidence, "base")), "case-investigation",
                "https://ontology.caseontology.org/case/investigation/", "uco-action",
                "https://ontology.unifiedcyberontology.org/uco/action/", "uco-core",
                "https://ontology.unifiedcyberontology.org/uco/core/", "uco-identity",
                "https://ontology.unifiedcyberontology.org/uco/identity/", "uco-observable",
                "https://ontology.unifiedcyberontology.org/uco/observable/", "uco-tool",
                "https://ontology.unifiedcyberontology.org/uco/tool/", "uco-types",
                "https://ontology.unifiedcyberontology.org/uco/types/", "uco-vocabulary",
                "https://ontology.unifiedcyberontology.org/uco/vocabulary/", "xsd",
                "http://www.w3.org/2001/XMLSchema#");
}

static json_t *bundle_of(struct graph *graph)
{
        char name[NAME_MAX_BYTES];

        return json_pack("{s:o, s:s, s:s, s:s, s:s, s:O}", "@context", context_of(graph->evidence), "@id",
                name_of(graph, "bundle", 0, name), "@type", "uco-core:Bundle", "uco-core:name",
                "Provenance of an answer to an order for data", "uco-core:description",
                "Where the verdict is one, the records tell which line of the provider an address and port "
                "was lent to; else they identify nobody. They do not tell who used the line.",
                "uco-core:object", graph->objects);
}

int evidence_write_provenance(const json_t *evidence, struct slice json, struct slice statement,
        struct buffer *ret, struct error *error)
{
        struct graph graph = {.evidence = evidence,
                .objects = json_array(),
                .objects_of_action = json_array(),
                .results_of_action = json_array(),
                .of_investigation = json_array()};

        add_organisation(&graph, "provider", "provider");
        add_organisation(&graph, "authority", "authority");
        add_tool(&graph);
        add_windows(&graph);
        add_written(&graph, "evidence", EVIDENCE_JSON_NAME, json);
        add_written(&graph, "statement", EVIDENCE_STATEMENT_NAME, statement);
        add_findings(&graph);
        add_action(&graph);
        json_t *bundle = graph.failed ? NULL : bundle_of(&graph);
        char *text = bundle ? json_dumps(bundle, JSON_INDENT(1)) : NULL;
        int r = text ? buffer_append_text(ret, text) : -ENOMEM;
        if (r == 0)
                r = buffer_append_text(ret, "\n");
        free(text);
        json_decref(bundle);
        json_decref(graph.objects);
        json_decref(graph.objects_of_action);
        json_decref(graph.results_of_action);
        json_decref(graph.of_investigation);
        return r == 0 ? 0
                      : error_set(error, r,
                                "the description of the evidence's provenance could not be written");
}
