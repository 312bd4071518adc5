/* What a shim in C is made of, except the implementation: see otrshim.h. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "otrshim.h"

#define PROTOCOL 1
#define UINT32_MOST 4294967295LL
#define FIELDS_LIMIT 13
#define DETAIL_LIMIT 1000

/* ---- endpoints ---- */

/* An endpoint: its name, what the shim made, and the events that wait for its next answer. */
struct otrshim_report {
    struct otrshim_report *next;
    char *name;
    void *endpoint;
    FILE *events;          /* writes to text; lines without the number of a request */
    char *text;
    size_t length;
};

static struct otrshim_report *reports = NULL;
static const struct otrshim *shim;
static FILE *answers;
static int64_t current_request;
static bool said_bye = false;

static struct otrshim_report *find_report(const char *name)
{
    struct otrshim_report *report;

    for (report = reports; report != NULL; report = report->next) {
        if (strcmp(report->name, name) == 0) {
            return report;
        }
    }
    return NULL;
}

static void free_report(struct otrshim_report *report)
{
    if (report->endpoint != NULL && shim->drop != NULL) {
        shim->drop(report->endpoint);
    }
    if (report->events != NULL) {
        fclose(report->events);
    }
    free(report->text);
    free(report->name);
    free(report);
}

static void drop_all(void)
{
    while (reports != NULL) {
        struct otrshim_report *first = reports;

        reports = first->next;
        free_report(first);
    }
}

/* ---- answers ---- */

/* Write the events that wait, each with the number of the request. */
static void put_events(struct otrshim_report *report)
{
    const char *line;

    fflush(report->events);
    for (line = report->text; line < report->text + report->length;) {
        const char *end = (const char *)memchr(line, '\n', report->text + report->length - line) + 1;

        /* The line is an object that is not empty: its first field becomes the second. */
        fprintf(answers, "{\"re\": %lld, ", (long long)current_request);
        fwrite(line + 1, 1, (size_t)(end - line) - 1, answers);
        line = end;
    }
    rewind(report->events);
    fflush(report->events);
    report->length = 0;
}

static void begin_final(struct json_writer *writer, const char *end)
{
    json_begin(writer, answers);
    json_put_number(writer, "re", current_request);
    json_put_text(writer, "end", end);
}

static void end_ok(void)
{
    struct json_writer writer;

    begin_final(&writer, "ok");
    json_end(&writer);
}

static void end_error(const char *word, const char *format, ...)
{
    char detail[DETAIL_LIMIT];
    struct json_writer writer;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    begin_final(&writer, "error");
    json_put_text(&writer, "error", word);
    json_put_text(&writer, "detail", detail);
    json_end(&writer);
}

/* Whether it was carried out; otherwise the final line has been written. */
static bool carried_out(enum otrshim_result result)
{
    switch (result) {
    case OTRSHIM_OK:
        return true;
    case OTRSHIM_REFUSED:
        end_error("refused", "the implementation returned an error");
        return false;
    case OTRSHIM_UNSUPPORTED:
        end_error("unsupported", "the implementation cannot take a value");
        return false;
    case OTRSHIM_INTERNAL:
        break;
    }
    end_error("internal", "see standard error");
    return false;
}

static void put_octets(struct json_writer *writer, const char *name, struct otrshim_octets octets)
{
    json_put_base64(writer, name, octets.at, octets.length);
}

/* ---- the fields of a request ---- */

static const char *text_of(const struct json_object *object, const char *name)
{
    const struct json_field *field = json_find(object, name);

    return field != NULL ? field->text : NULL;
}

static int64_t number_of(const struct json_object *object, const char *name)
{
    const struct json_field *field = json_find(object, name);

    return field != NULL ? field->number : 0;
}

static struct otrshim_octets octets_of(const struct json_object *object, const char *name)
{
    const struct json_field *field = json_find(object, name);
    struct otrshim_octets octets = {NULL, 0};

    if (field != NULL) {
        octets.at = (const unsigned char *)field->text;
        octets.length = field->length;
    }
    return octets;
}

static uint32_t to_of(const struct json_object *object)
{
    return (uint32_t)number_of(object, "to");
}

/* Whether a list of words, separated by one space, has a word of that length. */
static bool has_word(const char *list, const char *word, size_t length)
{
    while (*list != '\0') {
        size_t size = strcspn(list, " ");

        if (size == length && memcmp(list, word, length) == 0) {
            return true;
        }
        list += size + (list[size] == ' ');
    }
    return false;
}

