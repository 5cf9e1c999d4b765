package bot_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"tipoff/bot/discord/discordfake"
	"tipoff/bot/slack/slackfake"
	"tipoff/bot/store/storetest"
	"tipoff/sources/schedule"
)

// The long run: go test ./bot -run TestReplicasUnderLoad -soak 10m -timeout 20m -v
var soakFor = flag.Duration("soak", 10*time.Second, "how long TestReplicasUnderLoad works its replicas")

// TestReplicasUnderLoad runs three replicas on one PostgreSQL while feeds
// publish, platforms take what they take, people ask and change watches, and the
// replicas are killed and replaced one after the other. Nothing may be lost or
// seen twice, no schedule may fire twice, and one of them alone may be at
// Discord's gateway.
func TestReplicasUnderLoad(t *testing.T) {
	a := newArena(t, storetest.Postgres(t), arenaOptions{
		seed: *killSeed, slack: 4, discord: 3, every: "5s", sources: 6, minutely: 6, perSecond: 1,
	})
	a.discord.SetRate(5, 5*time.Second)
	a.forgive = []string{"sent although the rate limit was used up"}
	s := &soak{
		arena: a, changed: make(chan struct{}),
		live: make(map[*victim]bool), names: make(map[string]*victim), gone: make(map[string]time.Time), polled: make(map[string][]visit),
	}
	a.mu.Lock()
	a.polls = s.poll
	a.mu.Unlock()
	for range 3 {
		s.join()
	}
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for _, f := range []func(context.Context){s.ask, s.change, s.look} {
		others.Go(func() { f(ctx) })
	}
	every := min(30*time.Second, *soakFor/3)
	end := time.After(*soakFor)
	news, kill, roll := time.NewTicker(1500*time.Millisecond), time.NewTicker(every), time.NewTicker(every)
	roll.Stop()
	rolling := time.AfterFunc(every/2, func() { roll.Reset(every) })
	// A slow machine may need longer than that until a change is in force in all.
	var changed <-chan struct{}
	for working := true; working; {
		select {
		case <-end:
			changed = s.changed
			kill.Stop()
			rolling.Stop()
			roll.Stop()
		case <-changed:
			working = false
		case <-news.C:
			a.publish(1)
		case <-kill.C:
			s.replace(true)
		case <-roll.C:
			s.replace(false)
		case v := <-a.dead:
			t.Fatalf("the program ended by itself: %s", v.said.String())
		}
	}
	cancel()
	others.Wait()
	a.settle()
	a.stop()
	s.judge()
}

// soak is a run of TestReplicasUnderLoad.
type soak struct {
	*arena
	started, kills, rolls int
	asked, unanswered     int
	changes               int
	took                  []time.Duration // from a change's answer to its being in force in all
	changed               chan struct{}   // closed when there is one of them
	mostLive              int             // sessions at Discord's gateway at one time

	lives  sync.Mutex // guards what follows
	live   map[*victim]bool
	names  map[string]*victim
	gone   map[string]time.Time // when a process was told to end, or killed
	polled map[string][]visit
}

type visit struct {
	at  time.Time
	who string
}

// poll takes note of a visit.
func (s *soak) poll(path, process string) {
	s.lives.Lock()
	defer s.lives.Unlock()
	s.polled[path] = append(s.polled[path], visit{time.Now().Round(0), process}) // by the wall clock, as schedules go
}

// join starts a replica.
func (s *soak) join() {
	s.started++
	name := fmt.Sprint("replica", s.started)
	s.lives.Lock()
	defer s.lives.Unlock()
	s.start("TIPOFF_TEST_LISTEN=127.0.0.1:0", "TIPOFF_TEST_PROCESS="+name)
	v := s.procs[len(s.procs)-1]
	s.live[v], s.names[name] = true, v
}

// replace ends one replica, by SIGKILL or by asking it, and starts another.
func (s *soak) replace(kill bool) {
	v := s.procs[s.rng.IntN(len(s.procs))]
	s.lives.Lock()
	for name, of := range s.names {
		if of == v {
			s.gone[name] = time.Now().Round(0)
		}
	}
	delete(s.live, v)
	s.lives.Unlock()
	if kill {
		s.kills++
		v.kill()
	} else {
		s.rolls++
		if err := v.ask(); err != nil {
			s.Errorf("a replica that was to stop: %v", err)
		}
	}
	<-v.ended
	<-s.dead
	if kill != v.killed() || !kill && !v.cmd.ProcessState.Success() {
		s.Errorf("a replica ended with %v: %s", v.cmd.ProcessState, v.said.String())
	}
	s.procs = slices.DeleteFunc(s.procs, func(other *victim) bool { return other == v })
	s.join()
}

// ask asks on both platforms, again and again. Who is killed does not answer.
func (s *soak) ask(ctx context.Context) {
	for pause(ctx, 700*time.Millisecond) {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		s.asked += 2
		if _, err := s.slack.SlashCommand(one, slackfake.Slash{Text: "search leak", Channel: s.slackChannels[0]}); err != nil {
			s.unanswered++
		}
		if _, err := s.discord.Slash(one, "search", map[string]any{"query": "leak"}, discordfake.User{ID: "7001", Name: "ana"}, s.discordChannels[0]); err != nil {
			s.unanswered++
		}
		cancel()
		if ctx.Err() != nil { // cut off, which is nobody's fault
			s.asked, s.unanswered = s.asked-2, max(0, s.unanswered-2)
		}
	}
}

var watchGauge = regexp.MustCompile(`(?m)^tipoff_watches (\d+)$`)

