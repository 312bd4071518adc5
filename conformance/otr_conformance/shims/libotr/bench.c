/*
 * How fast libotr is: Alice and Bob, both libotr, in one process, nothing in between but a queue.
 *
 *     bench [fragment [repeats [version]]]
 *
 * fragment is the largest size of a message in bytes (0: no limit), version is 2 or 3. The phases
 * of one repeat, each timed as a whole with the monotonic clock, are
 *
 *     ake        from Alice's query message until both are private
 *     alternate  100 texts each way, strictly alternating: each text rotates keys
 *     burst      100 texts each way in 10 bursts of 10 each way: each burst rotates keys once
 *     smp        SMP with equal secrets, from the start until both have succeeded
 *
 * Not timed: the DSA keys, which are generated once, and the user states. libgcrypt's quick random
 * generator is used, as in the shim: real randomness would make the figures larger. The result is
 * one flat JSON line; a phase's field lists its seconds, one figure for each repeat.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gcrypt.h>
#include <libotr/proto.h> /* first: the others need it and do not include it */
#include <libotr/instag.h>
#include <libotr/message.h>
#include <libotr/privkey.h>

#include "json.h"

#define NETWORK "otrspec"
#define TEXTS 100
#define BURST 10
#define TEXT "A text of sixty-four bytes, which is what people type in a chat."
#define REPEATS_LIMIT 1000

static void give_up(const char *why)
{
    fprintf(stderr, "bench: %s\n", why);
    exit(1);
}

/* ---- the two sides and the queue between them ---- */

struct side {
    const char *name;
    struct side *other;
    OtrlUserState user;
    OtrlPolicy policy;
    int fragment;
    int secure;         /* conversations that became private */
    int texts;          /* texts that were shown */
    int asked;          /* requests to answer SMP */
    int verified;       /* SMP that succeeded */
};

struct letter {
    struct letter *next;
    struct side *to;
    char *message;
};

static struct letter *first_letter = NULL;
static struct letter **last_link = &first_letter;
static long letters = 0;

static void post(struct side *to, const char *message)
{
    struct letter *letter = malloc(sizeof *letter);

    if (letter == NULL || (letter->message = strdup(message)) == NULL) {
        give_up("out of memory");
    }
    letter->next = NULL;
    letter->to = to;
    *last_link = letter;
    last_link = &letter->next;
    letters++;
}

/* ---- what libotr asks of its application ---- */

static OtrlPolicy on_policy(void *data, ConnContext *context)
{
    (void)context;
    return ((struct side *)data)->policy;
}

static int on_is_logged_in(void *data, const char *account, const char *network, const char *peer)
{
    (void)data;
    (void)account;
    (void)network;
    (void)peer;
    return 1;
}

static void on_inject(void *data, const char *account, const char *network, const char *peer,
                      const char *message)
{
    (void)account;
    (void)network;
    (void)peer;
    post(((struct side *)data)->other, message);
}

static void on_gone_secure(void *data, ConnContext *context)
{
    (void)context;
    ((struct side *)data)->secure++;
}

static int on_max_message_size(void *data, ConnContext *context)
{
    (void)context;
    return ((struct side *)data)->fragment;
}

static void on_smp_event(void *data, OtrlSMPEvent event, ConnContext *context,
                         unsigned short percent, char *question)
{
    struct side *side = data;

    (void)context;
    (void)percent;
    (void)question;
    if (event == OTRL_SMPEVENT_ASK_FOR_SECRET) {
        side->asked++;
    } else if (event == OTRL_SMPEVENT_SUCCESS) {
        side->verified++;
    }
}

static const OtrlMessageAppOps OPERATIONS = {
    .policy = on_policy,
    .is_logged_in = on_is_logged_in,
    .inject_message = on_inject,
    .gone_secure = on_gone_secure,
    .max_message_size = on_max_message_size,
    .handle_smp_event = on_smp_event,
};