bool otrshim_allows(const char *policy, const char *word)
{
    return has_word(policy, word, strlen(word));
}

/* ---- what each request does ---- */

static void do_hello(struct otrshim_report *report, const struct json_object *object)
{
    struct json_writer writer;

    (void)report;
    (void)object;
    begin_final(&writer, "ok");
    json_put_text(&writer, "name", shim->name);
    json_put_text(&writer, "version", shim->version);
    json_put_text(&writer, "protocols", shim->protocols);
    json_put_text(&writer, "capabilities", shim->capabilities);
    if (shim->message_limit > 0) {
        json_put_number(&writer, "message-limit", shim->message_limit);
    }
    json_end(&writer);
}

static void put_made(const struct otrshim_made *made)
{
    struct json_writer writer;

    begin_final(&writer, "ok");
    json_put_base64(&writer, "fingerprint", made->fingerprint, made->fingerprint_length);
    if (made->tag != 0) {
        json_put_number(&writer, "tag", made->tag);
    }
    if (made->has_fingerprint3) {
        json_put_base64(&writer, "fingerprint3", made->fingerprint3, sizeof made->fingerprint3);
    }
    json_end(&writer);
}

static void do_new(struct otrshim_report *unused, const struct json_object *object)
{
    struct otrshim_new given = {0};
    struct otrshim_made made = {{0}, OTRSHIM_FINGERPRINT, 0, {0}, false};
    struct otrshim_report *report;
    int64_t now = number_of(object, "now");

    (void)unused;
    given.endpoint = text_of(object, "endpoint");
    given.account = text_of(object, "account");
    given.peer = text_of(object, "peer");
    given.policy = text_of(object, "policy");
    given.tag = (uint32_t)number_of(object, "tag");
    given.key = octets_of(object, "key");
    given.fragment = (int)number_of(object, "fragment");
    given.mode = text_of(object, "mode");
    given.sym_h = octets_of(object, "sym-h");
    given.forging = octets_of(object, "forging");
    given.trusted = octets_of(object, "trusted");
    given.known_profile = octets_of(object, "known-profile");
    given.now = json_find(object, "now") != NULL ? &now : NULL;
    if (find_report(given.endpoint) != NULL) {
        end_error("bad-request", "there is an endpoint of that name");
        return;
    }
    report = calloc(1, sizeof *report);
    if (report != NULL) {
        report->name = strdup(given.endpoint);
        report->events = open_memstream(&report->text, &report->length);
    }
    if (report == NULL || report->name == NULL || report->events == NULL) {
        end_error("internal", "there is no memory left");
        return;
    }
    report->endpoint = shim->make(report, &given, &made);
    if (report->endpoint == NULL) {
        free_report(report);
        end_error("internal", "the endpoint could not be made");
        return;
    }
    report->next = reports;
    reports = report;
    put_made(&made);
}

/* Events first, then the final line. */
static void finish(struct otrshim_report *report, enum otrshim_result result)
{
    put_events(report);
    if (carried_out(result)) {
        end_ok();
    }
}

static void do_receive(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->receive(report->endpoint, octets_of(object, "wire")));
}

static void do_send(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->send(report->endpoint, octets_of(object, "text"), to_of(object)));
}

static void do_start(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->start(report->endpoint, text_of(object, "by")));
}

static void do_end(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->end(report->endpoint, to_of(object)));
}

static void do_poll(struct otrshim_report *report, const struct json_object *object)
{
    (void)object;
    finish(report, shim->poll != NULL ? shim->poll(report->endpoint) : OTRSHIM_OK);
}

static void do_smp_start(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->smp_start == NULL
                       ? OTRSHIM_UNSUPPORTED
                       : shim->smp_start(report->endpoint, octets_of(object, "secret"),
                                         octets_of(object, "question"), to_of(object)));
}

static void do_smp_answer(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->smp_answer == NULL ? OTRSHIM_UNSUPPORTED
                                            : shim->smp_answer(report->endpoint,
                                                               octets_of(object, "secret"),
                                                               to_of(object)));
}

static void do_smp_abort(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->smp_abort == NULL ? OTRSHIM_UNSUPPORTED
                                           : shim->smp_abort(report->endpoint, to_of(object)));
}

static void do_extra_key(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->extra_key == NULL
                       ? OTRSHIM_UNSUPPORTED
                       : shim->extra_key(report->endpoint, (uint32_t)number_of(object, "use"),
                                         octets_of(object, "data"), to_of(object)));
}

