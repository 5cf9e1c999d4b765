package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tipoff/bot/alert"
	"tipoff/filters"
	"tipoff/filters/summary"
	"tipoff/sources/story"
)

func (p *program) analyzeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "analyze [FILE...]",
		Short: "Say what is in stories: entities, reading time, the watches that match",
		Long: `Read stories as JSON lines from files or standard input, and print them as JSON
lines with what Tipoff makes of them: entities, reading_minutes, and matches,
which are the watches of the config that match, with the words that they found.
A title alone is a story. What a story brings itself, such as entities, stays.

It needs no store and no network, and the config for its watches and actors
alone: without a config file, matches stay as they are.

It exits with 0, or with 2 when a line could not be read: the line is named, and
the others are still analysed.`,
		Example: `  tipoff analyze stories.jsonl
  tipoff search apt29 --json | tipoff analyze | jq .entities`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := p.analysis(cmd.Flags().Changed("config"))
			if err != nil {
				return err
			}
			all := lines{in: p.in, out: p.out, err: p.err, worker: func() lineWorker { return newAnalyzer(a) }}
			if err := all.run(cmd.Context(), args); err != nil {
				return err
			}
			if all.broken {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "as without it: the output is one JSON object a line")
	return cmd
}

// analysis is what a config says of stories. It is safe for concurrent use.
type analysis struct {
	lexicon *filters.Lexicon
	// watches is nil where there is no config that could have any.
	watches *filters.Set
	filters map[string]*filters.Filter
}

// analysis reads the config. There need not be one, unless it was named.
func (p *program) analysis(named bool) (*analysis, error) {
	if _, err := os.Stat(p.configFile); errors.Is(err, fs.ErrNotExist) && !named {
		fmt.Fprintf(p.err, "tipoff: there is no %s here, so no watch can match; --config names one\n", p.configFile)
		return &analysis{}, nil
	}
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	return newAnalysis(cfg.Lexicon, cfg.Watches)
}

func newAnalysis(lexicon *filters.Lexicon, watches []alert.Watch) (*analysis, error) {
	a := &analysis{lexicon: lexicon, filters: make(map[string]*filters.Filter, len(watches))}
	for _, w := range watches {
		f, err := lexicon.Compile(w.Query)
		if err != nil {
			return nil, fmt.Errorf("watch %s: %w", w.Name, err)
		}
		a.filters[w.Name] = f
	}
	a.watches = filters.NewSet(a.filters)
	return a, nil
}

// analyzer prints stories with what is in them.
type analyzer struct {
	*analysis
	story   story.Story
	doc     filters.Doc
	names   []string
	matches []story.Match
	buf     bytes.Buffer
	json    *json.Encoder
}

func newAnalyzer(a *analysis) *analyzer {
	w := &analyzer{analysis: a}
	w.json = json.NewEncoder(&w.buf)
	return w
}

func (a *analyzer) line(out, line []byte) ([]byte, bool, error) {
	s := &a.story
	if err := decodeStory(line, s); err != nil {
		return out, false, err
	}
	a.doc.Reset(s)
	a.matches = a.matches[:0]
	if a.watches != nil {
		a.names = a.watches.Append(a.names[:0], &a.doc)
		slices.Sort(a.names)
		for _, name := range a.names {
			a.matches = append(a.matches, story.Match{Watch: name, Terms: a.filters[name].Terms(&a.doc)})
		}
	}
	// The story must not change before all is known.
	s.Entities = a.lexicon.Entities(&a.doc)
	if a.watches != nil {
		s.Matches = a.matches
	}
	s.ReadingMinutes = summary.Minutes(s)
	inUTC(s)
	a.buf.Reset()
	if err := a.json.Encode(s); err != nil {
		return out, false, err
	}
	return append(out, a.buf.Bytes()...), true, nil
}

// inUTC puts the times of a story into UTC, as they are printed everywhere.
func inUTC(s *story.Story) {
	s.Published, s.Seen, s.Updated = s.Published.UTC(), s.Seen.UTC(), s.Updated.UTC()
	for i := range s.Sources {
		s.Sources[i].Published = s.Sources[i].Published.UTC()
	}
}
