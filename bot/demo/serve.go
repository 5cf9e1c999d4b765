package demo

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// broken are the sources where something is wrong, each in its own way. They
// are there to show that the others do not suffer.
var broken = []struct {
	name   string
	answer func(d *Demo, w http.ResponseWriter, r *http.Request)
}{
	{"tidewater", func(_ *Demo, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the database has gone home", http.StatusInternalServerError)
	}},
	{"gatehouse", func(_ *Demo, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!DOCTYPE html>\n<title>Gatehouse</title>\n<p>We have a new site! Our feed has moved, and nobody knows where.</p>\n")
	}},
	// Never answers, until the client gives up.
	{"glacier", func(d *Demo, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-d.done:
		}
	}},
}

// handler serves all sources, each under its name.
func (d *Demo) handler() http.Handler {
	mux := http.NewServeMux()
	for _, o := range d.outlets {
		mux.HandleFunc("GET /"+o.Name+"/"+fileNames[o.Format], func(w http.ResponseWriter, r *http.Request) {
			step := d.Step()
			d.serve(o, step, w, r)
			d.count(o.Name, step)
		})
	}
	for _, b := range broken {
		mux.HandleFunc("GET /"+b.name+"/feed", func(w http.ResponseWriter, r *http.Request) { b.answer(d, w, r) })
	}
	return mux
}

// serve answers with the feed of an outlet at a step.
func (d *Demo) serve(o *outlet, step int, w http.ResponseWriter, r *http.Request) {
	body, err := o.render(o.at(step, d.now))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentTypes[o.Format])
	if o.Gzip {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(body)
			_ = z.Close()
			return
		}
		_, _ = w.Write(body)
		return
	}
	sum := sha256.Sum256(body)
	h.Set("ETag", fmt.Sprintf(`"%x"`, sum[:8]))
	// ServeContent answers 304 where the client's validators still hold. The
	// tag decides: within a second several steps can pass.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