static void do_heartbeat(struct otrshim_report *report, const struct json_object *object)
{
    finish(report, shim->heartbeat == NULL ? OTRSHIM_UNSUPPORTED
                                           : shim->heartbeat(report->endpoint, to_of(object)));
}

static void do_offline(struct otrshim_report *report, const struct json_object *object)
{
    struct otrshim_ensemble ensemble;

    ensemble.client_profile = octets_of(object, "client-profile");
    ensemble.prekey_profile = octets_of(object, "prekey-profile");
    ensemble.prekey_message = octets_of(object, "prekey-message");
    finish(report, shim->offline == NULL ? OTRSHIM_UNSUPPORTED
                                         : shim->offline(report->endpoint, &ensemble));
}

static void put_word(struct json_writer *writer, const char *name, const char *word)
{
    if (word != NULL) {
        json_put_text(writer, name, word);
    }
}

static void do_state(struct otrshim_report *report, const struct json_object *object)
{
    struct otrshim_state state = {NULL, NULL, NULL, NULL};
    struct json_writer writer;

    if (!carried_out(shim->state == NULL
                         ? OTRSHIM_UNSUPPORTED
                         : shim->state(report->endpoint, to_of(object), &state))) {
        return;
    }
    begin_final(&writer, "ok");
    put_word(&writer, "msgstate", state.msgstate);
    put_word(&writer, "authstate", state.authstate);
    put_word(&writer, "smpstate", state.smpstate);
    put_word(&writer, "dakestate", state.dakestate);
    json_end(&writer);
}

static void do_profile(struct otrshim_report *report, const struct json_object *object)
{
    struct otrshim_octets profile = {NULL, 0};
    struct json_writer writer;

    (void)object;
    if (!carried_out(shim->profile == NULL ? OTRSHIM_UNSUPPORTED
                                           : shim->profile(report->endpoint, &profile))) {
        return;
    }
    begin_final(&writer, "ok");
    put_octets(&writer, "profile", profile);
    json_end(&writer);
}

static void do_ensemble(struct otrshim_report *report, const struct json_object *object)
{
    struct otrshim_ensemble ensemble = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct json_writer writer;

    (void)object;
    if (!carried_out(shim->ensemble == NULL ? OTRSHIM_UNSUPPORTED
                                            : shim->ensemble(report->endpoint, &ensemble))) {
        return;
    }
    begin_final(&writer, "ok");
    put_octets(&writer, "client-profile", ensemble.client_profile);
    put_octets(&writer, "prekey-profile", ensemble.prekey_profile);
    put_octets(&writer, "prekey-message", ensemble.prekey_message);
    json_end(&writer);
}

static void do_clock(struct otrshim_report *unused, const struct json_object *object)
{
    struct otrshim_report *report;

    (void)unused;
    if (shim->clock == NULL) {
        carried_out(OTRSHIM_UNSUPPORTED);
        return;
    }
    shim->clock(number_of(object, "seconds"));
    for (report = reports; shim->tick != NULL && report != NULL; report = report->next) {
        shim->tick(report->endpoint);
    }
    end_ok();
}

static void do_forget(struct otrshim_report *report, const struct json_object *object)
{
    struct otrshim_report **link = &reports;

    (void)object;
    while (*link != report) {
        link = &(*link)->next;
    }
    *link = report->next;
    free_report(report);
    end_ok();
}

static void do_reset(struct otrshim_report *report, const struct json_object *object)
{
    (void)report;
    drop_all();
    if (shim->reset != NULL) {
        shim->reset();
    }
    if (shim->seed != NULL) {
        shim->seed((uint32_t)number_of(object, "seed"));
    }
    end_ok();
}

static void do_bye(struct otrshim_report *report, const struct json_object *object)
{
    (void)report;
    (void)object;
    said_bye = true;
    end_ok();
}

/* ---- what requests are made of ---- */

enum kind { NAME, WORDS, WORD, NUMBER, OCTETS };

/* A field: of a number its range, of octets their number (0: any), of words which there are. */
struct rule {
    const char *name;
    enum kind kind;
    int64_t least, most;
    const char *words;
    bool optional;
    const char *takes; /* the capability that it takes; NULL: none */
};

#define ENDPOINT {"endpoint", NAME, 0, 0, NULL, false, NULL}
#define TO {"to", NUMBER, 256, UINT32_MOST, NULL, true, "instances"}
#define GIVEN(name) {name, OCTETS, 0, 0, NULL, false, NULL}

