package feed

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// toUTF8 gives body as valid UTF-8 without a byte order mark, white space or
// XML declaration before it. The declaration goes because what it says of the
// encoding is true no longer, and because encoding/xml refuses XML 1.1.
//
// Servers and declarations often name a wrong charset. So a byte order mark
// counts most; then text that is valid UTF-8 is taken for that; only then does
// the Content-Type's charset count, then the declaration's.
func toUTF8(body []byte, contentType string) []byte {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		body = body[3:]
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}), bytes.HasPrefix(body, []byte{'<', 0}), bytes.HasPrefix(body, []byte{'{', 0}):
		return start(decode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), body))
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}), bytes.HasPrefix(body, []byte{0, '<'}), bytes.HasPrefix(body, []byte{0, '{'}):
		return start(decode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), body))
	}
	served := servedCharset(contentType)
	declared := declaredCharset(body)
	if utf8.Valid(body) && !sevenBit(served) && !sevenBit(declared) {
		return start(body)
	}
	for _, label := range []string{served, declared} {
		if label == "" || strings.HasPrefix(label, "utf-16") {
			continue
		}
		if enc, name := charset.Lookup(label); enc != nil && name != "utf-8" && name != "replacement" {
			return start(decode(enc, body))
		}
	}
	if mostlyUTF8(body) {
		return start(bytes.ToValidUTF8(body, []byte("\uFFFD")))
	}
	return start(decode(charmap.Windows1252, body))
}

func decode(enc encoding.Encoding, body []byte) []byte {
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		out = body
	}
	return bytes.ToValidUTF8(out, []byte("\uFFFD"))
}

// start cuts off what stands before the document itself, and drops control
// characters, which no format allows.
func start(text []byte) []byte {
	text = withoutControls(text)
	text = bytes.TrimLeft(text, " \t\r\n")
	text = bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\uFEFF")), " \t\r\n")
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return text
	}
	// Some programs print a warning before the declaration.
	if i := bytes.Index(text[:min(len(text), 2048)], []byte("<?xml")); i >= 0 {
		// Line ends stay, so that errors give the right line.
		if _, after, ok := bytes.Cut(text[i:], []byte("?>")); ok {
			text = after
		}
	}
	return text
}

func withoutControls(text []byte) []byte {
	first := -1
	for i, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			first = i
			break
		}
	}
	if first < 0 {
		return text
	}
	kept := append(make([]byte, 0, len(text)), text[:first]...)
	for _, c := range text[first:] {
		if c >= ' ' || c == '\t' || c == '\n' || c == '\r' {
			kept = append(kept, c)
		}
	}
	return kept
}

func servedCharset(contentType string) string {
	if !strings.Contains(contentType, "=") {
		return ""
	}
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return strings.ToLower(params["charset"])
}

// declaredCharset reads encoding="..." from the XML declaration.
func declaredCharset(body []byte) string {
	head := body[:min(len(body), 256)]
	i := bytes.Index(head, []byte("<?xml"))
	if i < 0 {
		return ""
	}
	head, _, _ = bytes.Cut(head[i:], []byte("?>"))
	_, value, ok := bytes.Cut(head, []byte("encoding"))
	if !ok {
		return ""
	}
	value = bytes.TrimLeft(value, " \t\r\n=")
	if len(value) == 0 || value[0] != '"' && value[0] != '\'' {
		return ""
	}
	value, _, _ = bytes.Cut(value[1:], value[:1])
	return strings.ToLower(string(value))
}

// sevenBit says whether a charset writes other letters in ASCII bytes.
func sevenBit(label string) bool {
	return strings.HasPrefix(label, "iso-2022-") || strings.HasPrefix(label, "csiso2022")
}

// mostlyUTF8 tells a UTF-8 text with a few broken bytes from one in another
// charset: such a text hardly ever has valid sequences of several bytes.
func mostlyUTF8(body []byte) bool {
	valid, broken := 0, 0
	for i := 0; i < len(body); {
		if body[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && n == 1 {
			broken++
		} else {
			valid++
		}
		i += n
	}
	return valid > broken
}
