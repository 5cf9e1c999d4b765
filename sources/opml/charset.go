package opml

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

var (
	utf16LE = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	utf16BE = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)

	declaration = regexp.MustCompile(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)
)

// toUTF8 gives a text as valid UTF-8 with line feeds as line ends and no other
// control characters. A byte order mark counts most; text that is valid UTF-8
// is UTF-8 whatever it declares, since editors save it so and leave the
// declaration; then the declaration counts.
func toUTF8(body []byte) []byte {
	text := body
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		text = body[3:]
	case bytes.HasPrefix(body, []byte{0xff, 0xfe}), bytes.HasPrefix(body, []byte{'<', 0}):
		text = decode(utf16LE, body)
	case bytes.HasPrefix(body, []byte{0xfe, 0xff}), bytes.HasPrefix(body, []byte{0, '<'}):
		text = decode(utf16BE, body)
	default:
		if enc := declared(body); enc != nil {
			text = decode(enc, body)
		}
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\t' && r != '\n':
			return -1
		}
		return r // what is no UTF-8 becomes U+FFFD
	}, text)
}

func decode(enc encoding.Encoding, body []byte) []byte {
	out, err := enc.NewDecoder().Bytes(body)
	if err != nil {
		return body
	}
	return out
}

// declared is the encoding of a text without a byte order mark, nil for UTF-8.
func declared(body []byte) encoding.Encoding {
	label := ""
	if m := declaration.FindSubmatch(body[:min(len(body), 512)]); m != nil {
		label = strings.ToLower(string(m[1]))
	}
	// These write other letters in ASCII bytes, so the bytes say nothing.
	if utf8.Valid(body) && !strings.HasPrefix(label, "iso-2022-") {
		return nil
	}
	enc, name := charset.Lookup(label)
	switch {
	case label == "utf-8":
		return nil
	case enc == nil, name == "replacement", strings.HasPrefix(name, "utf-"):
		return charmap.Windows1252
	}
	return enc
}
