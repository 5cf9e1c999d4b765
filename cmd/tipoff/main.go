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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks to end in good order. A second one, from somebody
	// who will not wait, ends the program as if it had no handler.
	context.AfterFunc(ctx, stop)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
