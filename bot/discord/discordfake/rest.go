package discordfake

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// apiError is an answer that is no success, as Discord words it.
type apiError struct {
	Status     int     `json:"-"`
	Code       int     `json:"code"`
	Message    string  `json:"message"`
	Errors     any     `json:"errors,omitempty"`
	RetryAfter float64 `json:"retry_after,omitempty"`
	Global     bool    `json:"global,omitempty"`
}

func refuse(status, code int, message string) *apiError {
	return &apiError{Status: status, Code: code, Message: message}
}

// answer is what a handler returns: a body for status 200, nil for 204.
type answer struct {
	body   any
	header http.Header
}

// serve answers one request, or misbehaves as a fault says.
func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == gatewayPath || r.URL.Path == gatewayPath+"/" {
		f.serveGateway(w, r)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, basePath)
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return
	}
	status := 0
	defer func() {
		f.change(func() { f.requests = append(f.requests, Request{r.Method, path, status}) })
	}()
	fault := f.takeFault(r.Method, path)
	f.minding(r.Method, path, fault)
	if fault != nil && !fault.LoseAnswer && !fault.LateAnswer {
		status = fault.play(w, r)
		return
	}
	var a answer
	e := refuse(http.StatusNotFound, 0, "404: Not Found")
	if ok {
		a, e = f.route(r, path, body)
	}
	if fault != nil {
		if fault.LateAnswer {
			fault.hold(r)
		}
		panic(http.ErrAbortHandler) // cuts the connection
	}
	maps.Copy(w.Header(), a.header)
	status = write(w, a.body, e)
}

func write(w http.ResponseWriter, body any, e *apiError) int {
	status := http.StatusOK
	switch {
	case e != nil:
		status, body = e.Status, e
		if e.RetryAfter > 0 {
			// The header has whole seconds, the body the exact time.
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter))))
		}
	case body == nil:
		status = http.StatusNoContent
		w.WriteHeader(status)
		return status
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
	return status
}

// route runs the handler with the lock held, up to the answer's JSON: requests
// are short, and tests are easier to reason about when they are one after
// another.
func (f *Fake) route(r *http.Request, path string, body []byte) (answer, *apiError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.wake()
	a, e := f.handle(r, path, body)
	if e == nil && a.body != nil {
		text, err := json.Marshal(a.body)
		if err != nil {
			f.violate("%s %s: %v", r.Method, path, err)
		}
		a.body = json.RawMessage(text)
	}
	return a, e
}

func (f *Fake) handle(r *http.Request, path string, body []byte) (answer, *apiError) {
	p := strings.Split(strings.Trim(path, "/"), "/")
	at := func(method string, pattern ...string) bool {
		if r.Method != method || len(p) != len(pattern) {
			return false
		}
		for i, want := range pattern {
			if want != "*" && want != p[i] {
				return false
			}
		}
		return true
	}
	// These need no token: the path holds one.
	switch {
	case at("GET", "gateway"):
		return answer{body: map[string]any{"url": f.gatewayURL()}}, nil
	case at("POST", "interactions", "*", "*", "callback"):
		return f.callback(p[1], p[2], body)
	case at("PATCH", "webhooks", "*", "*", "messages", "@original"):
		return f.editOriginal(p[1], p[2], body)
	case at("GET", "webhooks", "*", "*", "messages", "@original"):
		return f.getOriginal(p[1], p[2])
	case at("POST", "webhooks", "*", "*"):
		return f.followUp(p[1], p[2], body)
	}
	if r.Header.Get("Authorization") != "Bot "+f.token {
		return answer{}, refuse(http.StatusUnauthorized, 0, "401: Unauthorized")
	}
	switch {
	case at("GET", "users", "@me"):
		return answer{body: botUser()}, nil
	case at("GET", "oauth2", "applications", "@me"), at("GET", "applications", "@me"):
		return answer{body: map[string]any{"id": Application, "name": "tipoff"}}, nil
	case at("GET", "gateway", "bot"):
		return answer{body: map[string]any{
			"url": f.gatewayURL(), "shards": 1,
			"session_start_limit": map[string]any{"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1},
		}}, nil
	case at("GET", "channels", "*"):
		if e := f.mayUse(p[1], ViewChannel); e != nil {
			return answer{}, e
		}
		return answer{body: map[string]any{"id": p[1], "type": 0, "guild_id": Guild, "name": "channel-" + p[1]}}, nil
	case at("POST", "channels", "*", "messages"):
		return f.createMessage(p[1], body)
	case at("GET", "channels", "*", "messages"):
		return f.listMessages(p[1], r.URL.Query())
	case at("GET", "channels", "*", "messages", "*"):
		return f.getMessage(p[1], p[3])
	case at("PATCH", "channels", "*", "messages", "*"):
		return f.editMessage(p[1], p[3], body)
	case at("GET", "applications", "*", "commands"):
		return f.listCommands(p[1], "")
	case at("PUT", "applications", "*", "commands"):
		return f.overwriteCommands(p[1], "", body)
	case at("GET", "applications", "*", "guilds", "*", "commands"):
		return f.listCommands(p[1], p[3])
	case at("PUT", "applications", "*", "guilds", "*", "commands"):
		return f.overwriteCommands(p[1], p[3], body)
	}
	f.violate("%s %s: the fake knows no such endpoint", r.Method, path)
	return answer{}, refuse(http.StatusNotFound, 0, "404: Not Found")
}

func botUser() map[string]any {
	return map[string]any{"id": Bot, "username": "tipoff", "global_name": "Tipoff", "discriminator": "0", "bot": true}
}

// mayUse needs the lock.
func (f *Fake) mayUse(channel string, need ...Permission) *apiError {
	missing, ok := f.channels[channel]
	switch {
	case !isSnowflake(channel):
		return invalidForm(problem{path: "channel_id", code: "NUMBER_TYPE_COERCE", message: "Value \"" + channel + "\" is not snowflake."})
	case !ok:
		return refuse(http.StatusNotFound, 10003, "Unknown Channel")
	case missing[ViewChannel]:
		return refuse(http.StatusForbidden, 50001, "Missing Access")
	}
	for _, p := range need {
		if missing[p] {
			return refuse(http.StatusForbidden, 50013, "Missing Permissions")
		}
	}
	return nil
}

// Fault is one way for the API to fail.
type Fault struct {
	// Method and Path choose the requests that fail; Path is the beginning of
	// the path below the base address. Empty ones match any.
	Method, Path string
	// Times is how many of them fail; 0 is one, negative is all.
	Times int

	// Status is the answer's status; 0 cuts the connection before any work is
	// done, or after it with LoseAnswer.
	Status int
	// Code and Message go into the answer's body.
	Code    int
	Message string
	// RetryAfter goes into header and body.
	RetryAfter time.Duration
	// Global says that the pause is for all requests.
	Global bool
	// Body replaces the JSON body.
	Body string
	// LoseAnswer does the work and then cuts the connection.
	LoseAnswer bool
	// Hang does nothing and does not answer until the caller has gone;
	// LateAnswer does the work before that.
	Hang, LateAnswer bool
	// Held is told of a request that is kept waiting; may be nil.
	Held func(*http.Request)
	// Known, with Global, is closed when all who send know of the pause. From then
	// on each channel may get the one message that was on its way. Where it is nil
	// they have a moment to learn of it.
	Known <-chan struct{}
}

// Inject makes requests fail from now on. Faults apply in the order they came.
func (f *Fake) Inject(fault Fault) {
	if fault.Times == 0 {
		fault.Times = 1
	}
	f.change(func() { f.faults = append(f.faults, &fault) })
}

func (f *Fake) takeFault(method, path string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		if fault.Times != 0 && (fault.Method == "" || fault.Method == method) && strings.HasPrefix(path, fault.Path) {
			if fault.Times > 0 {
				fault.Times--
			}
			return fault
		}
	}
	return nil
}

