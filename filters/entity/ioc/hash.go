package ioc

import "strings"

// hashKind returns what hash s could be by its digits; empty if none.
func hashKind(s string) Kind {
	kind := Kind("")
	switch len(s) {
	case 32:
		kind = MD5
	case 40:
		kind = SHA1
	case 64:
		kind = SHA256
	default:
		return ""
	}
	letters, figures := 0, 0
	for i := range len(s) {
		switch c := s[i] | 0x20; {
		case c >= 'a' && c <= 'f':
			letters++
		case s[i] >= '0' && s[i] <= '9':
			figures++
		default:
			return ""
		}
	}
	// A hash of one kind of digit only has odds of less than one in a million.
	if letters == 0 || figures == 0 {
		return ""
	}
	return kind
}

// emptyHashes are the hashes of no bytes at all, a mishap of tools.
var emptyHashes = map[string]bool{
	"d41d8cd98f00b204e9800998ecf8427e":                                 true,
	"da39a3ee5e6b4b0d3255bfef95601890afd80709":                         true,
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": true,
}

// hashKeys are the words that say a hash follows: "SHA256:...", "md5=...".
var hashKeys = words("md5 sha1 sha-1 sha256 sha-256 hash filehash imphash")

// cutHashKey splits "sha256:9f86d0..." at the colon.
func cutHashKey(s string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(s, ":")
	if !ok || hashKind(value) == "" {
		return "", s, false
	}
	return key, value, true
}

// notHashes are words before something that looks like a hash, and is one of
// source code, or a key.
var notHashes = words(`commit commits committed git github gitlab revision rev tree checkout pinned branch merge merged tag
	uuid guid id ids clsid appid key keys apikey secret token tokens session cookie nonce seed salt
	transaction transactions tx txid txn txhash block wallet contract`)

func (f *finder) isHash(s, key string, start int) bool {
	const lookBack = 3
	switch {
	case emptyHashes[strings.ToLower(s)]:
		return false
	case key != "" && hashKeys[strings.ToLower(key)]:
		return true
	case notHashes[strings.ToLower(key)], strings.IndexByte(key, '@') >= 0:
		return false
	}
	found := false
	f.before(start, lookBack, func(w string) bool {
		found = notHashes[w]
		return !found && !hashKeys[w]
	})
	return !found
}