static const struct request {
    const char *name;
    bool on_endpoint;
    const char *takes;
    void (*run)(struct otrshim_report *report, const struct json_object *object);
    struct rule rules[FIELDS_LIMIT];
} requests[] = {
    {"hello", false, NULL, do_hello,
     {{"protocol", NUMBER, PROTOCOL, PROTOCOL, NULL, false, NULL}}},
    {"new", false, NULL, do_new,
     {ENDPOINT,
      {"account", NAME, 0, 0, NULL, false, NULL},
      {"peer", NAME, 0, 0, NULL, false, NULL},
      {"policy", WORDS, 0, 0,
       "v2 v3 v4 require-encryption send-whitespace-tag whitespace-start-ake error-start-ake "
       "require-interactive identity-start-dake require-authenticated",
       false, NULL},
      {"tag", NUMBER, 256, UINT32_MOST, NULL, true, "tag"},
      {"key", OCTETS, 0, 0, NULL, true, "preset-key"},
      {"fragment", NUMBER, 0, JSON_LINE_MAX, NULL, true, "fragment"},
      {"mode", WORD, 0, 0, "compatible standalone interactive-only", true, "otrv4-mode"},
      {"sym-h", OCTETS, 57, 57, NULL, true, "preset-key"},
      {"forging", OCTETS, 57, 57, NULL, true, "preset-key"},
      {"now", NUMBER, 0, INT64_MAX, NULL, true, "clock"},
      {"trusted", OCTETS, 56, 56, NULL, true, "otrv4-trusted"},
      {"known-profile", OCTETS, 0, 0, NULL, true, "otrv4-known-profile"}}},
    {"receive", true, NULL, do_receive, {ENDPOINT, GIVEN("wire")}},
    {"send", true, NULL, do_send, {ENDPOINT, GIVEN("text"), TO}},
    {"start", true, NULL, do_start,
     {ENDPOINT, {"by", WORD, 0, 0, "query identity", true, "otrv4-dake"}}},
    {"end", true, NULL, do_end, {ENDPOINT, TO}},
    {"poll", true, NULL, do_poll, {ENDPOINT}},
    {"smp-start", true, "smp", do_smp_start,
     {ENDPOINT, GIVEN("secret"), {"question", OCTETS, 0, 0, NULL, true, "smp-question"}, TO}},
    {"smp-answer", true, "smp", do_smp_answer, {ENDPOINT, GIVEN("secret"), TO}},
    {"smp-abort", true, "smp", do_smp_abort, {ENDPOINT, TO}},
    {"extra-key", true, "extra-key", do_extra_key,
     {ENDPOINT, {"use", NUMBER, 0, UINT32_MOST, NULL, false, NULL}, GIVEN("data"), TO}},
    {"heartbeat", true, "heartbeat", do_heartbeat, {ENDPOINT, TO}},
    {"clock", false, "clock", do_clock, {{"seconds", NUMBER, 0, INT32_MAX, NULL, false, NULL}}},
    {"profile", true, "otrv4-known-profile", do_profile, {ENDPOINT}},
    {"ensemble", true, "otrv4-offline", do_ensemble, {ENDPOINT}},
    {"offline", true, "otrv4-offline", do_offline,
     {ENDPOINT, GIVEN("client-profile"), GIVEN("prekey-profile"), GIVEN("prekey-message")}},
    {"state", true, "state", do_state, {ENDPOINT, TO}},
    {"forget", true, NULL, do_forget, {ENDPOINT}},
    {"reset", false, NULL, do_reset, {{"seed", NUMBER, 0, UINT32_MOST, NULL, true, "seed"}}},
    {"bye", false, NULL, do_bye, {{NULL, NAME, 0, 0, NULL, true, NULL}}},
};

static const struct request *find_request(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof requests / sizeof *requests; i++) {
        if (strcmp(requests[i].name, name) == 0) {
            return &requests[i];
        }
    }
    return NULL;
}

static const struct rule *find_rule(const struct request *request, const char *name)
{
    size_t i;

    for (i = 0; i < FIELDS_LIMIT && request->rules[i].name != NULL; i++) {
        if (strcmp(request->rules[i].name, name) == 0) {
            return &request->rules[i];
        }
    }
    return NULL;
}

static bool declared(const char *takes)
{
    return takes == NULL || otrshim_allows(shim->capabilities, takes);
}

/* Letters, digits and four signs, 1 to 64 of them. */
static bool is_name(const char *text, size_t length)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";

    return length >= 1 && length <= 64 && strlen(text) == length && strspn(text, allowed) == length;
}

