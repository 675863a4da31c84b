/* SPDX-License-Identifier: EUPL-1.2 */
/* Lease files of DHCP servers beside a log of IPFIX, and plans beside a log: dhcpd.leases(5), Kea's memfile,
 * doc/format/plan.md. */
#include "source.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum happening { GIVEN, GIVEN_BACK, RAN_OUT };

struct record {
        const struct tenure *tenure;
        int64_t at, seen, life; /* seconds; seen: of the client's last transaction */
        enum happening what;
};

static int compare_records(const void *left, const void *right)
{
        const struct record *a = left, *b = right;
        if (a->at != b->at)
                return a->at < b->at ? -1 : 1;
        /* Within a second what ends is written first. */
        return (a->what == GIVEN) - (b->what == GIVEN);
}

/* What the server did for a tenant: it gave, renewed, and either got it back or saw it run out. */
static size_t serve(const struct tenure *tenure, bool notes_expiry, struct dice *dice, struct record *list)
{
        int64_t at = tenure->from / 1000, end = tenure->to / 1000, life = dice_range(dice, 240, 1800);
        bool released = dice_chance(dice, 500);
        size_t count = 0;

        if (end <= at)
                return 0;
        for (; end - at > life; at += life / 2)
                list[count++] = (struct record){tenure, at, at, life, GIVEN};
        list[count++] = (struct record){tenure, at, at, released ? life : end - at, GIVEN};
        if (released)
                list[count++] = (struct record){tenure, end, at, life, GIVEN_BACK};
        else if (notes_expiry)
                list[count++] = (struct record){tenure, end, at, end - at, RAN_OUT};
        return count;
}

static const char *stamp(int64_t second, char text[40])
{
        char utc[TIME_TEXT_MAX];

        time_format_utc(second * TIME_SECOND, utc);
        snprintf(text, 40, "%d %.4s/%.2s/%.2s %.8s", (int)((second / 86400 + 4) % 7), utc, utc + 5, utc + 8,
                utc + 11);
        return text;
}

static void write_dhcpd(const struct record *r, FILE *file)
{
        char address[ADDRESS_TEXT_MAX], starts[40], ends[40];

        fprintf(file,
                "lease %s {\n  starts %s;\n  ends %s;\n  cltt %s;\n  binding state %s;\n  next binding state "
                "free;\n  hardware "
                "ethernet 02:00:00:00:00:01;\n  option agent.remote-id \"subscriber-%u\";\n}\n",
                dotted(r->tenure->inside, address), stamp(r->seen, starts),
                stamp(r->what == GIVEN_BACK ? r->at : r->seen + r->life, ends), starts,
                r->what == GIVEN ? "active" : "free", r->tenure->subscriber);
}

static void write_kea(const struct record *r, FILE *file)
{
        char address[ADDRESS_TEXT_MAX], name[32], client[80] = "";

        snprintf(name, sizeof name, "subscriber-%u", r->tenure->subscriber);
        for (size_t i = 0, length = 0; name[i]; i++)
                length += (size_t)snprintf(
                        client + length, sizeof client - length, "%s%02x", i ? ":" : "", (unsigned)name[i]);
        int64_t life = r->what == GIVEN_BACK ? 0 : r->life;
        fprintf(file, "%s,02:00:00:00:00:01,%s,%" PRId64 ",%" PRId64 ",1,0,0,,%d,,0\n",
                dotted(r->tenure->inside, address), client, life, r->seen + life, r->what == RAN_OUT ? 2 : 0);
}

/* Writes records [at, end), without one line where one is to be lost. */
static void write_records(struct telling *t, const char *path, const struct record *list, size_t at,
        size_t end, const struct record *kept, size_t kept_count, bool kea)
{
        char *text = NULL, *next;
        size_t length = 0, lines = 0;
        FILE *file = telling_memory(open_memstream(&text, &length));

        if (kea)
                fprintf(file, "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,"
                              "hostname,state,"
                              "user_context,pool_id\n");
        else
                fprintf(file, "# a lease file\n\nauthoring-byte-order little-endian;\n\n");
        for (size_t i = 0; i < kept_count; i++)
                if (kept[i].tenure)
                        (kea ? write_kea : write_dhcpd)(&kept[i], file);
        for (; at < end; at++)
                (kea ? write_kea : write_dhcpd)(&list[at], file);
        fclose(file);
        for (char *p = text; *p; p++)
                lines += *p == '\n';
        bool loses = t->world->scenario.leases_lost && dice_chance(t->dice, 500);
        size_t lost = loses ? (size_t)dice_range(t->dice, 2, (int64_t)lines + 2) : 0, line = 0;
        if (t->cut && length > 300)
                text[length - (size_t)dice_range(t->dice, 1, 250)] = '\0';
        file = telling_memory(fopen(path, "wb"));
        for (char *p = text; *p; p = next) {
                char *feed = p;
                while (*feed && *feed != '\n')
                        feed++;
                next = *feed ? feed + 1 : feed;
                if (!lost || line++ != lost)
                        fwrite(p, 1, (size_t)(next - p), file);
        }
        fclose(file);
        free(text);
}

