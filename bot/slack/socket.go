package slack

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"tipoff/bot/card"
	"tipoff/bot/deliver"
)

// ErrCommandsOff is what Run returns at once when it has nothing to listen
// with. Alerts go out all the same.
var ErrCommandsOff = &deliver.Error{
	Code: "commands_off", Permanent: true,
	Text: "slack.app_token is empty, so commands in Slack are off and alerts are still sent: to turn them on, " + appPage,
}

const (
	// maxRunning bounds the commands that run at a time.
	maxRunning = 16
	// maxEnvelope is far above any command or click.
	maxEnvelope = 1 << 20
	// comeBack is the pause before a session that ended without a reason is
	// opened again; slack-go's own retries come first.
	comeBack = 5 * time.Second
	// settle is how long the socket stays open behind the last
	// acknowledgement: slack-go queues them and cannot tell when they are out.
	settle = 250 * time.Millisecond
	// lastWords is how long a stopped command has to say so.
	lastWords = 2 * time.Second
)

// Run answers commands and buttons over Socket Mode until ctx ends, and then
// returns nil when those under way are answered. It comes back by itself after
// disconnects. It returns [ErrCommandsOff] without an app-level token, and a
// permanent [*deliver.Error] when Slack refuses the token.
func (s *Slack) Run(ctx context.Context) error {
	if s.opt.AppToken == "" || s.opt.Commands == nil {
		return ErrCommandsOff
	}
	for {
		err := s.listen(ctx)
		if ctx.Err() != nil {
			return nil
		}
		e := s.explain(err, appToken)
		if e.Permanent {
			return e
		}
		s.log.Warn("slack session ended", "error", e, "again_in", comeBack)
		select {
		case <-time.After(comeBack):
		case <-ctx.Done():
			return nil
		}
	}
}

// session is one stay on Socket Mode, over as many connections as it takes.
type session struct {
	*Slack
	sock *socketmode.Client
	// work is the context of commands; it outlives the caller's for as long
	// as shutdown waits.
	work context.Context
	// slots holds a value for each command under way.
	slots chan struct{}
	wg    sync.WaitGroup
	// lastAck is when the last acknowledgement was queued, in Unix
	// nanoseconds.
	lastAck atomic.Int64
	// closing is true when no new commands are taken. Only the event loop
	// touches it.
	closing bool
}

// listen runs a session. It returns when ctx ends, when Slack refuses the
// token, or when slack-go gives up.
func (s *Slack) listen(ctx context.Context) error {
	// Neither the connection nor running commands end with ctx: both are
	// needed to finish answering.
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	line, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()

	n := &session{
		Slack: s, work: work, slots: make(chan struct{}, maxRunning),
		sock: socketmode.New(s.api, socketmode.OptionReadLimit(maxEnvelope)),
	}
	ended := make(chan error, 1)
	go func() { ended <- n.sock.RunContext(line) }()

	stop, finished := ctx.Done(), make(chan struct{})
	for {
		select {
		case evt := <-n.sock.Events:
			if err := n.handle(evt); err != nil {
				hangUp()
				n.finish(stopWork)
				return errors.Join(err, <-ended)
			}
		case <-stop:
			stop, n.closing = nil, true
			n.log.Debug("slack stopping")
			go func() {
				n.finish(stopWork)
				close(finished)
			}()
		case <-finished:
			hangUp()
			return <-ended
		case err := <-ended:
			n.finish(stopWork)
			return err
		}
	}
}

// finish waits until the commands under way are answered, for a time.
func (n *session) finish(stopWork context.CancelFunc) {
	idle := make(chan struct{})
	go func() {
		n.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-time.After(n.shutdownGrace):
		n.log.Warn("slack commands stopped before their end")
		stopWork()
		select {
		case <-idle:
		case <-time.After(lastWords):
		}
	}
	if rest := settle - time.Since(time.Unix(0, n.lastAck.Load())); rest > 0 {
		<-time.After(rest)
	}
}

// handle takes one event of the library's. Its error is permanent.
func (n *session) handle(evt socketmode.Event) error {
	switch evt.Type {
	case socketmode.EventTypeConnected:
		n.log.Info("slack connected")
	case socketmode.EventTypeConnectionError:
		return n.connectionError(evt)
	case socketmode.EventTypeErrorBadMessage:
		n.badMessage(evt)
	case socketmode.EventTypeErrorWriteFailed:
		n.log.Warn("slack acknowledgement not sent")
	case socketmode.EventTypeSlashCommand:
		cmd, ok := evt.Data.(slack.SlashCommand)
		if ok && evt.Request != nil {
			n.slash(evt.Request, cmd)
		}
	case socketmode.EventTypeInteractive:
		click, ok := evt.Data.(slack.InteractionCallback)
		if ok && evt.Request != nil {
			n.click(evt.Request, click)
		}
	case socketmode.EventTypeEventsAPI:
		// Nothing is subscribed to; what comes anyway would come again and
		// again if nobody took it.
		if evt.Request != nil {
			n.ack(evt.Request.EnvelopeID, nil)
		}
	}
	return nil
}

// connectionError tells a refusal, which slack-go would repeat for ever, from
// a bad moment.
func (n *session) connectionError(evt socketmode.Event) error {
	failed, ok := evt.Data.(*slack.ConnectionErrorEvent)
	if !ok {
		return nil
	}
	e := n.explain(failed.ErrorObj, appToken)
	if e.Permanent {
		return e
	}
	if !errors.Is(e, context.Canceled) {
		n.log.Warn("slack connection failed", "error", e, "attempt", failed.Attempt, "again_in", failed.Backoff)
	}
	return nil
}

// badMessage is for an envelope that slack-go could not read. It is
// acknowledged where that can be done, so that Slack does not send it again.
func (n *session) badMessage(evt socketmode.Event) {
	bad, ok := evt.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	n.log.Warn("slack message not understood", "error", bad.Cause, "bytes", len(bad.Message))
	var env struct {
		ID string `json:"envelope_id"`
	}
	if json.Unmarshal(bad.Message, &env) == nil && env.ID != "" {
		n.ack(env.ID, nil)
	}
}

// ack acknowledges an envelope, with an answer in it unless that is nil. It
// reports whether that went out; an answer that is too large for an
// acknowledgement does not.
func (n *session) ack(envelope string, payload any) bool {
	if envelope == "" {
		return false
	}
	// Stopped commands are acknowledged too, so this does not end with them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(n.work), lastWords)
	defer cancel()
	if err := n.sock.AckCtx(ctx, envelope, payload); err != nil {
		n.log.Debug("slack acknowledgement not taken", "error", err)
		return false
	}
	n.lastAck.Store(time.Now().UnixNano())
	return true
}

// start runs f beside the event loop, or reports false when too much is
// running.
func (n *session) start(f func()) bool {
	select {
	case n.slots <- struct{}{}:
	default:
		return false
	}
	n.wg.Go(func() {
		defer func() { <-n.slots }()
		f()
	})
	return true
}

var (
	busyPage = card.Page{Tone: card.Bad, Title: "Too many commands at once", Hint: "Try again in a moment."}
	byePage  = card.Page{Tone: card.Bad, Title: "Tipoff is restarting", Hint: "Try again in a moment."}
)
