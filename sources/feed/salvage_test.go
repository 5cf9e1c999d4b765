package feed

import (
	"strings"
	"testing"
	"time"
)

func TestFeedsThatEndInTheMiddle(t *testing.T) {
	const (
		rss  = `<?xml version="1.0"?><rss version="2.0"><channel><title>x</title><item><title>One</title></item><item><title>Two</title></item><item><title>Three</title></item></channel></rss>`
		atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>One</title></entry><entry><title>Two</title></entry><entry><title>Three</title></entry></feed>`
		rdf  = `<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel><title>x</title></channel><item><title>One</title></item><item><title>Two</title></item><item><title>Three</title></item></r:RDF>`
	)
	for name, whole := range map[string]string{"RSS": rss, "Atom": atom, "RDF": rdf} {
		for _, test := range []struct {
			cutAt   string // the text ends before it
			items   int
			partial bool
		}{
			{"", 3, false},
			{"Three", 2, true},
			{"ree<", 2, true},
			{"Two", 1, true},
			{"One", 0, false},
		} {
			text := whole
			if test.cutAt != "" {
				text = whole[:strings.Index(whole, test.cutAt)]
			}
			f, err := Parse([]byte(text), "", "", time.Now())
			if len(f.Items) != test.items || f.Partial != test.partial || (err == nil) != (test.items > 0) {
				t.Errorf("%s up to %q: %d items, partial %v, %v", name, test.cutAt, len(f.Items), f.Partial, err)
			}
		}
	}
}
