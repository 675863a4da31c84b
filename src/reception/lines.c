/* SPDX-License-Identifier: EUPL-1.2 */
/* Lines of text: whose they are, and in which zone they tell the time. */
#include "reception/state.h"

/* What the decoder has to know of an exporter. */
static int options_of(struct reception *reception, uint16_t number, struct text_options *ret)
{
        const struct exporter_settings *settings = reception->exporters[number].settings;
        const struct local_clock *clock = NULL;

        if (settings->zone[0] && reception->zones.clock)
                clock = reception->zones.clock(reception->zones.context, settings->zone);
        *ret = (struct text_options){
                .exporter = number,
                .loss_reported = settings->loss == LOSS_REPORTED,
                .clock = clock,
                .year = settings->year,
                .heartbeat_ms = settings->heartbeat_ms,
                .family = syslog_family_by_name(settings->dialect),
                .book = reception->book,
        };
        return 0;
}

static uint16_t number_of(const struct settings *settings, const struct exporter_settings *exporter)
{
        return (uint16_t)(exporter - settings->exporters);
}

/* The host of a line is an exporter by its name, or, where it is an address, by the address that the settings
 * know. A name that nobody configured is refused: whose NAT that is would be a guess. */
static int options_by_host(void *context, const char *host, struct text_options *ret)
{
        struct reception *reception = context;
        const struct settings *settings = reception->settings;
        const struct exporter_settings *found;
        struct address address;

        if (!host[0])
                return options_of(reception, reception->exporter, ret);
        found = settings_exporter(settings, host);
        if (!found && address_parse(slice_of(host), &address, NULL) == 0)
                found = settings_exporter_at(settings, &address);
        return found ? options_of(reception, number_of(settings, found), ret) : -ENOENT;
}

int reception_text_of(struct reception *reception, uint16_t number, struct text_decoder **ret_decoder)
{
        struct reception_exporter *exporter = &reception->exporters[number];
        struct text_options options;
        int r = 0;

        if (!exporter->text) {
                r = reception->book ? 0 : syslog_book_make(&reception->book);
                if (r < 0)
                        return r;
                r = options_of(reception, number, &options);
                options.by_host = options_by_host;
                options.by_host_context = reception;
                if (r == 0)
                        r = reception->syslog->create(&options, &exporter->text);
                if (r == 0)
                        text_lost(exporter->text);
        }
        if (r == 0)
                *ret_decoder = exporter->text;
        return r;
}
