/* SPDX-License-Identifier: EUPL-1.2 */
/* make_log FOLDER COUNT: appends a little story to the log in FOLDER, `rogatory log init` having made it, and
 * then entries of administration until it has COUNT entries. make_log --request FOLDER OLD_SIZE and make_log
 * --witness FOLDER PEER_FOLDER: what is sent to a witness, and what a witness answers, on standard output. */
#include "chronicle/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDER "\"order\":\"0b5e9c1e-8f0a-4c53-9a51-0d9b8a5f2c11\""
#define OTHER "\"order\":\"7d1c2f4a-3b6e-4f05-8c9d-2a4e6f8b0c12\""
#define HASH "\"container\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\""
#define MESSAGE "\"message\":\"11111111-2222-4333-8444-555555555555\""
#define NATURE "\"instrument\":\"production\",\"addressee\":\"de-carrier\","

static const int64_t ten = INT64_C(1795168800000); /* 2026-11-20T10:00:00Z */

static const struct {
        const char *kind, *by, *fields;
} story[] = {
        {"order-issued", "anna@at-court",
                "{" ORDER "," NATURE "\"categories\":[\"subscriber\",\"identify-only\"],\"emergency\":false,"
                                     "\"derogation\":false}"},
        {"message-sent", "node",
                "{" MESSAGE "," ORDER "," HASH
                ",\"message_kind\":\"production-order\",\"receiver\":\"de-carrier\"}"},
        {"data-obtained", "anna@at-court", "{" ORDER "," MESSAGE "," HASH "}"},
        {"plaintext-read", "anna@at-court",
                "{" ORDER ",\"what\":\"evidence/answer.json.p7m\",\"purpose\":\"to read the answer\"}"},
        {"order-issued", "bert@at-court",
                "{" OTHER "," NATURE "\"categories\":[\"traffic\"],\"emergency\":true,\"derogation\":false}"},
        {"refused", "node",
                "{" OTHER
                ",\"stage\":\"enforcing-authority\",\"grounds\":[\"press-freedom\"],\"whole\":true}"},
};

static int fail(const struct error *error)
{
        fprintf(stderr, "make_log: %s\n", error->text);
        return 1;
}

static int tell(struct chronicle *chronicle, uint64_t wanted, struct error *error)
{
        uint64_t index = 0;
        int r = 0;

        for (size_t i = 0; i < sizeof story / sizeof *story && r == 0; i++)
                r = chronicle_append(chronicle, story[i].kind, ten + (int64_t)i * TIME_HOUR, story[i].by,
                        story[i].fields, &index, error);
        while (r == 0 && index + 1 < wanted) {
                struct chronicle_item items[100];
                json_t *fields = json_pack("{s:s}", "action", "filling");
                size_t count = 0;
                for (; count < 100 && index + 1 + count < wanted; count++)
                        items[count] = (struct chronicle_item){"administration", ten, "node", fields};
                r = chronicle_append_all(chronicle, items, count, &index, error);
                index += count - 1;
                json_decref(fields);
        }
        return r;
}

static int print(const struct buffer *text)
{
        return fwrite(text->bytes, 1, text->length, stdout) == text->length ? 0 : 1;
}

static int request(const char *folder, uint64_t old_size)
{
        struct buffer text = buffer_make(WITNESS_REQUEST_MAX);
        struct chronicle *chronicle;
        struct error error = {0};

        if (chronicle_open(folder, CHRONICLE_READ, NULL, &chronicle, &error) < 0 ||
                chronicle_witness_request(chronicle, old_size, &text, &error) < 0)
                return fail(&error);
        chronicle_close(chronicle);
        int code = print(&text);
        buffer_free(&text);
        return code;
}

/* The checkpoint of the peer as the witness keeps it, with both signatures. */
static int witness(const char *folder, const char *peer_folder)
{
        struct buffer body = buffer_make(WITNESS_REQUEST_MAX), line = buffer_make(NOTE_BYTES_MAX),
                      note = buffer_make(2 * CHECKPOINT_BYTES_MAX);
        struct checkpoint known = {.size = 0};
        struct chronicle *own, *peer;
        struct witness_answer answer;
        struct error error = {0};

        if (chronicle_open(folder, CHRONICLE_WRITE, NULL, &own, &error) < 0 ||
                chronicle_open(peer_folder, CHRONICLE_READ, NULL, &peer, &error) < 0)
                return fail(&error);
        const char *origin = chronicle_log_key(peer)->name;
        (void)chronicle_witnessed(own, origin, &known, NULL, &error);
        if (chronicle_witness_request(peer, known.size, &body, &error) < 0 ||
                chronicle_witness(own, origin, chronicle_log_key(peer), 1,
                        slice_make((const char *)body.bytes, body.length), ten, &answer, &line, &error) < 0)
                return fail(&error);
        if (answer.verdict != WITNESS_ACCEPTED || chronicle_witnessed(own, origin, &known, &note, &error) < 0)
                return fail(&error);
        int code = print(&note);
        chronicle_close(own);
        chronicle_close(peer);
        buffer_free(&body);
        buffer_free(&line);
        buffer_free(&note);
        return code;
}

int main(int argc, char **argv)
{
        struct chronicle *chronicle;
        struct error error = {0};

        if (argc == 4 && strcmp(argv[1], "--request") == 0)
                return request(argv[2], strtoull(argv[3], NULL, 10));
        if (argc == 4 && strcmp(argv[1], "--witness") == 0)
                return witness(argv[2], argv[3]);
        if (argc != 3)
                return 2;
        if (chronicle_open(argv[1], CHRONICLE_WRITE, NULL, &chronicle, &error) < 0 ||
                tell(chronicle, strtoull(argv[2], NULL, 10), &error) < 0)
                return fail(&error);
        chronicle_close(chronicle);
        return 0;
}
