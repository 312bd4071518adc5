package otrshim

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// lineLimit is the longest line in bytes, its newline not counted.
const lineLimit = 1048576

var errNotFlat = badRequest("line: is not one flat object of texts and integers")

// readLine reads a line without its newline; nil if it is too long; an error at the end.
func readLine(input *bufio.Reader) ([]byte, error) {
	line := []byte{}
	for {
		part, err := input.ReadSlice('\n')
		if line != nil {
			line = append(line, part...)
		}
		if len(line) > lineLimit+1 {
			line = nil
		}
		switch {
		case err == nil:
			line = bytes.TrimSuffix(line, []byte{'\n'})
			if len(line) > lineLimit {
				line = nil
			}
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// parseLine reads an object whose values are texts and integers of 64 bits, and nothing else.
func parseLine(line []byte) (map[string]any, error) {
	if line == nil {
		return nil, badRequest("line: is too long")
	}
	if !utf8.Valid(line) || !json.Valid(line) || !escapesArePaired(line) {
		return nil, badRequest("line: is not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errNotFlat
	}
	object := map[string]any{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, errNotFlat
		}
		key := name.(string) // the line is valid: a name is a text
		value, err := decoder.Token()
		if err != nil {
			return nil, errNotFlat
		}
		if _, twice := object[key]; twice {
			return nil, badRequest("%.100q: is there twice", key)
		}
		switch value := value.(type) {
		case string:
			object[key] = value
		case json.Number:
			integer, err := strconv.ParseInt(value.String(), 10, 64)
			if err != nil {
				return nil, badRequest("%.100q: is no integer of 64 bits", key)
			}
			object[key] = integer
		default:
			return nil, errNotFlat
		}
	}
	return object, nil
}

// escapesArePaired tells whether each escaped half of a character beyond 16 bits has its other.
func escapesArePaired(line []byte) bool {
	for at := 0; at < len(line); at++ {
		if line[at] != '\\' {
			continue
		}
		at++
		unit := unitAt(line, at)
		switch {
		case unit >= 0xdc00 && unit <= 0xdfff:
			return false
		case unit >= 0xd800 && unit < 0xdc00:
			if at+5 >= len(line) || line[at+5] != '\\' {
				return false
			}
			if low := unitAt(line, at+6); low < 0xdc00 || low > 0xdfff {
				return false
			}
			at += 6
		}
	}
	return true
}

// unitAt reads the escape u1234 at a place; -1 if there is another.
func unitAt(line []byte, at int) int64 {
	if at+5 > len(line) || line[at] != 'u' {
		return -1
	}
	unit, err := strconv.ParseInt(string(line[at+1:at+5]), 16, 32)
	if err != nil {
		return -1
	}
	return unit
}

// fields are those of one line, as they are written.
type fields struct{ written []byte }

func (f *fields) put(name string, value any) {
	if len(f.written) > 0 {
		f.written = append(f.written, ", "...)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, part := range []any{name, value} {
		if text.Len() > 0 {
			text.WriteString(": ")
		}
		_ = encoder.Encode(part) // texts and integers can be encoded
		text.Truncate(text.Len() - 1)
	}
	f.written = append(f.written, text.Bytes()...)
}

func (f *fields) text(name, value string)         { f.put(name, value) }
func (f *fields) number(name string, value int64) { f.put(name, value) }

func (f *fields) octets(name string, value []byte) {
	f.put(name, base64.StdEncoding.EncodeToString(value))
}

// prefix puts a field in front of the others.
func (f *fields) prefix(name, value string) {
	first := fields{}
	first.text(name, value)
	if len(f.written) > 0 {
		first.written = append(first.written, ", "...)
	}
	f.written = append(first.written, f.written...)
}

// joinLine makes the line of an answer to a request.
func joinLine(number int64, written []byte) []byte {
	line := fields{}
	line.number("re", number)
	return append(append(append(append([]byte{'{'}, line.written...), ", "...), written...), "}\n"...)
}
