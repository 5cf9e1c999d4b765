// Tipoff is a chat-ops bot for cyber-security news: it polls feeds, matches
// every new story against a team's watches and posts one alert a story to
// Slack and Discord. This command runs it and asks its archive.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// The heap is small and a poll makes much that is soon thrown away:
		// half the collections for some megabytes more is a good bargain.
		debug.SetGCPercent(200)
	}
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		// The first signal asks to end in good order, a second one is from
		// somebody who will not wait.
		<-signals
		cancel()
		os.Exit(signalled(<-signals))
	}()
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	cancel()
	os.Exit(code)
}

// signalled is the exit code that a shell gives a program which ended by s.
func signalled(s os.Signal) int {
	if n, ok := s.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return exitNothing
}
