/*
 * The shim of libotr 4: it speaks the shim protocol (docs/shim-protocol.md) on standard input and
 * output, and does what an instant messaging client built on libotr does. Each endpoint has a user
 * state of its own, so that endpoints share nothing but the clock.
 *
 * What libotr reports through its callbacks becomes an event line at once, in libotr's order. What
 * libotr leaves to its application is done here as its headers ask: SMP is aborted when libotr
 * reports cheating or an SMP message out of turn, the end of the peer's conversation is read from
 * the TLVs, the empty text that libotr yields in the state "finished" is not transmitted, and its
 * timer is kept. Fields whose names begin with x- are for people.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
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

#define SHIM_PROTOCOL 1

/* libotr keeps keys and tags by account and by the name of the chat network. */
#define NETWORK "otrspec"

/* The largest text to send: the message that comes of it still fits a line in base64 of base64. */
#define MESSAGE_LIMIT 393216

/* libotr's fragment headers take 36 bytes, and it divides by (limit - 37). */
#define FRAGMENT_MINIMUM 38
#define FRAGMENT_MINIMUM_V2 20

/* The length of a TLV's value is a 16-bit number, which libotr does not check for its caller. */
#define EXTRA_KEY_DATA_LIMIT (65535 - 4)
#define SMP_QUESTION_LIMIT 60000

/* Keys that were generated for accounts, kept for their next endpoint. */
#define KEPT_KEYS_LIMIT 64

/* ---- the clock ---- */

/* Time moves only by the request "clock". It begins at 2001-09-09T01:46:40Z after each reset. */
#define CLOCK_START ((time_t)1000000000)

static time_t now = CLOCK_START;
static unsigned long clock_readings = 0;

/* This definition stands before the C library's, for libotr as well: see clock_is_ours(). */
time_t time(time_t *out)
{
    clock_readings++;
    if (out != NULL) {
        *out = now;
    }
    return now;
}

/* ---- random numbers ---- */

/*
 * Random numbers are made of the seed, of whom they are drawn for, and of how many requests came
 * before since the last reset, so that a conversation goes the same way each time.
 */
#define DRAWN 32

static struct {
    char from[320];
    unsigned long block;
    unsigned char left[DRAWN];
    size_t used;
} drawing = {"", 0, {0}, DRAWN};
static unsigned long requests = 0;
static unsigned long seed = 0;

/* What is drawn from now on is for an account's side of a conversation. */
static void draw_for(const char *account, const char *peer, unsigned long tag)
{
    snprintf(drawing.from, sizeof drawing.from, "%lu %s %s %08lx %lu", seed, account, peer, tag,
             requests);
    drawing.block = 0;
    drawing.used = DRAWN;
}

/* These definitions stand before libgcrypt's for libotr, as that of time() does. */
void gcry_randomize(void *buffer, size_t length, enum gcry_random_level level)
{
    unsigned char *octets = buffer;
    char block[sizeof drawing.from + 32];

    (void)level;
    while (length-- > 0) {
        if (drawing.used == DRAWN) {
            int size = snprintf(block, sizeof block, "%s %lu", drawing.from, drawing.block++);

            gcry_md_hash_buffer(GCRY_MD_SHA256, drawing.left, block, (size_t)size);
            drawing.used = 0;
        }
        *octets++ = drawing.left[drawing.used++];
    }
}

void *gcry_random_bytes(size_t length, enum gcry_random_level level)
{
    void *octets = gcry_xmalloc(length);

    gcry_randomize(octets, length, level);
    return octets;
}

void *gcry_random_bytes_secure(size_t length, enum gcry_random_level level)
{
    void *octets = gcry_xmalloc_secure(length);

    gcry_randomize(octets, length, level);
    return octets;
}

/* ---- endpoints ---- */

struct endpoint {
    struct endpoint *next;
    char *name;
    char *account;
    char *peer;
    otrl_instag_t tag;
    OtrlUserState user;
    OtrlPolicy policy;
    int fragment;

    /* libotr's request to be polled: every interval seconds (0: never), next at due. */
    unsigned int interval;
    time_t due;

    /* What the callbacks leave for the end of the current request. */
    bool decrypted;             /* a data message was decrypted */
    bool heartbeat;             /* it had no text */
    ConnContext *waiting;       /* a conversation became private and has a text that waited for it */
    char *waiting_text;
};

/* What we remember about one conversation of an endpoint. */
struct notes {
    bool asked;                 /* the peer began SMP and our user has not answered */
};

static struct endpoint *endpoints = NULL;
static OtrlUserState kept_keys = NULL;

static struct endpoint *find_endpoint(const char *name)
{
    struct endpoint *endpoint;

    for (endpoint = endpoints; endpoint != NULL; endpoint = endpoint->next) {
        if (strcmp(endpoint->name, name) == 0) {
            return endpoint;
        }
    }
    return NULL;
}

static void free_endpoint(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    if (endpoint->user != NULL) {
        otrl_userstate_free(endpoint->user);
    }
    free(endpoint->name);
    free(endpoint->account);
    free(endpoint->peer);
    free(endpoint->waiting_text);
    free(endpoint);
}

static void forget_endpoints(void)
{
    while (endpoints != NULL) {
        struct endpoint *next = endpoints->next;

        free_endpoint(endpoints);
        endpoints = next;
    }
}

static void add_notes(void *unused, ConnContext *context)
{
    (void)unused;
    context->app_data = calloc(1, sizeof(struct notes));
    context->app_data_free = free;
}

static void set_asked(ConnContext *context, bool asked)
{
    struct notes *notes = context->app_data;

    if (notes != NULL) {
        notes->asked = asked;
    }
}

/* libotr does not check whether there is an SMP message to answer, and reads freed state if not. */
static bool may_answer(const ConnContext *context)
{
    const struct notes *notes = context->app_data;

    return notes != NULL && notes->asked && context->smstate->g1 != NULL;
}

/* ---- answers ---- */

static struct json_writer answer;
static int64_t current_request = 0;
static bool wire_lost = false;

static void begin_event(const char *event)
{
    json_begin(&answer, stdout);
    json_put_number(&answer, "re", current_request);
    json_put_text(&answer, "event", event);
}

static void end_event(void)
{
    json_end(&answer);
}

