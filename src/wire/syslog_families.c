/* SPDX-License-Identifier: EUPL-1.2 */
/* The one place that lists the families of syslog. */
#include "wire/syslog_vendors.h"

#include <string.h>

static const struct syslog_family *const families[] = {
        &syslog_juniper_pba,
        &syslog_juniper_flow,
        &syslog_juniper_ms_mpc,
        &syslog_a10,
        &syslog_6wind,
        &syslog_nfware,
        &syslog_huawei,
        &syslog_fortinet,
        &syslog_cisco_iosxe,
        &syslog_cisco_iosxr,
        &syslog_cisco_asa,
        &syslog_mikrotik,
        &syslog_jool,
        &syslog_h3c,
        &syslog_citrix,
};

#define FAMILY_COUNT (sizeof families / sizeof families[0])

const struct syslog_family *const *syslog_families(size_t *ret_count)
{
        *ret_count = FAMILY_COUNT;
        return families;
}

const struct syslog_family *syslog_family_by_name(const char *name)
{
        for (size_t i = 0; i < FAMILY_COUNT; i++)
                if (strcmp(families[i]->name, name) == 0)
                        return families[i];
        return NULL;
}
