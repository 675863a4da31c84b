/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_WIRE_SYSLOG_VENDORS_H
#define ROGATORY_WIRE_SYSLOG_VENDORS_H

/* The tables of the families, each in a file of its vendor; syslog_families.c puts them together. */

#include "wire/syslog.h"

extern const struct syslog_family syslog_juniper_pba, syslog_juniper_flow, syslog_juniper_ms_mpc;
extern const struct syslog_family syslog_a10;
extern const struct syslog_family syslog_6wind;
extern const struct syslog_family syslog_nfware;
extern const struct syslog_family syslog_huawei;
extern const struct syslog_family syslog_fortinet;
extern const struct syslog_family syslog_cisco_iosxe, syslog_cisco_iosxr, syslog_cisco_asa;
extern const struct syslog_family syslog_mikrotik, syslog_jool, syslog_h3c, syslog_citrix;

#endif