// hold waits until the caller has gone.
func (fault *Fault) hold(r *http.Request) {
	if fault.Held != nil {
		fault.Held(r)
	}
	<-r.Context().Done()
}

func (fault *Fault) play(w http.ResponseWriter, r *http.Request) int {
	if fault.Hang {
		fault.hold(r)
	}
	if fault.Status == 0 {
		panic(http.ErrAbortHandler)
	}
	if fault.Body != "" {
		if fault.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(fault.RetryAfter.Seconds()))))
		}
		w.WriteHeader(fault.Status)
		_, _ = io.WriteString(w, fault.Body)
		return fault.Status
	}
	return write(w, nil, &apiError{
		Status: fault.Status, Code: fault.Code, Message: fault.Message,
		RetryAfter: fault.RetryAfter.Seconds(), Global: fault.Global,
	})
}

// onTheWay is how long after the wish for a pause a request may come that was on
// its way before, where nobody says when the wish is known.
const onTheWay = 300 * time.Millisecond

// minding notes a message that comes in a pause for all requests.
func (f *Fake) minding(method, path string, fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if method == http.MethodPost && strings.HasPrefix(path, "/channels/") && now.Before(f.pause.until) && f.pause.broken(now, path) {
		f.violate("%s %s: sent in the pause that was asked for", method, path)
	}
	if fault != nil && fault.Global {
		f.pause = pause{from: now.Add(onTheWay), until: now.Add(fault.RetryAfter), known: fault.Known, came: map[string]bool{}}
	}
}

// pause is what the bot was asked for.
type pause struct {
	from, until time.Time
	// known is as in [Fault]; came are the channels, by path, that had their
	// message since.
	known <-chan struct{}
	came  map[string]bool
}

// broken reports whether a message before the end of the pause is against it.
func (p pause) broken(now time.Time, path string) bool {
	if p.known == nil {
		return now.After(p.from)
	}
	select {
	case <-p.known:
	default:
		return false
	}
	before := p.came[path]
	p.came[path] = true
	return before
}

// bucket counts the requests of one channel.
type bucket struct {
	used  int
	reset time.Time
}

// spend takes one request from a bucket; it needs the lock. The headers tell
// what is left; see https://discord.com/developers/docs/topics/rate-limits
func (f *Fake) spend(key string) (http.Header, *apiError) {
	now := f.now()
	b := f.buckets[key]
	if b == nil || !now.Before(b.reset) {
		b = &bucket{reset: now.Add(f.window)}
		f.buckets[key] = b
	}
	left := b.reset.Sub(now).Seconds()
	h := http.Header{}
	set := func(name, value string) { h.Set("X-RateLimit-"+name, value) }
	set("Bucket", "fake-"+key)
	set("Limit", strconv.Itoa(f.rate))
	set("Reset", strconv.FormatFloat(float64(b.reset.UnixMilli())/1000, 'f', 3, 64))
	set("Reset-After", strconv.FormatFloat(left, 'f', 3, 64))
	if b.used >= f.rate {
		set("Remaining", "0")
		f.violate("%s: sent although the rate limit was used up", key)
		return h, &apiError{Status: http.StatusTooManyRequests, Message: "You are being rate limited.", RetryAfter: left}
	}
	b.used++
	set("Remaining", strconv.Itoa(f.rate-b.used))
	return h, nil
}

// decode reads a JSON body; numbers keep their digits.
func decode(body []byte, v any) *apiError {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return refuse(http.StatusBadRequest, 50109, "The request body contains invalid JSON.")
	}
	return nil
}
