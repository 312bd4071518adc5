/*
 * JSON lines for shims written in C: flat objects, strings and integers only.
 *
 * Nothing here depends on OTR. A shim reads a line with json_read_line(), takes it apart with
 * json_parse(), asks for fields by name, and answers with json_begin(), json_put_...() and
 * json_end(). docs/shim-protocol.md says what the lines mean.
 *
 * The parser is total: it accepts exactly the flat objects of the shim protocol, refuses
 * everything else with a reason, runs in linear time, allocates nothing and never recurses.
 */

#ifndef OTRSPEC_JSON_H
#define OTRSPEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The largest line of the shim protocol, its newline not counted. */
#define JSON_LINE_MAX 1048576

/* The largest number of fields that an object may have. */
#define JSON_FIELDS_MAX 32

/* Octets that surely fit a line in base64, with room for the line's other fields. */
#define JSON_OCTETS_MAX ((JSON_LINE_MAX - 4096) / 4 * 3)

struct json_field {
    const char *name;
    bool is_text;        /* text and length if true, number if false */
    char *text;          /* UTF-8, followed by a NUL that length does not count */
    size_t length;
    int64_t number;
};

/* An object whose strings lie in the line that was parsed: keep the line as long as the object. */
struct json_object {
    size_t count;
    struct json_field field[JSON_FIELDS_MAX];
};

enum json_line { JSON_LINE, JSON_LINE_END, JSON_LINE_TOO_LONG };

/*
 * Read one line into a buffer of JSON_LINE_MAX + 1 bytes, without its newline, with a final NUL.
 * A longer line is read to its end and dropped: JSON_LINE_TOO_LONG. At the end of the file:
 * JSON_LINE_END (a last line without a newline is still a line).
 */
enum json_line json_read_line(FILE *in, char *buffer, size_t *length);

/*
 * Parse a line in place: strings are unescaped where they stand. Returns NULL, or a text that
 * says what is wrong; the fields before the fault are then still in the object.
 */
const char *json_parse(char *line, size_t length, struct json_object *object);

/* The field of that name, or NULL. */
const struct json_field *json_find(const struct json_object *object, const char *name);

/*
 * Decode base64 with padding, in place if out is text. Writes at most length / 4 * 3 octets.
 * Returns false on anything that an encoder would not have written.
 */
bool json_base64_decode(const char *text, size_t length, unsigned char *out, size_t *out_length);

/* A line that is being written. */
struct json_writer {
    FILE *out;
    size_t fields;
};

void json_begin(struct json_writer *writer, FILE *out);
void json_put_number(struct json_writer *writer, const char *name, int64_t number);

/* A NUL-terminated text. Bytes that are not UTF-8 are written as U+FFFD: use base64 for octets. */
void json_put_text(struct json_writer *writer, const char *name, const char *text);
void json_put_base64(struct json_writer *writer, const char *name, const void *octets, size_t length);
void json_end(struct json_writer *writer);

#endif