/* ---- what the two do ---- */

/* Deliver letters, and the letters that come of them, until there are none. */
static void deliver(void)
{
    while (first_letter != NULL) {
        struct letter *letter = first_letter;
        struct side *to = letter->to;
        char *shown = NULL;
        OtrlTLV *tlvs = NULL;

        first_letter = letter->next;
        if (first_letter == NULL) {
            last_link = &first_letter;
        }
        if (!otrl_message_receiving(to->user, &OPERATIONS, to, to->name, NETWORK, to->other->name,
                                    letter->message, &shown, &tlvs, NULL, NULL, NULL)) {
            to->texts++;
        }
        otrl_tlv_free(tlvs);
        otrl_message_free(shown);
        free(letter->message);
        free(letter);
    }
}

static void say(struct side *from)
{
    char *instead = NULL;

    if (otrl_message_sending(from->user, &OPERATIONS, from, from->name, NETWORK, from->other->name,
                             OTRL_INSTAG_BEST, TEXT, NULL, &instead, OTRL_FRAGMENT_SEND_ALL, NULL,
                             NULL, NULL)
        || instead == NULL) {
        give_up("a text was not sent, or not encrypted");
    }
    otrl_message_free(instead);
}

static ConnContext *conversation(const struct side *side)
{
    ConnContext *context = otrl_context_find(side->user, side->other->name, side->name, NETWORK,
                                             OTRL_INSTAG_BEST, 0, NULL, NULL, NULL);

    if (context == NULL) {
        give_up("there is no conversation");
    }
    return context;
}

static void run_ake(struct side *alice, struct side *bob)
{
    char *query = otrl_proto_default_query_msg(alice->name, alice->policy);

    if (query == NULL) {
        give_up("libotr made no query");
    }
    post(bob, query);
    free(query);
    deliver();
    if (alice->secure != 1 || bob->secure != 1) {
        give_up("the AKE did not end");
    }
}

static void run_texts(struct side *alice, struct side *bob, int burst)
{
    int i;
    int k;

    alice->texts = bob->texts = 0;
    for (i = 0; i < TEXTS; i += burst) {
        for (k = 0; k < burst; k++) {
            say(alice);
            deliver();
        }
        for (k = 0; k < burst; k++) {
            say(bob);
            deliver();
        }
    }
    if (alice->texts != TEXTS || bob->texts != TEXTS) {
        give_up("texts were lost");
    }
}

static void run_smp(struct side *alice, struct side *bob)
{
    static const unsigned char secret[] = "the secret that both know";

    otrl_message_initiate_smp(alice->user, &OPERATIONS, alice, conversation(alice), secret,
                              sizeof secret - 1);
    deliver();
    if (bob->asked != 1) {
        give_up("SMP did not begin");
    }
    otrl_message_respond_smp(bob->user, &OPERATIONS, bob, conversation(bob), secret,
                             sizeof secret - 1);
    deliver();
    if (alice->verified != 1 || bob->verified != 1) {
        give_up("SMP did not succeed");
    }
}

/* ---- setting up, timing, reporting ---- */

static void make_side(struct side *side, const char *name, struct side *other, int fragment,
                      int version)
{
    FILE *keys = tmpfile();
    FILE *tags = tmpfile();

    if (keys == NULL || tags == NULL) {
        give_up("there is no temporary file");
    }
    side->name = name;
    side->other = other;
    side->policy = version == 2 ? OTRL_POLICY_ALLOW_V2 : OTRL_POLICY_ALLOW_V3;
    side->fragment = fragment;
    side->user = otrl_userstate_create();
    if (otrl_privkey_generate_FILEp(side->user, keys, name, NETWORK)
        || otrl_instag_generate_FILEp(side->user, tags, name, NETWORK)) {
        give_up("libotr made no key");
    }
    fclose(keys);
    fclose(tags);
}

