/*
 * A minimal shim in C: copy it, and put your implementation where the toy is.
 *
 * It answers the minimal profile. docs/shim-protocol.md says what each request asks for, and
 * `otrspec shim check ./shim` says what is missing or wrong. What your implementation can do beyond
 * this is a capability: name it in main(), and give the function of its request (see otrshim.h).
 */
#include <stdlib.h>
#include <string.h>

#include "otrshim.h"
#include "toy.h" /* replace: your implementation */

struct endpoint {
    struct otrshim_report *report;
    struct toy otr; /* replace */
};

/* ---- What is reported. Have these called, in the order in which things happen. */

static void on_wire(void *data, const void *wire, size_t length)
{
    otrshim_wire(((struct endpoint *)data)->report, wire, length);
}
static void on_message(void *data, const void *text, size_t length, bool secure)
{
    otrshim_message(((struct endpoint *)data)->report, text, length, secure);
}
static void on_secure(void *data, const unsigned char *fingerprint, int version)
{
    struct otrshim_private what = {fingerprint, OTRSHIM_FINGERPRINT, (const unsigned char *)"no proof",
                                   version, NULL, 0, -1};
    otrshim_secure(((struct endpoint *)data)->report, &what);
}
static void on_finished(void *data)
{
    otrshim_finished(((struct endpoint *)data)->report);
}
static const struct toy_listener listener = {on_wire, on_message, on_secure, on_finished};

/* ---- What is asked. Replace: call the implementation, which calls back above. */

static void *make(struct otrshim_report *report, const struct otrshim_new *given,
                  struct otrshim_made *made)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);

    if (endpoint != NULL) {
        /* Replace. Allow the versions in given->policy and no other. Generating a long-term key is
         * slow: keep it, by account. */
        int version = otrshim_allows(given->policy, "v3") ? 3 : 2;

        toy_init(&endpoint->otr, given->account, given->peer, version, &listener, endpoint);
        memcpy(made->fingerprint, endpoint->otr.ours, sizeof endpoint->otr.ours);
        endpoint->report = report;
    }
    return endpoint;
}
static enum otrshim_result receive(void *endpoint, struct otrshim_octets wire)
{
    toy_receive(&((struct endpoint *)endpoint)->otr, wire.at, wire.length);
    return OTRSHIM_OK; /* or OTRSHIM_REFUSED, where the implementation returns an error */
}
static enum otrshim_result send(void *endpoint, struct otrshim_octets text, uint32_t to)
{
    (void)to;
    toy_send(&((struct endpoint *)endpoint)->otr, text.at, text.length);
    return OTRSHIM_OK;
}
static enum otrshim_result start(void *endpoint, const char *by)
{
    (void)by;
    toy_start(&((struct endpoint *)endpoint)->otr);
    return OTRSHIM_OK;
}
static enum otrshim_result end(void *endpoint, uint32_t to)
{
    (void)to;
    toy_end(&((struct endpoint *)endpoint)->otr);
    return OTRSHIM_OK;
}

int main(void)
{ /* The versions of OTR that it speaks, and what else it can do, such as "smp state". */
    return otrshim_serve(&(struct otrshim){
        .name = "my-otr", .version = "0.1", .protocols = "2 3", .capabilities = "",
        .make = make, .drop = free, .receive = receive, .send = send, .start = start, .end = end});
}
