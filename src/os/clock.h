/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_OS_CLOCK_H
#define ROGATORY_OS_CLOCK_H

#include <stdint.h>

/* This machine's clock, ms since 1970 UTC. */
int64_t clock_now_ms(void);

/* A clock that nobody sets, for measuring how long something took; its zero means nothing. */
int64_t clock_steady_ms(void);

#endif
