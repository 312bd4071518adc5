/* A stand-in for an implementation: see toy.h. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "toy.h"

/* The toy's messages. A text is hidden by turning its bits over, which hides it from nobody. */
static const char START[] = "?TOY start";
static const char STARTED[] = "?TOY started";
static const char END[] = "?TOY end";
static const char TEXT[] = "?TOY text ";

/* There is no key: the fingerprint is a hash of the account, of no use to anybody. */
static void fingerprint_of(const char *account, unsigned char fingerprint[TOY_FINGERPRINT])
{
    uint64_t hash = 0xcbf29ce484222325;
    size_t i;

    for (; *account != '\0'; account++) {
        hash = (hash ^ (unsigned char)*account) * 0x100000001b3;
    }
    for (i = 0; i < TOY_FINGERPRINT; i++) {
        hash = (hash ^ i) * 0x100000001b3;
        fingerprint[i] = (unsigned char)(hash >> 32);
    }
}

static void say(struct toy *toy, const char *message)
{
    toy->listener->on_wire(toy->data, message, strlen(message));
}

static void become_private(struct toy *toy)
{
    toy->private = true;
    toy->listener->on_secure(toy->data, toy->theirs, toy->version);
}

void toy_init(struct toy *toy, const char *account, const char *peer, int version,
              const struct toy_listener *listener, void *data)
{
    fingerprint_of(account, toy->ours);
    fingerprint_of(peer, toy->theirs);
    toy->version = version;
    toy->private = false;
    toy->listener = listener;
    toy->data = data;
}

void toy_start(struct toy *toy)
{
    say(toy, START);
}

void toy_send(struct toy *toy, const void *text, size_t length)
{
    size_t opening = sizeof TEXT - 1;
    unsigned char *wire;
    size_t i;

    if (!toy->private) {
        toy->listener->on_wire(toy->data, text, length);
        return;
    }
    wire = malloc(opening + length);
    if (wire == NULL) {
        abort();
    }
    memcpy(wire, TEXT, opening);
    for (i = 0; i < length; i++) {
        wire[opening + i] = ((const unsigned char *)text)[i] ^ 0xff;
    }
    toy->listener->on_wire(toy->data, wire, opening + length);
    free(wire);
}

void toy_end(struct toy *toy)
{
    if (toy->private) {
        toy->private = false;
        say(toy, END);
    }
}

static bool is(const void *wire, size_t length, const char *message)
{
    return length == strlen(message) && memcmp(wire, message, length) == 0;
}

static void show(struct toy *toy, const unsigned char *hidden, size_t length)
{
    unsigned char *text = malloc(length + 1);
    size_t i;

    if (text == NULL) {
        abort();
    }
    for (i = 0; i < length; i++) {
        text[i] = hidden[i] ^ 0xff;
    }
    toy->listener->on_message(toy->data, text, length, true);
    free(text);
}

void toy_receive(struct toy *toy, const void *wire, size_t length)
{
    size_t opening = sizeof TEXT - 1;

    if (is(wire, length, START)) {
        say(toy, STARTED);
        become_private(toy);
    } else if (is(wire, length, STARTED)) {
        become_private(toy);
    } else if (is(wire, length, END)) {
        if (toy->private) {
            toy->private = false;
            toy->listener->on_finished(toy->data);
        }
    } else if (length >= opening && memcmp(wire, TEXT, opening) == 0) {
        if (toy->private) {
            show(toy, (const unsigned char *)wire + opening, length - opening);
        }
    } else {
        toy->listener->on_message(toy->data, wire, length, false);
    }
}