/* Octets that do not fit a line are cut; x-length then says how many there were. */
static void put_octets(const char *name, const void *octets, size_t length)
{
    size_t shown = length > JSON_OCTETS_MAX ? JSON_OCTETS_MAX : length;

    json_put_base64(&answer, name, octets, shown);
    if (shown < length) {
        json_put_number(&answer, "x-length", (int64_t)length);
    }
}

/* An empty message is libotr's sign that nothing may be transmitted. */
static void emit_wire(const char *message)
{
    size_t length = strlen(message);

    if (length == 0) {
        return;
    }
    if (length > JSON_OCTETS_MAX) {
        wire_lost = true;
        return;
    }
    begin_event("wire");
    put_octets("wire", message, length);
    end_event();
}

static void emit_message(const char *text, bool secure)
{
    begin_event("message");
    put_octets("text", text, strlen(text));
    json_put_number(&answer, "secure", secure ? 1 : 0);
    end_event();
}

static void emit_warning(const char *about, const char *origin)
{
    begin_event("warning");
    json_put_text(&answer, "about", about);
    json_put_text(&answer, "x-libotr", origin);
    end_event();
}

static void emit_heartbeat(const char *side)
{
    begin_event("heartbeat");
    json_put_text(&answer, "side", side);
    end_event();
}

static void emit_resent(const char *text)
{
    begin_event("resent");
    put_octets("text", text, strlen(text));
    end_event();
}

static void emit_extra_key(const char *side, unsigned int use, const unsigned char *data,
                           size_t length, const unsigned char *key)
{
    begin_event("extra-key");
    json_put_base64(&answer, "key", key, OTRL_EXTRAKEY_BYTES);
    json_put_number(&answer, "use", use);
    put_octets("data", data, length);
    json_put_text(&answer, "side", side);
    end_event();
}

static void begin_final(const char *end)
{
    json_begin(&answer, stdout);
    json_put_number(&answer, "re", current_request);
    json_put_text(&answer, "end", end);
}

static void end_error(const char *error, const char *detail, ...)
    __attribute__((format(printf, 2, 3)));

static void end_error(const char *error, const char *detail, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, detail);
    vsnprintf(text, sizeof text, detail, arguments);
    va_end(arguments);
    begin_final("error");
    json_put_text(&answer, "error", error);
    json_put_text(&answer, "detail", text);
    json_end(&answer);
}

static void end_ok(void)
{
    if (wire_lost) {
        end_error("internal", "a message was too long for one line");
        return;
    }
    begin_final("ok");
    json_end(&answer);
}

/* libotr would do nothing, or harm: the answer is that of a client which offers no such button. */
static void end_ignored(const char *why)
{
    begin_final("ok");
    json_put_text(&answer, "x-ignored", why);
    json_end(&answer);
}

/* ---- what libotr asks of its application ---- */

static OtrlPolicy on_policy(void *data, ConnContext *context)
{
    (void)context;
    return ((struct endpoint *)data)->policy;
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
    (void)data;
    (void)account;
    (void)network;
    (void)peer;
    emit_wire(message);
}

/* A text that was held back until now is sent after this callback, without a callback of its own. */
static void note_waiting_text(struct endpoint *endpoint, ConnContext *context)
{
    const ConnContextPriv *private = context->context_priv;

    if (private->may_retransmit == 2 && private->lastmessage != NULL) {
        free(endpoint->waiting_text);
        endpoint->waiting_text = strdup(private->lastmessage);
        endpoint->waiting = context;
    }
}

static void emit_secure(const char *event, const ConnContext *context)
{
    begin_event(event);
    json_put_base64(&answer, "fingerprint", context->active_fingerprint->fingerprint, 20);
    json_put_base64(&answer, "ssid", context->sessionid, context->sessionid_len);
    json_put_text(&answer, "bold",
                  context->sessionid_half == OTRL_SESSIONID_FIRST_HALF_BOLD ? "first" : "second");
    json_put_number(&answer, "version", context->protocol_version);
    if (context->their_instance >= OTRL_MIN_VALID_INSTAG) {
        json_put_number(&answer, "peer-tag", context->their_instance);
    }
    end_event();
}

static void on_gone_secure(void *data, ConnContext *context)
{
    emit_secure("secure", context);
    note_waiting_text(data, context);
}

static void on_still_secure(void *data, ConnContext *context, int is_reply)
{
    (void)is_reply;
    emit_secure("still-secure", context);
    note_waiting_text(data, context);
}

static int on_max_message_size(void *data, ConnContext *context)
{
    (void)context;
    return ((struct endpoint *)data)->fragment;
}

static void on_received_symkey(void *data, ConnContext *context, unsigned int use,
                               const unsigned char *use_data, size_t length,
                               const unsigned char *key)
{
    (void)data;
    (void)context;
    emit_extra_key("received", use, use_data, length, key);
}

static const char *on_error_message(void *data, ConnContext *context, OtrlErrorCode code)
{
    (void)data;
    (void)context;
    switch (code) {
    case OTRL_ERRCODE_ENCRYPTION_ERROR:
        return "A message to you could not be encrypted.";
    case OTRL_ERRCODE_MSG_NOT_IN_PRIVATE:
        return "You sent an encrypted message outside a private conversation.";
    case OTRL_ERRCODE_MSG_UNREADABLE:
        return "You sent an encrypted message that cannot be read.";
    case OTRL_ERRCODE_MSG_MALFORMED:
        return "You sent a malformed message.";
    case OTRL_ERRCODE_NONE:
        break;
    }
    return "An error occurred.";
}

