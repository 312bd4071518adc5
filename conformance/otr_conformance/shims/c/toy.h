/*
 * A stand-in for an implementation: it speaks no OTR and protects nothing. Delete it when yours is
 * in its place. Its messages on the wire begin with ?TOY.
 */

#ifndef TOY_H
#define TOY_H

#include <stdbool.h>
#include <stddef.h>

#define TOY_FINGERPRINT 20

/* What the toy calls back. */
struct toy_listener {
    void (*on_wire)(void *data, const void *wire, size_t length);
    void (*on_message)(void *data, const void *text, size_t length, bool secure);
    void (*on_secure)(void *data, const unsigned char *fingerprint, int version);
    void (*on_finished)(void *data);
};

/* One side of a conversation. */
struct toy {
    unsigned char ours[TOY_FINGERPRINT];
    unsigned char theirs[TOY_FINGERPRINT];
    int version;
    bool private;
    const struct toy_listener *listener;
    void *data; /* given to the listener */
};

void toy_init(struct toy *toy, const char *account, const char *peer, int version,
              const struct toy_listener *listener, void *data);
void toy_start(struct toy *toy);
void toy_send(struct toy *toy, const void *text, size_t length);
void toy_end(struct toy *toy);
void toy_receive(struct toy *toy, const void *wire, size_t length);

#endif
