/* SPDX-License-Identifier: EUPL-1.2 */
/* Huawei NetEngine: flow syslogs in "type 3" format, "[L4 PRIVATEIP - PUBLICIP PRIVATEPORT PUBLICPORT -]" for
 * NAT444 and "[L4 - PRIVATEIP PUBLICIP PRIVATEPORT PUBLICPORT -]" for NAT64. The header's time has a year and
 * no zone. */
#include "wire/syslog_vendors.h"

static const struct syslog_pattern patterns[] = {
        {.text = "NAT444:SessionbasedA [%{protocol} %{inside} - %{outside} %{inside-port} %{first} -]",
                .mark = ":Sessionbased",
                .kind = NAT_SESSION,
                .action = NAT_OPEN},
        {.text = "NAT444:SessionbasedW [%{protocol} %{inside} - %{outside} %{inside-port} %{first} -]",
                .mark = ":Sessionbased",
                .kind = NAT_SESSION,
                .action = NAT_CLOSE},
        {.text = "NAT64:SessionbasedA [%{protocol} - %{inside} %{outside} %{inside-port} %{first} -]",
                .mark = ":Sessionbased",
                .kind = NAT_SESSION,
                .action = NAT_OPEN},
        {.text = "NAT64:SessionbasedW [%{protocol} - %{inside} %{outside} %{inside-port} %{first} -]",
                .mark = ":Sessionbased",
                .kind = NAT_SESSION,
                .action = NAT_CLOSE},
        /* Other types (user-based port ranges, flexible formats) are not described in public: refused. */
        {.text = "NAT444:", .action = SYSLOG_NOTHING},
        {.text = "NAT64:", .action = SYSLOG_NOTHING},
};

const struct syslog_family syslog_huawei = {
        .name = "huawei",
        .description = "Huawei NetEngine: flow syslogs in type 3 format, NAT444 and NAT64",
        .source = "Huawei NetEngine 8000, CGN Log Format, Flow Syslog Format (type 3)",
        SYSLOG_PATTERNS(patterns),
};