static void on_error_message_free(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static void on_msg_event(void *data, OtrlMessageEvent event, ConnContext *context,
                         const char *message, gcry_error_t error)
{
    struct endpoint *endpoint = data;

    switch (event) {
    case OTRL_MSGEVENT_ENCRYPTION_REQUIRED:
        emit_warning("not-sent", "encryption-required");
        break;
    case OTRL_MSGEVENT_ENCRYPTION_ERROR:
        emit_warning("not-sent", "encryption-error");
        break;
    case OTRL_MSGEVENT_CONNECTION_ENDED:
        emit_warning("not-sent", "connection-ended");
        break;
    case OTRL_MSGEVENT_SETUP_ERROR:
        begin_event("warning");
        json_put_text(&answer, "about", "setup");
        json_put_text(&answer, "x-libotr", gcry_strerror(error));
        end_event();
        break;
    case OTRL_MSGEVENT_MSG_REFLECTED:
        emit_warning("setup", "message-reflected");
        break;
    case OTRL_MSGEVENT_MSG_RESENT:
        emit_resent(context->context_priv->lastmessage != NULL ? context->context_priv->lastmessage
                                                               : "");
        break;
    case OTRL_MSGEVENT_RCVDMSG_NOT_IN_PRIVATE:
        emit_warning("unreadable", "not-in-private");
        break;
    case OTRL_MSGEVENT_RCVDMSG_UNREADABLE:
        emit_warning("unreadable", "unreadable");
        break;
    case OTRL_MSGEVENT_RCVDMSG_MALFORMED:
        emit_warning("malformed", "malformed");
        break;
    case OTRL_MSGEVENT_RCVDMSG_UNRECOGNIZED:
        emit_warning("malformed", "unrecognized");
        break;
    case OTRL_MSGEVENT_RCVDMSG_FOR_OTHER_INSTANCE:
        emit_warning("other-instance", "for-other-instance");
        break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD:
        endpoint->heartbeat = true;
        break;
    case OTRL_MSGEVENT_LOG_HEARTBEAT_SENT:
        emit_heartbeat("sent");
        break;
    case OTRL_MSGEVENT_RCVDMSG_GENERAL_ERR:
        begin_event("error");
        put_octets("text", message, strlen(message));
        end_event();
        break;
    case OTRL_MSGEVENT_RCVDMSG_UNENCRYPTED:
        emit_message(message, false);
        emit_warning("unencrypted", "unencrypted");
        break;
    case OTRL_MSGEVENT_NONE:
        break;
    }
}

static void on_create_instag(void *data, const char *account, const char *network)
{
    /* Every endpoint is given its tag when it is made. */
    (void)data;
    (void)account;
    (void)network;
}

static void on_convert(void *data, ConnContext *context, OtrlConvertType type, char **converted,
                       const char *text)
{
    (void)context;
    (void)text;
    *converted = NULL;
    if (type == OTRL_CONVERT_RECEIVING) {
        ((struct endpoint *)data)->decrypted = true;
    }
}

static void on_convert_free(void *data, ConnContext *context, char *converted)
{
    (void)data;
    (void)context;
    free(converted);
}

static void on_timer(void *data, unsigned int interval)
{
    struct endpoint *endpoint = data;

    endpoint->interval = interval;
    endpoint->due = now + (time_t)interval;
}

static void on_smp_event(void *data, OtrlSMPEvent event, ConnContext *context,
                         unsigned short percent, char *question);

static const OtrlMessageAppOps OPERATIONS = {
    .policy = on_policy,
    .is_logged_in = on_is_logged_in,
    .inject_message = on_inject,
    .gone_secure = on_gone_secure,
    .still_secure = on_still_secure,
    .max_message_size = on_max_message_size,
    .received_symkey = on_received_symkey,
    .otr_error_message = on_error_message,
    .otr_error_message_free = on_error_message_free,
    .handle_smp_event = on_smp_event,
    .handle_msg_event = on_msg_event,
    .create_instag = on_create_instag,
    .convert_msg = on_convert,
    .convert_free = on_convert_free,
    .timer_control = on_timer,
};

static void on_smp_event(void *data, OtrlSMPEvent event, ConnContext *context,
                         unsigned short percent, char *question)
{
    struct endpoint *endpoint = data;
    const char *stage = "error";

    (void)percent;
    switch (event) {
    case OTRL_SMPEVENT_NONE:
        return;
    case OTRL_SMPEVENT_ASK_FOR_ANSWER:
    case OTRL_SMPEVENT_ASK_FOR_SECRET:
        stage = "asked";
        break;
    case OTRL_SMPEVENT_IN_PROGRESS:
        stage = "progress";
        break;
    case OTRL_SMPEVENT_SUCCESS:
        stage = "success";
        break;
    case OTRL_SMPEVENT_FAILURE:
        stage = "failure";
        break;
    case OTRL_SMPEVENT_ABORT:
        stage = "aborted";
        break;
    case OTRL_SMPEVENT_CHEATED:
    case OTRL_SMPEVENT_ERROR:
        break;
    }
    set_asked(context, strcmp(stage, "asked") == 0);
    begin_event("smp");
    json_put_text(&answer, "stage", stage);
    if (event == OTRL_SMPEVENT_ASK_FOR_ANSWER) {
        put_octets("question", question, strlen(question));
    }
    if (strcmp(stage, "error") == 0) {
        json_put_text(&answer, "x-libotr", event == OTRL_SMPEVENT_CHEATED ? "cheated" : "error");
    }
    end_event();
    if (strcmp(stage, "error") == 0) {
        otrl_message_abort_smp(endpoint->user, &OPERATIONS, endpoint, context);
    }
}

/* ---- keys and tags ---- */

/* Put a private key into a user state as the account's, through libotr's reader of key files. */
static gcry_error_t use_key(OtrlUserState user, const char *account, gcry_sexp_t key)
{
    gcry_sexp_t keys = NULL;
    gcry_error_t error = gcry_sexp_build(
        &keys, NULL, "(privkeys (account (name %s) (protocol %s) %S))", account, NETWORK, key);
    FILE *file = NULL;
    char *text = NULL;
    size_t length;

    if (error) {
        return error;
    }
    length = gcry_sexp_sprint(keys, GCRYSEXP_FMT_CANON, NULL, 0);
    text = malloc(length);
    file = tmpfile();
    if (text == NULL || file == NULL) {
        error = gcry_error(GPG_ERR_ENOMEM);
    } else {
        length = gcry_sexp_sprint(keys, GCRYSEXP_FMT_CANON, text, length);
        if (fwrite(text, 1, length, file) != length || fflush(file) != 0) {
            error = gcry_error(GPG_ERR_EIO);
        } else {
            rewind(file);
            error = otrl_privkey_read_FILEp(user, file);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(text);
    gcry_sexp_release(keys);
    return error;
}

/* The private key in the OTR PUBKEY structure followed by x; NULL with a text if it is not one. */
static const char *parse_key(const unsigned char *octets, size_t length, gcry_sexp_t *key)
{
    enum { P, Q, G, Y, X, NUMBERS };
    gcry_mpi_t number[NUMBERS] = {NULL};
    const char *fault = NULL;
    size_t at = 2;
    int i;

    if (length < 2 || octets[0] != 0 || octets[1] != 0) {
        return "the key is not a DSA key";
    }
    for (i = 0; i < NUMBERS && fault == NULL; i++) {
        uint32_t size;

        if (length - at < 4) {
            fault = "the key ends too early";
            break;
        }
        size = (uint32_t)octets[at] << 24 | (uint32_t)octets[at + 1] << 16
               | (uint32_t)octets[at + 2] << 8 | octets[at + 3];
        at += 4;
        if (length - at < size || size > 4096
            || gcry_mpi_scan(&number[i], GCRYMPI_FMT_USG, octets + at, size, NULL)
            || gcry_mpi_cmp_ui(number[i], 0) == 0) {
            fault = "a number of the key does not fit";
            break;
        }
        at += size;
    }
    if (fault == NULL && at != length) {
        fault = "something follows the key";
    }
    if (fault == NULL
        && gcry_sexp_build(key, NULL, "(private-key (dsa (p %m)(q %m)(g %m)(y %m)(x %m)))",
                           number[P], number[Q], number[G], number[Y], number[X])) {
        fault = "libgcrypt does not take the key";
    }
    for (i = 0; i < NUMBERS; i++) {
        gcry_mpi_release(number[i]);
    }
    if (fault == NULL && gcry_pk_testkey(*key)) {
        gcry_sexp_release(*key);
        fault = "the key's private part does not belong to its public part";
    }
    return fault;
}

/* The key of an account for which none was given: generated once, the same after a reset. */
static gcry_error_t use_kept_key(OtrlUserState user, const char *account)
{
    OtrlPrivKey *kept = otrl_privkey_find(kept_keys, account, NETWORK);

    if (kept == NULL) {
        FILE *file = tmpfile();
        size_t count = 0;
        gcry_error_t error;

        for (kept = kept_keys->privkey_root; kept != NULL; kept = kept->next) {
            count++;
        }
        if (count >= KEPT_KEYS_LIMIT) {
            otrl_privkey_forget_all(kept_keys);
        }
        error = file == NULL ? gcry_error(GPG_ERR_EIO)
                             : otrl_privkey_generate_FILEp(kept_keys, file, account, NETWORK);
        if (file != NULL) {
            fclose(file);
        }
        if (error) {
            return error;
        }
        kept = otrl_privkey_find(kept_keys, account, NETWORK);
        if (kept == NULL) {
            return gcry_error(GPG_ERR_NO_SECKEY);
        }
    }
    return use_key(user, account, kept->privkey);
}

/* Give the account its instance tag, through libotr's reader of tag files. */
static gcry_error_t use_tag(OtrlUserState user, const char *account, otrl_instag_t tag)
{
    FILE *file = tmpfile();
    gcry_error_t error;

    if (file == NULL) {
        return gcry_error(GPG_ERR_EIO);
    }
    fprintf(file, "%s\t%s\t%08x\n", account, NETWORK, tag);
    rewind(file);
    error = otrl_instag_read_FILEp(user, file);
    fclose(file);
    if (!error && otrl_instag_find(user, account, NETWORK) == NULL) {
        error = gcry_error(GPG_ERR_INV_VALUE);
    }
    return error;
}

/* ---- requests ---- */

/* Octets and texts that the checks of a request's rule have let through. */
static const char *text_of(const struct json_object *request, const char *name)
{
    const struct json_field *field = json_find(request, name);

    return field != NULL ? field->text : NULL;
}

static const unsigned char *octets_of(const struct json_object *request, const char *name,
                                      size_t *length)
{
    const struct json_field *field = json_find(request, name);

    *length = field != NULL ? field->length : 0;
    return field != NULL ? (const unsigned char *)field->text : NULL;
}

static int64_t number_of(const struct json_object *request, const char *name, int64_t otherwise)
{
    const struct json_field *field = json_find(request, name);

    return field != NULL ? field->number : otherwise;
}

/* The conversation with the instance that "to" names, or with libotr's choice; NULL if none. */
static ConnContext *conversation(struct endpoint *endpoint, const struct json_object *request)
{
    otrl_instag_t to = (otrl_instag_t)number_of(request, "to", OTRL_INSTAG_BEST);

    return otrl_context_find(endpoint->user, endpoint->peer, endpoint->account, NETWORK, to, 0,
                             NULL, NULL, NULL);
}

/* Report a waiting text that libotr has sent since note_waiting_text(). */
static void emit_waiting_text(struct endpoint *endpoint)
{
    if (endpoint->waiting != NULL && endpoint->waiting->context_priv->may_retransmit == 0) {
        emit_resent(endpoint->waiting_text);
    }
    free(endpoint->waiting_text);
    endpoint->waiting_text = NULL;
    endpoint->waiting = NULL;
}

/* Whether libotr reads the clock that "clock" moves: it does where the linker lets us stand first. */
static bool clock_is_ours(void)
{
    OtrlUserState user = otrl_userstate_create();
    unsigned long before = clock_readings;
    struct endpoint nobody = {0};

    otrl_message_poll(user, &OPERATIONS, &nobody);
    otrl_userstate_free(user);
    return clock_readings != before;
}

static void do_hello(struct endpoint *endpoint, const struct json_object *request)
{
    (void)endpoint;
    if (number_of(request, "protocol", 0) != SHIM_PROTOCOL) {
        end_error("unsupported", "this shim speaks version %d of the shim protocol", SHIM_PROTOCOL);
        return;
    }
    begin_final("ok");
    json_put_text(&answer, "name", "libotr");
    json_put_text(&answer, "version", otrl_version());
    json_put_text(&answer, "protocols", "2 3");
    json_put_text(&answer, "capabilities",
                  clock_is_ours() ? "smp smp-question extra-key fragment instances policy "
                                    "preset-key tag clock seed state heartbeat"
                                  : "smp smp-question extra-key fragment instances policy "
                                    "preset-key tag seed state heartbeat");
    json_put_number(&answer, "message-limit", MESSAGE_LIMIT);
    json_put_number(&answer, "protocol", SHIM_PROTOCOL);
    json_put_text(&answer, "x-libgcrypt", gcry_check_version(NULL));
    json_put_text(&answer, "x-random", "the same each time: for tests only");
    json_end(&answer);
}

/* The policy that the words ask for; false if a word is unknown. */
static bool parse_policy(const char *words, OtrlPolicy *policy)
{
    static const struct {
        const char *word;
        OtrlPolicy flag;
    } known[] = {
        {"v2", OTRL_POLICY_ALLOW_V2},
        {"v3", OTRL_POLICY_ALLOW_V3},
        {"require-encryption", OTRL_POLICY_REQUIRE_ENCRYPTION},
        {"send-whitespace-tag", OTRL_POLICY_SEND_WHITESPACE_TAG},
        {"whitespace-start-ake", OTRL_POLICY_WHITESPACE_START_AKE},
        {"error-start-ake", OTRL_POLICY_ERROR_START_AKE},
    };

    *policy = OTRL_POLICY_NEVER;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        size_t i;

        for (i = 0; length > 0 && i < sizeof known / sizeof known[0]; i++) {
            if (strlen(known[i].word) == length && strncmp(known[i].word, words, length) == 0) {
                *policy |= known[i].flag;
                break;
            }
        }
        if (length > 0 && i == sizeof known / sizeof known[0]) {
            return false;
        }
        words += length;
        words += strspn(words, " ");
    }
    return true;
}

/* The names of the shim protocol, which libotr can keep in lines and columns of text files. */
static bool is_name(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
    size_t length = strlen(name);

    return length >= 1 && length <= 64 && strspn(name, letters) == length;
}

static void do_new(struct endpoint *unused, const struct json_object *request)
{
    struct endpoint *endpoint;
    const unsigned char *key;
    size_t key_length;
    gcry_sexp_t private = NULL;
    gcry_error_t error;
    otrl_instag_t tag = (otrl_instag_t)number_of(request, "tag", 0);
    int64_t fragment = number_of(request, "fragment", 0);
    OtrlPolicy policy;
    unsigned char fingerprint[20];

    (void)unused;
    if (find_endpoint(text_of(request, "endpoint")) != NULL) {
        end_error("bad-request", "there is an endpoint of that name");
        return;
    }
    if (!is_name(text_of(request, "endpoint")) || !is_name(text_of(request, "account"))
        || !is_name(text_of(request, "peer"))) {
        end_error("unsupported", "a name is not 1 to 64 letters, digits and . _ @ -");
        return;
    }
    if (!parse_policy(text_of(request, "policy"), &policy)) {
        end_error("unsupported", "the policy has an unknown word");
        return;
    }
    if (fragment > 0 && fragment < FRAGMENT_MINIMUM) {
        end_error("unsupported", "libotr needs at least %d bytes a fragment", FRAGMENT_MINIMUM);
        return;
    }
    key = octets_of(request, "key", &key_length);
    if (key != NULL) {
        const char *fault = parse_key(key, key_length, &private);

        if (fault != NULL) {
            end_error("unsupported", "%s", fault);
            return;
        }
    }
    endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL) {
        gcry_sexp_release(private);
        end_error("internal", "out of memory");
        return;
    }
    endpoint->name = strdup(text_of(request, "endpoint"));
    endpoint->account = strdup(text_of(request, "account"));
    endpoint->peer = strdup(text_of(request, "peer"));
    endpoint->tag = tag;
    endpoint->user = otrl_userstate_create();
    endpoint->policy = policy;
    endpoint->fragment = (int)fragment;
    if (endpoint->name == NULL || endpoint->account == NULL || endpoint->peer == NULL
        || endpoint->user == NULL) {
        gcry_sexp_release(private);
        free_endpoint(endpoint);
        end_error("internal", "out of memory");
        return;
    }
    draw_for(endpoint->account, endpoint->peer, endpoint->tag);
    error = private != NULL ? use_key(endpoint->user, endpoint->account, private)
                            : use_kept_key(endpoint->user, endpoint->account);
    gcry_sexp_release(private);
    if (!error) {
        tag = tag != 0 ? tag : otrl_instag_get_new();
        error = use_tag(endpoint->user, endpoint->account, tag);
    }
    if (!error
        && otrl_privkey_fingerprint_raw(endpoint->user, fingerprint, endpoint->account, NETWORK)
               == NULL) {
        error = gcry_error(GPG_ERR_NO_SECKEY);
    }
    if (error) {
        free_endpoint(endpoint);
        end_error("refused", "%s", gcry_strerror(error));
        return;
    }
    otrl_context_find(endpoint->user, endpoint->peer, endpoint->account, NETWORK,
                      OTRL_INSTAG_MASTER, 1, NULL, add_notes, NULL);
    endpoint->next = endpoints;
    endpoints = endpoint;
    begin_final("ok");
    json_put_base64(&answer, "fingerprint", fingerprint, sizeof fingerprint);
    json_put_number(&answer, "tag", tag);
    json_end(&answer);
}

static void do_receive(struct endpoint *endpoint, const struct json_object *request)
{
    const char *wire = text_of(request, "wire");
    char *shown = NULL;
    OtrlTLV *tlvs = NULL;
    int internal;

    endpoint->decrypted = false;
    endpoint->heartbeat = false;
    internal = otrl_message_receiving(endpoint->user, &OPERATIONS, endpoint, endpoint->account,
                                      NETWORK, endpoint->peer, wire, &shown, &tlvs, NULL,
                                      add_notes, NULL);
    emit_waiting_text(endpoint);
    if (!internal) {
        emit_message(shown != NULL ? shown : wire, endpoint->decrypted);
    }
    /* libotr calls every data message without a text a heartbeat, whatever its TLVs are. */
    if (endpoint->heartbeat && tlvs == NULL) {
        emit_heartbeat("received");
    }
    if (otrl_tlv_find(tlvs, OTRL_TLV_DISCONNECTED) != NULL) {
        begin_event("finished");
        end_event();
    }
    otrl_tlv_free(tlvs);
    otrl_message_free(shown);
    end_ok();
}

static void do_send(struct endpoint *endpoint, const struct json_object *request)
{
    const char *text = text_of(request, "text");
    otrl_instag_t to = (otrl_instag_t)number_of(request, "to", OTRL_INSTAG_BEST);
    char *instead = NULL;
    gcry_error_t error;

    if (conversation(endpoint, request) == NULL) {
        end_error("refused", "there is no such instance");
        return;
    }
    error = otrl_message_sending(endpoint->user, &OPERATIONS, endpoint, endpoint->account, NETWORK,
                                 endpoint->peer, to, text, NULL, &instead, OTRL_FRAGMENT_SEND_ALL,
                                 NULL, add_notes, NULL);
    if (!error && instead == NULL) {
        emit_wire(text);
    }
    otrl_message_free(instead);
    if (error) {
        end_error("refused", "%s", gcry_strerror(error));
        return;
    }
    end_ok();
}

static void do_start(struct endpoint *endpoint, const struct json_object *request)
{
    char *query;

    (void)request;
    if ((endpoint->policy & OTRL_POLICY_VERSION_MASK) == 0) {
        end_ignored("the policy allows no version");
        return;
    }
    query = otrl_proto_default_query_msg(endpoint->account, endpoint->policy);
    if (query == NULL) {
        end_error("refused", "libotr made no query");
        return;
    }
    emit_wire(query);
    free(query);
    end_ok();
}

static void do_end(struct endpoint *endpoint, const struct json_object *request)
{
    int64_t to = number_of(request, "to", 0);
    bool was_private = false;
    const ConnContext *context;

    for (context = endpoint->user->context_root; context != NULL; context = context->next) {
        if ((to == 0 || context->their_instance == to)
            && context->msgstate != OTRL_MSGSTATE_PLAINTEXT) {
            was_private = true;
        }
    }
    if (to == 0) {
        otrl_message_disconnect_all_instances(endpoint->user, &OPERATIONS, endpoint,
                                              endpoint->account, NETWORK, endpoint->peer);
    } else {
        otrl_message_disconnect(endpoint->user, &OPERATIONS, endpoint, endpoint->account, NETWORK,
                                endpoint->peer, (otrl_instag_t)to);
    }
    if (was_private) {
        begin_event("insecure");
        end_event();
    }
    end_ok();
}

/* The conversation for SMP, if it is private; otherwise the request ends here. */
static ConnContext *private_conversation(struct endpoint *endpoint,
                                         const struct json_object *request)
{
    ConnContext *context = conversation(endpoint, request);

    if (context == NULL || context->msgstate != OTRL_MSGSTATE_ENCRYPTED) {
        end_ignored("the conversation is not private");
        return NULL;
    }
    return context;
}

static void do_smp_start(struct endpoint *endpoint, const struct json_object *request)
{
    ConnContext *context = private_conversation(endpoint, request);
    const char *question = text_of(request, "question");
    size_t length;
    const unsigned char *secret = octets_of(request, "secret", &length);

    if (context == NULL) {
        return;
    }
    set_asked(context, false);
    if (question != NULL) {
        otrl_message_initiate_smp_q(endpoint->user, &OPERATIONS, endpoint, context, question,
                                    secret, length);
    } else {
        otrl_message_initiate_smp(endpoint->user, &OPERATIONS, endpoint, context, secret, length);
    }
    end_ok();
}

static void do_smp_answer(struct endpoint *endpoint, const struct json_object *request)
{
    ConnContext *context = private_conversation(endpoint, request);
    size_t length;
    const unsigned char *secret = octets_of(request, "secret", &length);

    if (context == NULL) {
        return;
    }
    if (!may_answer(context)) {
        end_ignored("the peer did not ask");
        return;
    }
    set_asked(context, false);
    otrl_message_respond_smp(endpoint->user, &OPERATIONS, endpoint, context, secret, length);
    end_ok();
}

static void do_smp_abort(struct endpoint *endpoint, const struct json_object *request)
{
    ConnContext *context = private_conversation(endpoint, request);

    if (context == NULL) {
        return;
    }
    set_asked(context, false);
    otrl_message_abort_smp(endpoint->user, &OPERATIONS, endpoint, context);
    end_ok();
}

static void do_extra_key(struct endpoint *endpoint, const struct json_object *request)
{
    ConnContext *context = conversation(endpoint, request);
    unsigned int use = (unsigned int)number_of(request, "use", 0);
    size_t length;
    const unsigned char *data = octets_of(request, "data", &length);
    unsigned char key[OTRL_EXTRAKEY_BYTES];
    gcry_error_t error = otrl_message_symkey(endpoint->user, &OPERATIONS, endpoint, context, use,
                                             data, length, key);

    if (error) {
        end_error("refused", "%s", gcry_strerror(error));
        return;
    }
    emit_extra_key("sent", use, data, length, key);
    end_ok();
}

/* Send a message that is of our own making, in fragments where it is too large. */
static gcry_error_t send_in_fragments(const struct endpoint *endpoint, ConnContext *context,
                                      const char *message)
{
    int header = context->protocol_version == 3 ? FRAGMENT_MINIMUM - 1 : FRAGMENT_MINIMUM_V2 - 1;
    int length = (int)strlen(message);
    int count, i;
    char **fragments;
    gcry_error_t error;

    if (endpoint->fragment == 0 || length <= endpoint->fragment) {
        emit_wire(message);
        return gcry_error(GPG_ERR_NO_ERROR);
    }
    count = (length - 1) / (endpoint->fragment - header) + 1;
    error = otrl_proto_fragment_create(endpoint->fragment, count, &fragments, context, message);
    if (error) {
        return error;
    }
    for (i = 0; i < count; i++) {
        emit_wire(fragments[i]);
    }
    otrl_proto_fragment_free(&fragments, (unsigned short)count);
    return error;
}

/*
 * libotr has no call for this: the message is made as it makes its own heartbeats. Those it would
 * send whole, however large they are; ours goes out as an application's does.
 */
static void do_heartbeat(struct endpoint *endpoint, const struct json_object *request)
{
    ConnContext *context = private_conversation(endpoint, request);
    char *message = NULL;
    gcry_error_t error;

    if (context == NULL) {
        return;
    }
    error = otrl_proto_create_data(&message, context, "", NULL, OTRL_MSGFLAGS_IGNORE_UNREADABLE,
                                   NULL);
    if (error) {
        end_error("refused", "%s", gcry_strerror(error));
        return;
    }
    error = send_in_fragments(endpoint, context, message);
    free(message);
    if (error) {
        end_error("refused", "%s", gcry_strerror(error));
        return;
    }
    context->context_priv->lastsent = now;
    otrl_context_update_recent_child(context, 1);
    emit_heartbeat("sent");
    end_ok();
}

/* Move on to the timers on the way, in their order. */
static void do_clock(struct endpoint *unused, const struct json_object *request)
{
    time_t then = now + (time_t)number_of(request, "seconds", 0);

    (void)unused;
    for (;;) {
        struct endpoint *first = NULL;
        struct endpoint *endpoint;

        for (endpoint = endpoints; endpoint != NULL; endpoint = endpoint->next) {
            if (endpoint->interval > 0 && endpoint->due <= then
                && (first == NULL || endpoint->due < first->due)) {
                first = endpoint;
            }
        }
        if (first == NULL) {
            break;
        }
        now = first->due;
        first->due += (time_t)first->interval;
        otrl_message_poll(first->user, &OPERATIONS, first);
    }
    now = then;
    end_ok();
}

static void do_poll(struct endpoint *endpoint, const struct json_object *request)
{
    (void)request;
    otrl_message_poll(endpoint->user, &OPERATIONS, endpoint);
    end_ok();
}

static const char *name_of_authstate(OtrlAuthState state)
{
    switch (state) {
    case OTRL_AUTHSTATE_AWAITING_DHKEY:
        return "awaiting-dhkey";
    case OTRL_AUTHSTATE_AWAITING_REVEALSIG:
        return "awaiting-revealsig";
    case OTRL_AUTHSTATE_AWAITING_SIG:
        return "awaiting-sig";
    case OTRL_AUTHSTATE_NONE:
    case OTRL_AUTHSTATE_V1_SETUP:
        break;
    }
    return "none";
}

/*
 * A version 3 D-H Commit without a receiver tag waits in the master context, also after an
 * instance has answered it and has taken it over, hash and all. Until this instance has, it is
 * this conversation's own state.
 */
static OtrlAuthState authstate_of(const ConnContext *context)
{
    const OtrlAuthInfo *master = &context->m_context->auth;

    if (context->auth.authstate == OTRL_AUTHSTATE_NONE
        && master->authstate == OTRL_AUTHSTATE_AWAITING_DHKEY
        && memcmp(context->auth.hashgx, master->hashgx, sizeof master->hashgx) != 0) {
        return master->authstate;
    }
    return context->auth.authstate;
}

static void do_state(struct endpoint *endpoint, const struct json_object *request)
{
    static const char *const msgstates[] = {
        [OTRL_MSGSTATE_PLAINTEXT] = "plaintext",
        [OTRL_MSGSTATE_ENCRYPTED] = "encrypted",
        [OTRL_MSGSTATE_FINISHED] = "finished",
    };
    static const char *const smpstates[] = {
        [OTRL_SMP_EXPECT1] = "expect1",
        [OTRL_SMP_EXPECT2] = "expect2",
        [OTRL_SMP_EXPECT3] = "expect3",
        [OTRL_SMP_EXPECT4] = "expect4",
    };
    const ConnContext *context = conversation(endpoint, request);
    const ConnContext *any;
    size_t instances = 0;

    if (context == NULL) {
        end_error("refused", "there is no such instance");
        return;
    }
    for (any = endpoint->user->context_root; any != NULL; any = any->next) {
        if (any->their_instance >= OTRL_MIN_VALID_INSTAG) {
            instances++;
        }
    }
    begin_final("ok");
    json_put_text(&answer, "msgstate", msgstates[context->msgstate]);
    json_put_text(&answer, "authstate", name_of_authstate(authstate_of(context)));
    if (context->smstate->nextExpected <= OTRL_SMP_EXPECT4) {
        json_put_text(&answer, "smpstate", smpstates[context->smstate->nextExpected]);
    }
    json_put_number(&answer, "x-instances", (int64_t)instances);
    json_put_number(&answer, "x-peer-tag", context->their_instance);
    json_end(&answer);
}

static void do_forget(struct endpoint *endpoint, const struct json_object *request)
{
    struct endpoint **link = &endpoints;

    (void)request;
    while (*link != endpoint) {
        link = &(*link)->next;
    }
    *link = endpoint->next;
    free_endpoint(endpoint);
    end_ok();
}

static void do_reset(struct endpoint *unused, const struct json_object *request)
{
    (void)unused;
    forget_endpoints();
    now = CLOCK_START;
    requests = 0;
    seed = (unsigned long)number_of(request, "seed", 0);
    end_ok();
}

static bool said_bye = false;

static void do_bye(struct endpoint *unused, const struct json_object *request)
{
    (void)unused;
    (void)request;
    said_bye = true;
    end_ok();
}

/* ---- the rules of the requests ---- */

enum kind {
    PLAIN,      /* a text */
    OCTETS,     /* octets in base64, at most .most of them */
    STRING,     /* the same without a NUL, for libotr takes C strings */
    NUMBER,     /* an integer from .least to .most */
};

struct rule {
    const char *name;
    enum kind kind;
    bool required;
    int64_t least;
    int64_t most;
};

#define FIELDS_LIMIT 8
#define TAG_LIMIT 0xffffffffLL

#define ENDPOINT {"endpoint", PLAIN, true, 0, 0}
#define TO {"to", NUMBER, false, OTRL_MIN_VALID_INSTAG, TAG_LIMIT}
#define SECRET {"secret", OCTETS, true, 0, MESSAGE_LIMIT}

static const struct request {
    const char *name;
    void (*run)(struct endpoint *endpoint, const struct json_object *request);
    bool on_endpoint;
    struct rule rules[FIELDS_LIMIT];
} REQUESTS[] = {
    {"hello", do_hello, false, {{"protocol", NUMBER, true, 0, INT64_MAX}}},
    {"new", do_new, false,
     {ENDPOINT,
      {"account", PLAIN, true, 0, 0},
      {"peer", PLAIN, true, 0, 0},
      {"policy", PLAIN, true, 0, 0},
      {"tag", NUMBER, false, OTRL_MIN_VALID_INSTAG, TAG_LIMIT},
      {"key", OCTETS, false, 0, 16384},
      {"fragment", NUMBER, false, 0, 1 << 20}}},
    {"receive", do_receive, true, {ENDPOINT, {"wire", STRING, true, 0, JSON_LINE_MAX}}},
    {"send", do_send, true, {ENDPOINT, {"text", STRING, true, 0, MESSAGE_LIMIT}, TO}},
    {"start", do_start, true, {ENDPOINT}},
    {"end", do_end, true, {ENDPOINT, TO}},
    {"smp-start", do_smp_start, true,
     {ENDPOINT, SECRET, {"question", STRING, false, 0, SMP_QUESTION_LIMIT}, TO}},
    {"smp-answer", do_smp_answer, true, {ENDPOINT, SECRET, TO}},
    {"smp-abort", do_smp_abort, true, {ENDPOINT, TO}},
    {"extra-key", do_extra_key, true,
     {ENDPOINT,
      {"use", NUMBER, true, 0, TAG_LIMIT},
      {"data", OCTETS, true, 0, EXTRA_KEY_DATA_LIMIT},
      TO}},
    {"heartbeat", do_heartbeat, true, {ENDPOINT, TO}},
    {"clock", do_clock, false, {{"seconds", NUMBER, true, 0, INT32_MAX}}},
    {"poll", do_poll, true, {ENDPOINT}},
    {"state", do_state, true, {ENDPOINT, TO}},
    {"forget", do_forget, true, {ENDPOINT}},
    {"reset", do_reset, false, {{"seed", NUMBER, false, 0, UINT32_MAX}}},
    {"bye", do_bye, false, {{0}}},
};

static const struct request *find_request(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof REQUESTS / sizeof REQUESTS[0]; i++) {
        if (strcmp(REQUESTS[i].name, name) == 0) {
            return &REQUESTS[i];
        }
    }
    return NULL;
}