// watches is how many watches a replica has in force, by its metrics.
func watches(ctx context.Context, address string) (int, bool) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	m := watchGauge.FindSubmatch(body)
	if err != nil || m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(string(m[1]))
	return n, err == nil
}

// change adds and removes a watch, and measures until it is in force in all.
func (s *soak) change(ctx context.Context) {
	texts := []string{`watch add probe "probe of nothing" --channel s0`, `watch remove probe`}
	for n := 0; pause(ctx, 3*time.Second); n++ {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		reply, err := s.slack.SlashCommand(one, slackfake.Slash{Text: texts[n%2], Channel: s.slackChannels[0]})
		cancel()
		// Where the one that was asked was killed, it may be done, and then is no more.
		said := slackfake.PlainText(reply.Blocks)
		if err != nil || !strings.Contains(said, "probe") {
			if err == nil {
				s.Errorf("%s: %q", texts[n%2], said)
			}
			n--
			continue
		}
		s.changes++
		began, want := time.Now(), 2-n%2
		if s.inForce(ctx, want) {
			if s.took = append(s.took, time.Since(began)); len(s.took) == 1 {
				close(s.changed)
			}
		}
	}
}

// inForce waits until all replicas that are there have so many watches.
func (s *soak) inForce(ctx context.Context, want int) bool {
	for ctx.Err() == nil {
		s.lives.Lock()
		var all []string
		for v := range s.live {
			if address := v.address(); address != "" {
				all = append(all, address)
			}
		}
		s.lives.Unlock()
		done := true
		for _, address := range all {
			if n, ok := watches(ctx, address); ok && n != want {
				done = false
			}
		}
		if done && len(all) > 0 && ctx.Err() == nil {
			return true
		}
		pause(ctx, 5*time.Millisecond)
	}
	return false
}

// look counts the sessions at Discord's gateway.
func (s *soak) look(ctx context.Context) {
	_ = s.discord.Wait(ctx, func() bool { // until ctx ends
		s.mostLive = max(s.mostLive, s.discord.Stats().Live)
		return false
	})
}

// pause is a moment between two looks; it reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// schedule is that of a source, by its path, and its interval.
func (s *soak) schedule(path string) (sched cron.Schedule, every time.Duration) {
	part := strings.Split(path, "/")
	spec, every := "@every 5s", 5*time.Second
	if part[1] == "minute" {
		spec, every = "* * * * *", time.Minute
	}
	sched, err := schedule.Parse(spec, s.cfg.Zone)
	if err != nil {
		s.Fatal(err)
	}
	return schedule.Spread(sched, part[1]+part[2], 2*time.Minute), every
}

// ended reports whether a process was told to end, or killed, before a moment.
func (s *soak) ended(process string, before time.Time) bool {
	end, gone := s.gone[process]
	return gone && end.Before(before)
}

// judge says what came of it.
func (s *soak) judge() {
	s.compare()
	visits, again, twice, missed := 0, 0, 0, 0
	for path, all := range s.polled {
		visits += len(all)
		sched, every := s.schedule(path)
		// It may be polled a little early: by what goes into one job.
		moment := func(at time.Time) time.Time { return sched.Next(at.Add(200*time.Millisecond - every)) }
		var had, hadBefore time.Time // what the last two visits were for
		// The first visit is at once, whatever the schedule says.
		for i, v := range all[min(1, len(all)):] {
			before, due := all[i], moment(v.at)
			if i == 0 {
				had = moment(before.at)
			}
			switch {
			case i == 0 || due.After(had):
				for next := sched.Next(had); i > 0 && next.Before(due); next = sched.Next(next) {
					missed++
					if part := strings.Split(path, "/"); part[1] == "minute" {
						s.Errorf("%s was due at %v and not polled until %v", path, next.Format(time.TimeOnly), v.at.Format(time.StampMilli))
					}
				}
				hadBefore, had = had, due
			case s.ended(before.who, v.at):
				// It may not have come to write down what it had read, and it may have
				// polled after it was told to end.
				again++
			case i > 0 && before.at.Before(had) && s.ended(all[i-1].who, before.at):
				// The visit before was not early, but the one before it made again.
				again++
			case had.Add(-every).After(hadBefore):
				// The visit before was for the moment before, which had none: a machine
				// that is busy came to it late.
				hadBefore = had.Add(-every)
				missed--
			default:
				twice++
				s.Errorf("%s was due at %v and polled at %v by %s and %v later by %s", path, due.Format(time.TimeOnly), before.at.Format(time.StampMilli), before.who, v.at.Sub(before.at), v.who)
			}
		}
	}
	if s.mostLive != 1 {
		s.Errorf("%d sessions at Discord's gateway at one time", s.mostLive)
	}
	slices.Sort(s.took)
	if len(s.took) == 0 {
		s.Error("no change came to be in force")
	} else {
		s.Logf("%d changes of watches in force in all replicas after %v (p50) and at most %v", len(s.took), s.took[len(s.took)/2], s.took[len(s.took)-1])
	}
	s.Logf("%v: %d replicas were started, %d killed, %d stopped", *soakFor, s.started, s.kills, s.rolls)
	s.Logf("%d polls of %d sources: %d again because who polled was ended, %d twice, %d left out", visits, len(s.polled), again, twice, missed)
	s.Logf("%d commands, %d without an answer; %d sessions at Discord's gateway at one time, %d in all", s.asked, s.unanswered, s.mostLive, s.discord.Stats().Identifies)
}