/* Whether every word of a text is in a list; `most` words at most. */
static bool are_words(const char *text, size_t length, const char *known, size_t most)
{
    size_t count = 0;

    if (strlen(text) != length) {
        return false;
    }
    while (*text != '\0') {
        size_t size = strcspn(text, " ");

        if (++count > most || size == 0 || !has_word(known, text, size)) {
            return false;
        }
        text += size;
        if (*text == ' ' && *++text == '\0') {
            return false;
        }
    }
    return true;
}

/* Look at a field, and decode octets where they stand; false: the final line has been written. */
static bool check_field(struct json_field *field, const struct rule *rule)
{
    if (field->is_text != (rule->kind != NUMBER)) {
        end_error("bad-request", "%s: wrong type", rule->name);
        return false;
    }
    switch (rule->kind) {
    case NAME:
        if (!is_name(field->text, field->length)) {
            end_error("unsupported", "%s: not a name", rule->name);
            return false;
        }
        return true;
    case WORDS:
    case WORD:
        if (!are_words(field->text, field->length, rule->words, rule->kind == WORD ? 1 : SIZE_MAX)
            || (rule->kind == WORD && field->length == 0)) {
            end_error("unsupported", "%s: unknown word", rule->name);
            return false;
        }
        return true;
    case NUMBER:
        if (field->number < rule->least || field->number > rule->most) {
            end_error("unsupported", "%s: out of range", rule->name);
            return false;
        }
        return true;
    case OCTETS:
        if (!json_base64_decode(field->text, field->length, (unsigned char *)field->text,
                                &field->length)) {
            end_error("bad-request", "%s: not base64", rule->name);
            return false;
        }
        field->text[field->length] = '\0';
        if (rule->most != 0 && (int64_t)field->length != rule->most) {
            end_error("unsupported", "%s: wrong length", rule->name);
            return false;
        }
        return true;
    }
    return false;
}

/* Look at all fields; false: the final line has been written. */
static bool check_fields(struct json_object *object, const struct request *request)
{
    size_t i;

    for (i = 0; i < object->count; i++) {
        struct json_field *field = &object->field[i];
        const struct rule *rule = find_rule(request, field->name);

        if (rule == NULL) {
            if (strcmp(field->name, "id") != 0 && strcmp(field->name, "do") != 0
                && strncmp(field->name, "x-", 2) != 0) {
                end_error("unsupported", "%s has no field %.100s", request->name, field->name);
                return false;
            }
        } else if (!check_field(field, rule)) {
            return false;
        } else if (!declared(rule->takes)) {
            end_error("unsupported", "%s takes the capability %s", rule->name, rule->takes);
            return false;
        }
    }
    for (i = 0; i < FIELDS_LIMIT && request->rules[i].name != NULL; i++) {
        if (!request->rules[i].optional && json_find(object, request->rules[i].name) == NULL) {
            end_error("bad-request", "%s: missing", request->rules[i].name);
            return false;
        }
    }
    return true;
}

static void answer(char *line, size_t length)
{
    static struct json_object object;
    const char *fault = json_parse(line, length, &object);
    const struct json_field *id = json_find(&object, "id");
    const struct json_field *name = json_find(&object, "do");
    const struct request *request;
    struct otrshim_report *report = NULL;

    current_request = id != NULL && !id->is_text && id->number >= 0 ? id->number : 0;
    if (fault != NULL) {
        end_error("bad-request", "%s", fault);
        return;
    }
    if (id == NULL || id->is_text || id->number < 0 || name == NULL || !name->is_text) {
        end_error("bad-request", "id or do: missing, or of the wrong type");
        return;
    }
    request = find_request(name->text);
    if (request == NULL) {
        end_error("unsupported", "there is no request %.100s", name->text);
        return;
    }
    if (!check_fields(&object, request)) {
        return;
    }
    if (!declared(request->takes)) {
        end_error("unsupported", "%s takes the capability %s", request->name, request->takes);
        return;
    }
    if (request->on_endpoint) {
        report = find_report(text_of(&object, "endpoint"));
        if (report == NULL) {
            end_error("no-endpoint", "there is no endpoint of that name");
            return;
        }
    }
    request->run(report, &object);
}