static void write_lease_file(struct telling *t)
{
        const struct world *w = t->world;
        bool kea = t->source->detail != NULL, expiry = dice_chance(t->dice, 700);
        size_t count = 0, capacity = 0;
        struct record *list = NULL, kept[64] = {0};

        t->grain_ms = 1000;
        log_write(w, t->folder, t->dice, t->files);
        unlink(t->files->leases);
        for (size_t i = 0; i < w->tenure_count; i++) {
                size_t more = (size_t)((w->tenures[i].to - w->tenures[i].from) / 1000 / 120) + 3;
                if (count + more > capacity) {
                        capacity = 2 * (count + more);
                        list = telling_memory(realloc(list, capacity * sizeof *list));
                }
                count += serve(&w->tenures[i], expiry, t->dice, list + count);
        }
        qsort(list, count, sizeof *list, compare_records);
        /* The file ends when it is taken for the import, some time after the log's end, mostly. */
        int64_t taken = dice_chance(t->dice, 800) ? INT64_MAX : w->log_to / 1000;
        while (count && list[count - 1].at > taken)
                count--;
        size_t rewritten = dice_chance(t->dice, 500) ? (size_t)dice_range(t->dice, 0, (int64_t)count) : 0;
        snprintf(t->files->leases, sizeof t->files->leases, "%s/%s", t->folder,
                kea ? "kea-leases4.csv" : "dhcpd.leases");
        if (rewritten) {
                for (size_t i = 0; i < rewritten; i++)
                        kept[list[i].tenure->inside - INSIDE_FIRST] = list[i];
                snprintf(t->files->earlier_leases, sizeof t->files->earlier_leases, "%s/%s", t->folder,
                        kea ? "kea-leases4.csv.1" : "dhcpd.leases~");
                write_records(t, t->files->earlier_leases, list, 0, rewritten, NULL, 0, kea);
        }
        write_records(
                t, t->files->leases, list, rewritten, count, kept, rewritten && !kea ? w->insides : 0, kea);
        if (rewritten && dice_chance(t->dice, w->scenario.lossless ? 0 : 300))
                t->files->earlier_leases[0] = '\0'; /* nobody took care of it */
        free(list);
}

const struct source lease_sources[] = {
        {.name = "leases of dhcpd",
                .kinds = SESSIONS | MAPPINGS | BLOCKS,
                .flags = SOURCE_LEASES,
                .write = write_lease_file},
        {.name = "leases of Kea",
                .kinds = SESSIONS | MAPPINGS | BLOCKS,
                .flags = SOURCE_LEASES,
                .write = write_lease_file,
                .detail = "kea"},
};
const size_t lease_source_count = sizeof lease_sources / sizeof lease_sources[0];

static void write_plan(struct telling *t)
{
        const struct world *w = t->world;
        char inside[ADDRESS_TEXT_MAX], outside[ADDRESS_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
        bool open = dice_chance(t->dice, 500);

        snprintf(t->files->plan, sizeof t->files->plan, "%s/plan.csv", t->folder);
        FILE *file = telling_memory(fopen(t->files->plan, "wb"));
        fprintf(file, "outside_address,port_first,port_last,inside,valid_from,valid_to\n");
        for (uint32_t i = 0; i < w->outsides; i++)
                fprintf(file, "%s,%d,65535,dynamic,%s,%s\n", dotted(OUTSIDE_FIRST + i, outside), PORT_FIRST,
                        time_format_utc(w->plan_from, from), time_format_utc(w->plan_to, to));
        for (size_t i = 0; i < w->hold_count; i++) {
                const struct hold *h = &w->holds[i];
                if (!h->planned)
                        continue;
                time_format_utc(h->to, to);
                fprintf(file, "%s,%u,%u,%s,%s,%s\n", dotted(h->outside, outside), h->port_first, h->port_last,
                        dotted(h->inside, inside), time_format_utc(h->from, from),
                        open && h->to == w->plan_changed && h->from < h->to ? "" : to);
        }
        fclose(file);
}

static void write_plan_and_flows(struct telling *t)
{
        log_write(t->world, t->folder, t->dice, t->files);
        write_plan(t);
}

static int nfware_line(struct telling *t, const struct told *told, int64_t shown, FILE *file)
{
        for (size_t i = 0; i < line_source_count; i++)
                if (line_sources[i].dialect && strcmp(line_sources[i].dialect, "nfware") == 0)
                        return line_sources[i].line(t, told, shown, file);
        return 0;
}

static void write_plan_and_lines(struct telling *t)
{
        write_source_lines(t);
        write_plan(t);
}

const struct source plan_sources[] = {
        {.name = "plan beside IPFIX",
                .kinds = SESSIONS | MAPPINGS | BLOCKS,
                .flags = SOURCE_PLAN,
                .write = write_plan_and_flows},
        {.name = "plan beside syslog",
                .dialect = "nfware",
                .kinds = SESSIONS | MAPPINGS | BLOCKS,
                .flags = SOURCE_PLAN | SOURCE_TEXT | SOURCE_DESTINATIONS,
                .write = write_plan_and_lines,
                .line = nfware_line},
};
const size_t plan_source_count = sizeof plan_sources / sizeof plan_sources[0];
