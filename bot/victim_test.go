package bot_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tipoff/bot"
	"tipoff/bot/config"
)

// victimVariable makes the test binary the program itself, on the config that
// it names. It kills itself at the point that it is told on its standard input,
// a line each, and ends with that.
const victimVariable = "TIPOFF_TEST_VICTIM"

// victimHeader names the process that sends a message.
const victimHeader = "X-Tipoff-Test-Process"

// What a victim says on its standard output: that it can be asked to stop, and
// where it listens.
const (
	victimBegun   = "begun"
	victimListens = "listens on "
)

// sendTimeout is what a victim gives a platform for an answer.
const sendTimeout = 2 * time.Second

// A point is a place in the program's work at which it is killed.
type point string

// The points. What is written within one transaction is: a story with its alerts
// and the jobs that deliver them (alert), a delivery that is about to be sent
// (claim), and one that was sent (receipt).
const (
	beforeAlert   point = "before the commit of an alert"
	afterAlert    point = "after the commit of an alert"
	beforeClaim   point = "before the commit of a claim"
	afterClaim    point = "after the commit of a claim"
	beforeSlack   point = "before the send to Slack"
	workedSlack   point = "after Slack's work, before its answer"
	answeredSlack point = "after Slack's answer"
	beforeDiscord point = "before the send to Discord"
	workedDiscord point = "after Discord's work, before its answer"
	answerDiscord point = "after Discord's answer"
	beforeReceipt point = "before the commit of a receipt"
	afterReceipt  point = "after the commit of a receipt"
)

var points = []point{
	beforeAlert, afterAlert, beforeClaim, afterClaim, beforeSlack, workedSlack, answeredSlack,
	beforeDiscord, workedDiscord, answerDiscord, beforeReceipt, afterReceipt,
}

// armed is the point at which this process kills itself, or empty.
var armed atomic.Value

// at kills this process if it is to be killed here: with no last words, as a
// power cut would.
func at(here point) {
	if here == "" || armed.Load() != here {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// serveVictim runs the program until it is killed, or asked to stop.
func serveVictim(configFile string) {
	armed.Store(point(""))
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			armed.Store(point(in.Text()))
		}
		os.Exit(3) // nobody is there any more
	}()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Println(victimBegun)
	if err := runVictim(ctx, configFile); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runVictim(ctx context.Context, configFile string) error {
	cfg, err := config.Load(configFile, os.LookupEnv)
	if err != nil {
		return err
	}
	if cfg.Shared() {
		if cfg.Store, err = watchServer(ctx, cfg.Store); err != nil {
			return err
		}
	} else {
		watchFile()
	}
	app, err := bot.New(ctx, cfg, bot.Options{
		Log: slog.New(victimLog{slog.NewTextHandler(os.Stderr, nil)}), Dir: filepath.Dir(configFile),
		HTTP: &http.Client{Timeout: sendTimeout, Transport: sends{http.DefaultTransport}},
	})
	if err != nil {
		return err
	}
	if err := app.Run(ctx); err != nil {
		return err
	}
	return app.Close()
}

// victimLog keeps errors, and says where the program listens when it is ready.
type victimLog struct{ slog.Handler }

func (l victimLog) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		return l.Handler.Handle(ctx, r)
	}
	if r.Message == "ready" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "listen" {
				fmt.Println(victimListens + a.Value.String())
			}
			return true
		})
	}
	return nil
}

func (l victimLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return victimLog{l.Handler.WithAttrs(attrs)}
}

func (l victimLog) WithGroup(name string) slog.Handler { return victimLog{l.Handler.WithGroup(name)} }

// sends is the way to the platforms.
type sends struct{ next http.RoundTripper }

// messagePoints are the points of a request that posts an alert.
func messagePoints(r *http.Request) (before, answered point, ok bool) {
	switch path := r.URL.Path; {
	case r.Method != http.MethodPost:
		return "", "", false
	case strings.HasSuffix(path, "/chat.postMessage"):
		return beforeSlack, answeredSlack, true
	case strings.HasSuffix(path, "/messages") && strings.Contains(path, "/channels/"):
		return beforeDiscord, answerDiscord, true
	}
	return "", "", false
}

func (s sends) RoundTrip(r *http.Request) (*http.Response, error) {
	before, answered, ok := messagePoints(r)
	if !ok {
		return s.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.Header.Set(victimHeader, fmt.Sprint(os.Getpid()))
	at(before)
	resp, err := s.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusOK {
		at(answered)
	}
	return resp, err
}

// victim is the program in a process of its own.
type victim struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	said strings.Builder // to be read when it has ended
	// ended is closed after that.
	ended chan struct{}
	// out is its standard output; what is wanted of it is that it has begun.
	out *lines
}

// startVictim starts the program on a config, with these variables in its
// environment. dead is told when it has ended.
func startVictim(t *testing.T, configFile string, dead chan<- *victim, env ...string) *victim {
	t.Helper()
	v := &victim{cmd: exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0]), ended: make(chan struct{})} //nolint:gosec // this very program
	v.out = &lines{want: []string{victimBegun}, seen: make(chan struct{})}
	v.cmd.Env = append(append(os.Environ(), victimVariable+"="+configFile), env...)
	v.cmd.Stdout, v.cmd.Stderr = v.out, &v.said
	var err error
	if v.in, err = v.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = v.cmd.Wait() // its state tells
		close(v.ended)
		dead <- v
	}()
	return v
}

// arm says where it is to kill itself; "" is nowhere.
func (v *victim) arm(p point) { _, _ = fmt.Fprintln(v.in, p) } // it may be dead, which shows

// address is where it listens, or empty as long as it is not ready.
func (v *victim) address() string {
	for line := range strings.Lines(v.out.String()) {
		if at, ok := strings.CutPrefix(line, victimListens); ok {
			return strings.TrimSuffix(at, "\n")
		}
	}
	return ""
}

// ask asks it to stop, which it can hear from its beginning.
func (v *victim) ask() error {
	select {
	case <-v.out.seen:
	case <-v.ended:
	}
	return v.cmd.Process.Signal(syscall.SIGTERM)
}

func (v *victim) pid() int { return v.cmd.Process.Pid }

// kill sends SIGKILL.
func (v *victim) kill() { _ = v.cmd.Process.Kill() } // it may be dead

// killed reports whether it ended by being killed, and not of itself.
func (v *victim) killed() bool { return !v.cmd.ProcessState.Exited() }
