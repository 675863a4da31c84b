/* SPDX-License-Identifier: EUPL-1.2 */
#include "live/view.h"

#include <errno.h>

static int add_leases(struct live_view *view, struct intake *intake)
{
        const struct settings *settings = depot_settings(view->generations->depot);
        int r = 0;

        for (size_t i = 0; i < settings->realm_count && r == 0; i++) {
                const struct lease_list *leases;
                int64_t until;
                r = intake_live_leases(intake, settings->realms[i].name, &leases, &until);
                if (r == 0 && leases && (leases->count > 0 || until == LEASE_LOG_TORN))
                        r = inquiry_add_leases(view->inquiry, settings->realms[i].name, leases, until);
        }
        return r;
}

int live_view_open(
        struct live_view *view, struct generations *generations, const char *path, struct error *error)
{
        *view = (struct live_view){.generations = generations};
        int r = depot_open(path, DEPOT_READ, &view->depot, error);
        if (r == 0)
                r = inquiry_new(view->depot, &view->inquiry, error);
        if (r < 0)
                return r;
        r = depot_begin_memory(view->depot);
        for (unsigned i = 0; i < generations->count && r == 0; i++)
                r = add_leases(view, generations->items[i].intake);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}

void live_view_close(struct live_view *view)
{
        if (view->inquiry)
                inquiry_free(view->inquiry);
        if (view->depot)
                depot_close(view->depot);
        *view = (struct live_view){.generations = NULL};
}

int live_view_turn(struct live_view *view, const struct address *address, int64_t now_ms, struct error *error)
{
        int r = 0;

        if (!address_is_ipv4(address) || (view->shows && view->outside == address_ipv4(address)))
                return 0;
        inquiry_leave_memory(view->inquiry);
        depot_forget_memory(view->depot);
        view->shows = false;
        view->outside = address_ipv4(address);
        for (unsigned i = 0; i < view->generations->count && r == 0; i++)
                r = intake_live_show(
                        view->generations->items[i].intake, view->depot, view->outside, now_ms, error);
        if (r < 0)
                return r;
        view->shows = true;
        r = inquiry_enter_memory(view->inquiry);
        return r < 0 ? error_set(error, r, "not enough memory") : 0;
}
