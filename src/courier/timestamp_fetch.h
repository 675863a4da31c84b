/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef ROGATORY_COURIER_TIMESTAMP_FETCH_H
#define ROGATORY_COURIER_TIMESTAMP_FETCH_H

/* A timestamp from a service of RFC 3161 over HTTP (section 3.4 there), by libcurl: one request, one answer,
 * within a time and a size. No redirect, no proxy, nothing out of the environment. What the answer is worth
 * is not asked here but in crypto/timestamp.h; whoever listens in between sees a digest and can do no more
 * than withhold the answer. */

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

#include <stdint.h>

#define TIMESTAMP_FETCH_MS 20000        /* name, connection, request and answer together */
#define TIMESTAMP_FETCH_CONNECT_MS 8000 /* of these for name and connection */

struct timestamp_service {
        const char *url; /* http:// or https:// */
        /* Certificates in PEM that the service's for TLS must lead to; empty: https:// is refused, because
         * no authority is trusted by default. */
        struct slice authorities;
        int64_t whole_ms; /* 0: TIMESTAMP_FETCH_MS */
};

/* "tsa.example.org", 318: where it is, for whoever has to let a process reach it. -EINVAL with words: what is
 * no URL of a service (also one with a user, a password or a fragment in it). */
#define TIMESTAMP_HOST_MAX 256
int timestamp_service_place(
        const char *url, char ret_host[TIMESTAMP_HOST_MAX], uint16_t *ret_port, struct error *error);

/* Sends a request (timestamp_request) and appends the answer, which is for timestamp_accept to judge.
 * -EHOSTUNREACH (not there, or it does not answer in time), -EPROTO (it answers something else), -EFBIG (it
 * answers more than ret_response may hold), -EINVAL, -ENOMEM; each with words. */
int timestamp_fetch(const struct timestamp_service *service, struct slice request,
        struct buffer *ret_response, struct error *error);

#endif
