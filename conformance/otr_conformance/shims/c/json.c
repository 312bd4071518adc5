/* JSON lines for shims written in C: see json.h. */

#include "json.h"

#include <inttypes.h>
#include <string.h>

/* ---- reading lines ---- */

enum json_line json_read_line(FILE *in, char *buffer, size_t *length)
{
    size_t used = 0;
    bool too_long = false;
    int c;

    while ((c = getc(in)) != EOF && c != '\n') {
        if (used == JSON_LINE_MAX) {
            too_long = true;
        } else {
            buffer[used++] = (char)c;
        }
    }
    buffer[used] = '\0';
    *length = used;
    if (c == EOF && used == 0) {
        return JSON_LINE_END;
    }
    return too_long ? JSON_LINE_TOO_LONG : JSON_LINE;
}

/* ---- UTF-8 ---- */

/*
 * The length of the well-formed UTF-8 sequence at the start of text, or 0. Overlong forms,
 * surrogates and values beyond U+10FFFF are not well-formed.
 */
static size_t utf8_sequence(const unsigned char *text, size_t available)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t value;
    size_t length;
    size_t i;

    if (available == 0) {
        return 0;
    }
    if (text[0] < 0x80) {
        return 1;
    }
    if ((text[0] & 0xe0) == 0xc0) {
        length = 2;
        value = text[0] & 0x1f;
    } else if ((text[0] & 0xf0) == 0xe0) {
        length = 3;
        value = text[0] & 0x0f;
    } else if ((text[0] & 0xf8) == 0xf0) {
        length = 4;
        value = text[0] & 0x07;
    } else {
        return 0;
    }
    if (length > available) {
        return 0;
    }
    for (i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        value = value << 6 | (text[i] & 0x3f);
    }
    if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
        return 0;
    }
    return length;
}

