/* SPDX-License-Identifier: EUPL-1.2 */
/* A10's log of fixed NAT: which inside user has which ports, one line each, usually behind a syslog header:
 * FIXED-NAT-PORTS 100.64.0.3->203.0.113.9:3000-3999. When it was written says nothing about when it began to
 * hold: that is the caller's. */
#include "wire/plan_source.h"
#include "wire/plan_word.h"
#include "wire/text_decoder.h"

#define MARK "FIXED-NAT-PORTS"

static int take_line(struct slice words, const struct plan_row *pattern, const struct decode_sink *sink,
        struct error *error)
{
        struct slice text = slice_word(&words), rest = text, inside = slice_cut(&rest, '-');
        struct nft_element e;

        if (rest.length == 0 || rest.text[0] != '>')
                return error_set(error, -EINVAL, "not written as INSIDE->OUTSIDE:FIRST-LAST");
        rest = slice_make(rest.text + 1, rest.length - 1);
        struct slice outside = slice_cut(&rest, ':');
        int r = ipv4_range_parse(inside, &e.inside_first, &e.inside_last, error);
        if (r == 0)
                r = ipv4_range_parse(outside, &e.outside_first, &e.outside_last, error);
        if (r == 0)
                r = port_range_parse(rest, &e.port_first, &e.port_last, error);
        if (r == 0 && (e.inside_first != e.inside_last || e.outside_first != e.outside_last))
                return error_set(error, -EINVAL, "a line gives one host ports of one address");
        return r < 0 ? r : nft_element_deliver(&e, pattern, sink, error);
}

int fixed_nat_read(
        struct slice text, const struct plan_row *pattern, const struct decode_sink *sink, uint64_t *ret_used)
{
        uint64_t line = 0, used = 0;

        while (text.length) {
                struct error error = {0};
                bool ended = memchr(text.text, '\n', text.length);
                struct slice words = text_first_line(&text);
                const char *mark = words.length ? memmem(words.text, words.length, MARK, strlen(MARK)) : NULL;
                line++;
                if (!mark)
                        continue;
                size_t before = (size_t)(mark - words.text) + strlen(MARK);
                words = slice_make(words.text + before, words.length - before);
                int r = ended ? take_line(words, pattern, sink, &error)
                              : error_set(&error, -EINVAL,
                                        "the last line has no line feed, so it may be cut off; if it is "
                                        "whole, add one");
                if (r < 0 && !error.text[0])
                        return r;
                if (r < 0)
                        plan_source_refuse(sink, REFUSAL_BAD_LINE, line, "%s", error.text);
                used += r == 0;
        }
        *ret_used = used;
        return 0;
}
