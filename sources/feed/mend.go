package feed

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf8"
)

var charRef = regexp.MustCompile(`&#(?:[0-9]+|[xX][0-9a-fA-F]+);`)

// esc begins what a terminal takes for a command.
const esc = 0x1b

// terminalSequence finds whole commands to a terminal (ECMA-48: colours and
// the like, and strings such as links), so that taking out their control
// characters does not leave their parameters behind as text.
var terminalSequence = regexp.MustCompile(`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b<]*(?:\x07|\x1b\\)`)

// mend repairs a feed that could not be read for the reason why, where a person
// would see what is meant: values of another type in JSON; in XML references
// to characters that it has not, those characters themselves, and a bare "<"
// that begins no tag.
func mend(text []byte, why error) (mended []byte, changed bool) {
	if bytes.HasPrefix(text, []byte("{")) {
		return mendJSON(text, why)
	}
	mended = charRef.ReplaceAllFunc(text, func(ref []byte) []byte {
		digits, base := ref[2:len(ref)-1], 10
		if digits[0] == 'x' || digits[0] == 'X' {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseInt(string(digits), base, 32)
		switch {
		case n == esc:
			return []byte{esc}
		case err != nil || !xmlChar(rune(n)):
			return nil
		}
		return ref
	})
	mended = terminalSequence.ReplaceAll(mended, nil)
	mended = bytes.Map(func(r rune) rune {
		if !xmlChar(r) {
			return -1
		}
		return r
	}, mended)
	mended = escapeBare(mended)
	return mended, !bytes.Equal(mended, text)
}

// xmlChar: https://www.w3.org/TR/xml/#charsets
func xmlChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= ' ' && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= utf8.MaxRune
}

// escapeBare writes every "<" outside of comments and CDATA that begins no
// markup as "&lt;".
func escapeBare(text []byte) []byte {
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		i := bytes.IndexByte(text, '<')
		if i < 0 {
			break
		}
		out = append(out, text[:i]...)
		text = text[i:]
		if len(text) == 1 || !startsMarkup(text[1]) {
			out = append(out, "&lt;"...)
			text = text[1:]
			continue
		}
		tag, rest, kind := cutTag(text)
		if kind == startTag || kind == emptyTag {
			// A "<" within may be the start of the tag that was meant.
			tag, rest = text[:1], text[1:]
		}
		out = append(out, tag...)
		text = rest
	}
	return append(out, text...)
}

func startsMarkup(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c == '/' || c == '!' || c == '?' || c >= utf8.RuneSelf
}