/* Write a code point, which is no surrogate; returns the number of bytes, at most 4. */
static size_t utf8_write(uint32_t value, char *out)
{
    if (value < 0x80) {
        out[0] = (char)value;
        return 1;
    }
    if (value < 0x800) {
        out[0] = (char)(0xc0 | value >> 6);
        out[1] = (char)(0x80 | (value & 0x3f));
        return 2;
    }
    if (value < 0x10000) {
        out[0] = (char)(0xe0 | value >> 12);
        out[1] = (char)(0x80 | (value >> 6 & 0x3f));
        out[2] = (char)(0x80 | (value & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | value >> 18);
    out[1] = (char)(0x80 | (value >> 12 & 0x3f));
    out[2] = (char)(0x80 | (value >> 6 & 0x3f));
    out[3] = (char)(0x80 | (value & 0x3f));
    return 4;
}

/* ---- parsing ---- */

struct cursor {
    char *at;
    char *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\r", *cursor->at) != NULL && *cursor->at != '\0') {
        cursor->at++;
    }
}

static bool take(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

/* Four hexadecimal digits as a number, or -1. */
static long take_hex4(struct cursor *cursor)
{
    long value = 0;
    int i;

    if (cursor->end - cursor->at < 4) {
        return -1;
    }
    for (i = 0; i < 4; i++) {
        char c = *cursor->at++;

        if (c >= '0' && c <= '9') {
            value = value * 16 + (c - '0');
        } else if (c >= 'a' && c <= 'f') {
            value = value * 16 + (c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            value = value * 16 + (c - 'A' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

/* The code point of a \u escape whose "\u" has been taken, or -1. */
static long take_code_point(struct cursor *cursor)
{
    long high = take_hex4(cursor);
    long low;

    if (high < 0xd800 || high > 0xdfff) {
        return high;
    }
    if (high > 0xdbff || !take(cursor, '\\') || !take(cursor, 'u')) {
        return -1;
    }
    low = take_hex4(cursor);
    if (low < 0xdc00 || low > 0xdfff) {
        return -1;
    }
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* A string whose opening quote has been taken. An unescaped string is never the longer one. */
static const char *take_string(struct cursor *cursor, char **text, size_t *length)
{
    char *out = cursor->at;

    *text = out;
    while (cursor->at < cursor->end) {
        char c = *cursor->at;

        if (c == '"') {
            cursor->at++;
            *out = '\0';
            *length = (size_t)(out - *text);
            return NULL;
        }
        if (c == '\\') {
            static const char letters[] = "\"\\/bfnrt";
            static const char meanings[] = "\"\\/\b\f\n\r\t";
            const char *letter;

            cursor->at++;
            if (take(cursor, 'u')) {
                long value = take_code_point(cursor);

                if (value < 0) {
                    return "a string has a faulty \\u escape";
                }
                out += utf8_write((uint32_t)value, out);
                continue;
            }
            letter = cursor->at < cursor->end && *cursor->at != '\0' ? strchr(letters, *cursor->at) : NULL;
            if (letter == NULL) {
                return "a string has an unknown escape";
            }
            cursor->at++;
            *out++ = meanings[letter - letters];
        } else {
            size_t size = utf8_sequence((const unsigned char *)cursor->at,
                                        (size_t)(cursor->end - cursor->at));

            if (size == 0) {
                return "a string is not UTF-8";
            }
            if ((unsigned char)c < 0x20) {
                return "a string has a bare control character";
            }
            memmove(out, cursor->at, size);
            out += size;
            cursor->at += size;
        }
    }
    return "a string does not end";
}

/* An integer of 64 bits: no fraction, no exponent, no superfluous zero. */
static const char *take_number(struct cursor *cursor, int64_t *number)
{
    bool negative = take(cursor, '-');
    const char *first = cursor->at;
    int64_t value = 0;

    while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
        int digit = *cursor->at++ - '0';

        /* Count downwards: the negative numbers reach one further. */
        if (value < (INT64_MIN + digit) / 10) {
            return "an integer does not fit 64 bits";
        }
        value = value * 10 - digit;
    }
    if (cursor->at == first) {
        return "a value is neither a string nor an integer";
    }
    if (*first == '0' && cursor->at - first > 1) {
        return "an integer begins with a zero";
    }
    if (cursor->at < cursor->end && strchr(".eE", *cursor->at) != NULL && *cursor->at != '\0') {
        return "a number is not an integer";
    }
    if (!negative && value == INT64_MIN) {
        return "an integer does not fit 64 bits";
    }
    *number = negative ? value : -value;
    return NULL;
}

/* One field: its name, a colon, its value. */
static const char *take_field(struct cursor *cursor, struct json_object *object)
{
    struct json_field *field = &object->field[object->count];
    const char *fault;
    char *name;
    size_t name_length;

    if (object->count == JSON_FIELDS_MAX) {
        return "the object has too many fields";
    }
    if (!take(cursor, '"')) {
        return "a field has no name";
    }
    fault = take_string(cursor, &name, &name_length);
    if (fault != NULL) {
        return fault;
    }
    if (strlen(name) != name_length) {
        return "a field's name contains a NUL";
    }
    if (json_find(object, name) != NULL) {
        return "a field occurs twice";
    }
    skip_space(cursor);
    if (!take(cursor, ':')) {
        return "a field has no value";
    }
    skip_space(cursor);
    memset(field, 0, sizeof *field);
    field->name = name;
    if (take(cursor, '"')) {
        field->is_text = true;
        fault = take_string(cursor, &field->text, &field->length);
    } else {
        fault = take_number(cursor, &field->number);
    }
    if (fault == NULL) {
        object->count++;
    }
    return fault;
}

const char *json_parse(char *line, size_t length, struct json_object *object)
{
    struct cursor cursor = {line, line + length};
    const char *fault;

    object->count = 0;
    skip_space(&cursor);
    if (!take(&cursor, '{')) {
        return "the line is not an object";
    }
    skip_space(&cursor);
    if (!take(&cursor, '}')) {
        for (;;) {
            fault = take_field(&cursor, object);
            if (fault != NULL) {
                return fault;
            }
            skip_space(&cursor);
            if (take(&cursor, '}')) {
                break;
            }
            if (!take(&cursor, ',')) {
                return "a field does not end";
            }
            skip_space(&cursor);
        }
    }
    skip_space(&cursor);
    if (cursor.at != cursor.end) {
        return "something follows the object";
    }
    return NULL;
}

const struct json_field *json_find(const struct json_object *object, const char *name)
{
    size_t i;

    for (i = 0; i < object->count; i++) {
        if (strcmp(object->field[i].name, name) == 0) {
            return &object->field[i];
        }
    }
    return NULL;
}

/* ---- base64 ---- */

/* The six bits of a digit, or -1. */
static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool json_base64_decode(const char *text, size_t length, unsigned char *out, size_t *out_length)
{
    size_t padding = 0;
    size_t written = 0;
    size_t i;

    if (length % 4 != 0) {
        return false;
    }
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=') {
        padding++;
    }
    for (i = 0; i < length; i += 4) {
        size_t digits = i + 4 == length ? 4 - padding : 4;
        uint32_t group = 0;
        size_t k;

        for (k = 0; k < 4; k++) {
            int digit = k < digits ? base64_digit(text[i + k]) : 0;

            if (digit < 0) {
                return false;
            }
            group = group << 6 | (uint32_t)digit;
        }
        if ((digits == 3 && (group & 0xff) != 0) || (digits == 2 && (group & 0xffff) != 0)) {
            return false;
        }
        for (k = 0; k + 1 < digits; k++) {
            out[written++] = (unsigned char)(group >> (16 - 8 * k));
        }
    }
    *out_length = written;
    return true;
}

/* ---- writing ---- */

static void put_string(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text);

    putc('"', out);
    while (left > 0) {
        size_t size = utf8_sequence(at, left);

        if (size == 0) {
            fputs("\\ufffd", out);
            size = 1;
        } else if (*at == '"' || *at == '\\') {
            putc('\\', out);
            putc(*at, out);
        } else if (*at < 0x20) {
            fprintf(out, "\\u%04x", (unsigned)*at);
        } else {
            fwrite(at, 1, size, out);
        }
        at += size;
        left -= size;
    }
    putc('"', out);
}

static void put_name(struct json_writer *writer, const char *name)
{
    if (writer->fields++ > 0) {
        fputs(", ", writer->out);
    }
    put_string(writer->out, name);
    fputs(": ", writer->out);
}

void json_begin(struct json_writer *writer, FILE *out)
{
    writer->out = out;
    writer->fields = 0;
    putc('{', out);
}

void json_put_number(struct json_writer *writer, const char *name, int64_t number)
{
    put_name(writer, name);
    fprintf(writer->out, "%" PRId64, number);
}

void json_put_text(struct json_writer *writer, const char *name, const char *text)
{
    put_name(writer, name);
    put_string(writer->out, text);
}

void json_put_base64(struct json_writer *writer, const char *name, const void *octets, size_t length)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = octets;
    size_t i;

    put_name(writer, name);
    putc('"', writer->out);
    for (i = 0; i < length; i += 3) {
        size_t size = length - i < 3 ? length - i : 3;
        uint32_t group = (uint32_t)at[i] << 16;

        if (size > 1) {
            group |= (uint32_t)at[i + 1] << 8;
        }
        if (size > 2) {
            group |= at[i + 2];
        }
        putc(digits[group >> 18 & 63], writer->out);
        putc(digits[group >> 12 & 63], writer->out);
        putc(size > 1 ? digits[group >> 6 & 63] : '=', writer->out);
        putc(size > 2 ? digits[group & 63] : '=', writer->out);
    }
    putc('"', writer->out);
}

void json_end(struct json_writer *writer)
{
    fputs("}\n", writer->out);
}
