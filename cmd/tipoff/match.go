package main

import (
	"github.com/spf13/cobra"

	"tipoff/filters"
	"tipoff/sources/story"
)

func (p *program) matchCommand() *cobra.Command {
	var explain bool
	cmd := &cobra.Command{
		Use:   "match QUERY [FILE...]",
		Short: "Like grep, for stories: print the JSON lines that a query matches",
		Long: `Read stories as JSON lines from files or standard input, and print the lines
that match, as they are. A title alone is a story. It needs no config.

With --explain it prints for every story which clause of the query was true and
where, and for a story that one clause alone kept from matching, which; with
--json as one JSON object a line, of the story and its explanation.

It exits with 0 when something matched, 1 when nothing did, and 2 when a line
could not be read: the line is named, and the others are still matched.`,
		Example: `  tipoff match 'apt* -"apt install"' stories.jsonl
  zcat old.jsonl.gz | tipoff match 'title:sanctions'
  tipoff match --explain 'actor:apt29 NOT set:ransomware' stories.jsonl`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := filters.Compile(args[0])
			if err != nil {
				return err
			}
			all := lines{in: p.in, out: p.out, err: p.err, worker: func() lineWorker { return &matcher{filter: f} }}
			if explain {
				all.worker = func() lineWorker { return &explainer{filter: f, asJSON: p.asJSON} }
			}
			if err := all.run(cmd.Context(), args[1:]); err != nil {
				return err
			}
			switch {
			case all.broken:
				return errReported
			case !all.found:
				return errNothing
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&explain, "explain", false, "print which clause was true for each story, and where")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "with --explain, print one JSON object a line; stories are JSON anyway")
	return cmd
}

// matcher prints the lines that match.
type matcher struct {
	filter *filters.Filter
	story  story.Story
	doc    filters.Doc
}

func (m *matcher) line(out, line []byte) ([]byte, bool, error) {
	if err := decodeStory(line, &m.story); err != nil {
		return out, false, err
	}
	m.doc.Reset(&m.story)
	if !m.filter.Match(&m.doc) {
		return out, false, nil
	}
	out = append(out, line...)
	if line[len(line)-1] != '\n' {
		out = append(out, '\n')
	}
	return out, true, nil
}
