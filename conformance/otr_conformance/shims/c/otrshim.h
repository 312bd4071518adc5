/*
 * What a shim in C is made of, except the implementation.
 *
 * A shim is a small program around an implementation of OTR that speaks the shim protocol
 * (docs/shim-protocol.md) on standard input and output. Fill in a struct otrshim with functions,
 * one for each request that the shim answers, and call otrshim_serve(). What the implementation
 * does and says is reported by the functions at the end, at any time: what was not caused by a
 * request to that endpoint comes with its next answer. Not for several threads.
 *
 * A request whose function is NULL, or whose capability is not declared, is answered by
 * "unsupported". "hello", "forget", "reset" and "bye" are answered here. Whatever is printed goes
 * to standard error. Octets that are handed to a function are valid until it returns.
 *
 * C11 and POSIX. Compile otrshim.c and json.c with the shim.
 */

#ifndef OTRSHIM_H
#define OTRSHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OTRSHIM_FINGERPRINT 20
#define OTRSHIM_FINGERPRINT_4 56
#define OTRSHIM_SSID 8

/* Octets, or none at all: then `at` is NULL. A NUL follows them, which `length` does not count. */
struct otrshim_octets {
    const unsigned char *at;
    size_t length;
};

/* What came of a request. */
enum otrshim_result {
    OTRSHIM_OK,
    OTRSHIM_REFUSED,     /* the implementation returned an error for this call */
    OTRSHIM_UNSUPPORTED, /* a value is beyond what the implementation can take, such as a NUL */
    OTRSHIM_INTERNAL     /* something else went wrong; say what on standard error */
};

/* Where to report what happens at an endpoint. */
struct otrshim_report;

/* What an endpoint is made of. What was not given is 0 or NULL. */
struct otrshim_new {
    const char *endpoint;
    const char *account;
    const char *peer;
    const char *policy;              /* words: see otrshim_allows() */
    uint32_t tag;                    /* the instance tag to use */
    struct otrshim_octets key;       /* the long-term key to use: PUBKEY, and x as an MPI */
    int fragment;                    /* the largest piece of a message on the wire, in bytes */
    const char *mode;                /* from here on for version 4 */
    struct otrshim_octets sym_h;
    struct otrshim_octets forging;
    struct otrshim_octets trusted;
    struct otrshim_octets known_profile;
    const int64_t *now;
};

/* What an endpoint says of itself. It is all 0 before. */
struct otrshim_made {
    unsigned char fingerprint[OTRSHIM_FINGERPRINT_4];
    size_t fingerprint_length;       /* 20; in version 4, 56 */
    uint32_t tag;                    /* 0: it has none */
    unsigned char fingerprint3[OTRSHIM_FINGERPRINT];
    bool has_fingerprint3;           /* it has a DSA key beside that of version 4 */
};

/* The state of a conversation, in words of the shim protocol; NULL: not known. */
struct otrshim_state {
    const char *msgstate;
    const char *authstate;
    const char *smpstate;
    const char *dakestate;
};

/* A prekey ensemble. What the shim gives away here stays its own, until the next request. */
struct otrshim_ensemble {
    struct otrshim_octets client_profile;
    struct otrshim_octets prekey_profile;
    struct otrshim_octets prekey_message;
};

/*
 * A shim: what it says of itself, and what it does. `endpoint` is what make() has returned, `to` the
 * instance tag that is meant, 0 where none was given.
 */
struct otrshim {
    const char *name;                /* of the implementation, for people */
    const char *version;             /* likewise */
    const char *protocols;           /* versions of OTR, separated by one space: "2 3" */
    const char *capabilities;        /* words, separated by one space; may be "" */
    int64_t message_limit;           /* the largest text in bytes that it sends; 0: not known */