/* Before each repeat: no conversation, the same key and tag. */
static void forget(struct side *side)
{
    otrl_context_forget_all(side->user);
    side->secure = side->texts = side->asked = side->verified = 0;
}

static double seconds(void)
{
    struct timespec reading;

    if (clock_gettime(CLOCK_MONOTONIC, &reading) != 0) {
        give_up("there is no monotonic clock");
    }
    return (double)reading.tv_sec + (double)reading.tv_nsec / 1e9;
}

enum { AKE, ALTERNATE, BURSTS, SMP, PHASES };

static const char *const PHASE_NAMES[PHASES] = {"ake", "alternate", "burst", "smp"};

static void run_repeat(struct side *alice, struct side *bob, double spent[PHASES])
{
    double mark[PHASES + 1];
    int phase;

    forget(alice);
    forget(bob);
    mark[AKE] = seconds();
    run_ake(alice, bob);
    mark[ALTERNATE] = seconds();
    run_texts(alice, bob, 1);
    mark[BURSTS] = seconds();
    run_texts(alice, bob, BURST);
    mark[SMP] = seconds();
    run_smp(alice, bob);
    mark[PHASES] = seconds();
    for (phase = 0; phase < PHASES; phase++) {
        spent[phase] = mark[phase + 1] - mark[phase];
    }
}

/* A decimal number from least to most. */
static int parse_number(const char *text, int least, int most, const char *what)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (end == text || *end != '\0' || number < least || number > most) {
        give_up(what);
    }
    return (int)number;
}

int main(int argc, char **argv)
{
    static double spent[REPEATS_LIMIT][PHASES];
    static char figures[REPEATS_LIMIT * 16];
    int fragment = argc > 1 ? parse_number(argv[1], 0, 1 << 30, "fragment: 0, or 38 and more") : 0;
    int repeats = argc > 2 ? parse_number(argv[2], 1, REPEATS_LIMIT, "repeats: 1 to 1000") : 5;
    int version = argc > 3 ? parse_number(argv[3], 2, 3, "version: 2 or 3") : 3;
    struct side alice = {0};
    struct side bob = {0};
    struct json_writer line;
    int repeat;
    int phase;

    if (argc > 4 || (fragment > 0 && fragment < 38)) {
        give_up("usage: bench [fragment (0, or 38 and more) [repeats [version]]]");
    }
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    OTRL_INIT;
    make_side(&alice, "alice", &bob, fragment, version);
    make_side(&bob, "bob", &alice, fragment, version);
    for (repeat = 0; repeat < repeats; repeat++) {
        run_repeat(&alice, &bob, spent[repeat]);
    }
    json_begin(&line, stdout);
    json_put_text(&line, "name", "libotr");
    json_put_text(&line, "version", otrl_version());
    json_put_text(&line, "libgcrypt", gcry_check_version(NULL));
    json_put_text(&line, "random", "quick");
    json_put_number(&line, "protocol", version);
    json_put_number(&line, "fragment", fragment);
    json_put_number(&line, "repeats", repeats);
    json_put_number(&line, "texts-each-way", TEXTS);
    json_put_number(&line, "burst-length", BURST);
    json_put_number(&line, "text-bytes", (int64_t)strlen(TEXT));
    json_put_number(&line, "messages-per-repeat", letters / repeats);
    for (phase = 0; phase < PHASES; phase++) {
        size_t used = 0;

        for (repeat = 0; repeat < repeats; repeat++) {
            int written = snprintf(figures + used, sizeof figures - used, "%s%.6f",
                                   repeat > 0 ? " " : "", spent[repeat][phase]);

            if (written < 0 || (size_t)written >= sizeof figures - used) {
                give_up("the figures do not fit");
            }
            used += (size_t)written;
        }
        json_put_text(&line, PHASE_NAMES[phase], figures);
    }
    json_end(&line);
    otrl_userstate_free(alice.user);
    otrl_userstate_free(bob.user);
    return 0;
}