static const struct rule *find_rule(const struct request *kind, const char *name)
{
    size_t i;

    for (i = 0; i < FIELDS_LIMIT && kind->rules[i].name != NULL; i++) {
        if (strcmp(kind->rules[i].name, name) == 0) {
            return &kind->rules[i];
        }
    }
    return NULL;
}

/* Check a field against its rule and decode its base64 in place; false if the request ends here. */
static bool check_field(struct json_field *field, const struct rule *rule)
{
    if (field->is_text == (rule->kind == NUMBER)) {
        end_error("bad-request", "%s: wrong type", field->name);
        return false;
    }
    switch (rule->kind) {
    case PLAIN:
        if (strlen(field->text) != field->length) {
            end_error("bad-request", "%s: contains a NUL", field->name);
            return false;
        }
        return true;
    case NUMBER:
        if (field->number < rule->least || field->number > rule->most) {
            end_error("unsupported", "%s: out of range", field->name);
            return false;
        }
        return true;
    case OCTETS:
    case STRING:
        if (!json_base64_decode(field->text, field->length, (unsigned char *)field->text,
                                &field->length)) {
            end_error("bad-request", "%s: not base64", field->name);
            return false;
        }
        field->text[field->length] = '\0';
        if ((int64_t)field->length > rule->most) {
            end_error("unsupported", "%s: too long for libotr or this shim", field->name);
            return false;
        }
        if (rule->kind == STRING && strlen(field->text) != field->length) {
            end_error("unsupported", "%s: libotr takes no NUL", field->name);
            return false;
        }
        return true;
    }
    return false;
}