    /* The minimal profile. make() returns NULL where it cannot; drop() frees what it returned. */
    void *(*make)(struct otrshim_report *report, const struct otrshim_new *given,
                  struct otrshim_made *made);
    void (*drop)(void *endpoint);
    enum otrshim_result (*receive)(void *endpoint, struct otrshim_octets wire);
    enum otrshim_result (*send)(void *endpoint, struct otrshim_octets text, uint32_t to);
    enum otrshim_result (*start)(void *endpoint, const char *by);
    enum otrshim_result (*end)(void *endpoint, uint32_t to);

    /* What works in the background reports its doings here; NULL: nothing does. */
    enum otrshim_result (*poll)(void *endpoint);

    /* Capabilities. A question that was not asked has `at` NULL. */
    enum otrshim_result (*smp_start)(void *endpoint, struct otrshim_octets secret,
                                     struct otrshim_octets question, uint32_t to);
    enum otrshim_result (*smp_answer)(void *endpoint, struct otrshim_octets secret, uint32_t to);
    enum otrshim_result (*smp_abort)(void *endpoint, uint32_t to);
    enum otrshim_result (*extra_key)(void *endpoint, uint32_t use, struct otrshim_octets data,
                                     uint32_t to);
    enum otrshim_result (*heartbeat)(void *endpoint, uint32_t to);
    enum otrshim_result (*state)(void *endpoint, uint32_t to, struct otrshim_state *state);
    enum otrshim_result (*profile)(void *endpoint, struct otrshim_octets *profile);
    enum otrshim_result (*ensemble)(void *endpoint, struct otrshim_ensemble *ensemble);
    enum otrshim_result (*offline)(void *endpoint, const struct otrshim_ensemble *ensemble);
    void (*clock)(int64_t seconds);  /* time moves for every endpoint */
    void (*tick)(void *endpoint);    /* look at the clock, which has moved; may be NULL */
    void (*reset)(void);             /* every endpoint has been dropped; may be NULL */
    void (*seed)(uint32_t seed);     /* behind that: random numbers are those of it; may be NULL */
};

/* Answer the suite until it says "bye" or closes standard input. Returns the exit status. */
int otrshim_serve(const struct otrshim *shim);

/* Whether a policy has a word, such as "v3" or "require-encryption". */
bool otrshim_allows(const char *policy, const char *word);

/* ---- what is reported ---- */

/* A private conversation. What is not known is 0 or NULL; `interactive` is -1 then. */
struct otrshim_private {
    const unsigned char *fingerprint;
    size_t fingerprint_length;
    const unsigned char *ssid;       /* 8 bytes */
    int version;
    const char *bold;                /* "first" or "second" */
    uint32_t peer_tag;
    int interactive;                 /* of version 4: 1 or 0; otherwise -1 */
};

void otrshim_wire(struct otrshim_report *report, const void *wire, size_t length);
void otrshim_message(struct otrshim_report *report, const void *text, size_t length, bool secure);
void otrshim_warning(struct otrshim_report *report, const char *about);
void otrshim_error(struct otrshim_report *report, const void *text, size_t length);
void otrshim_secure(struct otrshim_report *report, const struct otrshim_private *what);
void otrshim_still_secure(struct otrshim_report *report, const struct otrshim_private *what);
void otrshim_finished(struct otrshim_report *report);
void otrshim_insecure(struct otrshim_report *report);
void otrshim_resent(struct otrshim_report *report, const void *text, size_t length);

/* `question` is NULL where there is none. */
void otrshim_smp(struct otrshim_report *report, const char *stage, const void *question,
                 size_t length);

/* `key` has 32 bytes, in version 4 64; `side` is "sent" or "received". */
void otrshim_extra_key(struct otrshim_report *report, const unsigned char *key, size_t key_length,
                       uint32_t use, const void *data, size_t length, const char *side);
void otrshim_heartbeat(struct otrshim_report *report, const char *side);
void otrshim_prekey_used(struct otrshim_report *report, uint32_t identifier);

#endif