int otrshim_serve(const struct otrshim *given)
{
    static char line[JSON_LINE_MAX + 1];
    enum json_line read;
    size_t length;
    int ours;

    shim = given;
    /* Standard output is ours alone: what anybody prints from now on goes to standard error. */
    fflush(stdout);
    ours = dup(STDOUT_FILENO);
    answers = ours >= 0 ? fdopen(ours, "w") : NULL;
    if (answers == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        perror("standard output");
        return 1;
    }
    while (!said_bye && (read = json_read_line(stdin, line, &length)) != JSON_LINE_END) {
        if (read == JSON_LINE_TOO_LONG) {
            current_request = 0;
            end_error("bad-request", "the line is too long");
        } else {
            answer(line, length);
        }
        if (fflush(answers) != 0) {
            return 1;
        }
    }
    drop_all();
    return fclose(answers) == 0 ? 0 : 1;
}

/* ---- what is reported ---- */

static struct json_writer begin_event(struct otrshim_report *report, const char *event)
{
    struct json_writer writer;

    json_begin(&writer, report->events);
    json_put_text(&writer, "event", event);
    return writer;
}

static void event_with_octets(struct otrshim_report *report, const char *event, const char *name,
                              const void *octets, size_t length)
{
    struct json_writer writer = begin_event(report, event);

    json_put_base64(&writer, name, octets, length);
    json_end(&writer);
}

static void event_with_word(struct otrshim_report *report, const char *event, const char *name,
                            const char *word)
{
    struct json_writer writer = begin_event(report, event);

    put_word(&writer, name, word);
    json_end(&writer);
}

static void private_event(struct otrshim_report *report, const char *event,
                          const struct otrshim_private *what)
{
    struct json_writer writer = begin_event(report, event);

    json_put_base64(&writer, "fingerprint", what->fingerprint, what->fingerprint_length);
    json_put_base64(&writer, "ssid", what->ssid, OTRSHIM_SSID);
    json_put_number(&writer, "version", what->version);
    put_word(&writer, "bold", what->bold);
    if (what->peer_tag != 0) {
        json_put_number(&writer, "peer-tag", what->peer_tag);
    }
    if (what->interactive >= 0) {
        json_put_number(&writer, "interactive", what->interactive != 0);
    }
    json_end(&writer);
}

void otrshim_wire(struct otrshim_report *report, const void *wire, size_t length)
{
    event_with_octets(report, "wire", "wire", wire, length);
}

void otrshim_message(struct otrshim_report *report, const void *text, size_t length, bool secure)
{
    struct json_writer writer = begin_event(report, "message");

    json_put_base64(&writer, "text", text, length);
    json_put_number(&writer, "secure", secure);
    json_end(&writer);
}

void otrshim_warning(struct otrshim_report *report, const char *about)
{
    event_with_word(report, "warning", "about", about);
}

void otrshim_error(struct otrshim_report *report, const void *text, size_t length)
{
    event_with_octets(report, "error", "text", text, length);
}

void otrshim_secure(struct otrshim_report *report, const struct otrshim_private *what)
{
    private_event(report, "secure", what);
}

void otrshim_still_secure(struct otrshim_report *report, const struct otrshim_private *what)
{
    private_event(report, "still-secure", what);
}

void otrshim_finished(struct otrshim_report *report)
{
    event_with_word(report, "finished", "", NULL);
}

void otrshim_insecure(struct otrshim_report *report)
{
    event_with_word(report, "insecure", "", NULL);
}

void otrshim_resent(struct otrshim_report *report, const void *text, size_t length)
{
    event_with_octets(report, "resent", "text", text, length);
}

void otrshim_smp(struct otrshim_report *report, const char *stage, const void *question,
                 size_t length)
{
    struct json_writer writer = begin_event(report, "smp");

    json_put_text(&writer, "stage", stage);
    if (question != NULL) {
        json_put_base64(&writer, "question", question, length);
    }
    json_end(&writer);
}

void otrshim_extra_key(struct otrshim_report *report, const unsigned char *key, size_t key_length,
                       uint32_t use, const void *data, size_t length, const char *side)
{
    struct json_writer writer = begin_event(report, "extra-key");

    json_put_base64(&writer, "key", key, key_length);
    json_put_number(&writer, "use", use);
    json_put_base64(&writer, "data", data, length);
    json_put_text(&writer, "side", side);
    json_end(&writer);
}

void otrshim_heartbeat(struct otrshim_report *report, const char *side)
{
    event_with_word(report, "heartbeat", "side", side);
}

void otrshim_prekey_used(struct otrshim_report *report, uint32_t identifier)
{
    struct json_writer writer = begin_event(report, "prekey-used");

    json_put_number(&writer, "identifier", identifier);
    json_end(&writer);
}