static bool check_fields(struct json_object *object, const struct request *kind)
{
    size_t i;

    for (i = 0; i < object->count; i++) {
        struct json_field *field = &object->field[i];
        const struct rule *rule = find_rule(kind, field->name);

        if (rule != NULL) {
            if (!check_field(field, rule)) {
                return false;
            }
        } else if (strcmp(field->name, "id") != 0 && strcmp(field->name, "do") != 0
                   && strncmp(field->name, "x-", 2) != 0) {
            end_error("unsupported", "%s has no field %.100s", kind->name, field->name);
            return false;
        }
    }
    for (i = 0; i < FIELDS_LIMIT && kind->rules[i].name != NULL; i++) {
        if (kind->rules[i].required && json_find(object, kind->rules[i].name) == NULL) {
            end_error("bad-request", "%s: missing", kind->rules[i].name);
            return false;
        }
    }
    return true;
}

static void run_line(char *line, size_t length)
{
    static struct json_object object;
    const char *fault = json_parse(line, length, &object);
    const struct json_field *id = json_find(&object, "id");
    const struct json_field *name = json_find(&object, "do");
    const struct request *kind;
    struct endpoint *endpoint = NULL;

    current_request = id != NULL && !id->is_text && id->number >= 0 ? id->number : 0;
    wire_lost = false;
    if (fault != NULL) {
        end_error("bad-request", "%s", fault);
        return;
    }
    if (id == NULL || id->is_text || id->number < 0) {
        end_error("bad-request", "id: missing or no number from 0");
        return;
    }
    if (name == NULL || !name->is_text) {
        end_error("bad-request", "do: missing or no text");
        return;
    }
    kind = find_request(name->text);
    if (kind == NULL) {
        end_error("unsupported", "there is no request %.100s", name->text);
        return;
    }
    if (!check_fields(&object, kind)) {
        return;
    }
    if (kind->on_endpoint) {
        endpoint = find_endpoint(text_of(&object, "endpoint"));
        if (endpoint == NULL) {
            end_error("no-endpoint", "there is no endpoint of that name");
            return;
        }
        draw_for(endpoint->account, endpoint->peer, endpoint->tag);
    }
    requests++;
    kind->run(endpoint, &object);
}

int main(void)
{
    static char line[JSON_LINE_MAX + 1];
    enum json_line read;
    size_t length;

    /* Before anything draws random octets. A conversation with this shim is not private. */
    gcry_control(GCRYCTL_ENABLE_QUICK_RANDOM, 0);
    if (otrl_init(OTRL_VERSION_MAJOR, OTRL_VERSION_MINOR, OTRL_VERSION_SUB)) {
        fputs("the installed libotr is not the one that this shim was compiled for\n", stderr);
        return 1;
    }
    kept_keys = otrl_userstate_create();
    while (!said_bye && (read = json_read_line(stdin, line, &length)) != JSON_LINE_END) {
        if (read == JSON_LINE_TOO_LONG) {
            current_request = 0;
            end_error("bad-request", "the line is too long");
        } else {
            run_line(line, length);
        }
        if (fflush(stdout) != 0) {
            return 1;
        }
    }
    forget_endpoints();
    otrl_userstate_free(kept_keys);
    return 0;
}
