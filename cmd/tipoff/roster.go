package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tipoff/bot"
	"tipoff/bot/source"
	"tipoff/bot/store"
	"tipoff/sources"
	"tipoff/sources/list"
	"tipoff/sources/opml"
)

// byCommandLine is who changes sources here, for the audit log.
const byCommandLine = "command line"

// withSources opens the sources in force, does something with them, and closes.
func (p *program) withSources(cmd *cobra.Command, do func(*source.Book) error) (err error) {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	log, err := p.logger()
	if err != nil {
		return err
	}
	book, closer, err := bot.OpenSources(cmd.Context(), cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	return do(book)
}

// importFlags are those of `sources import`.
type importFlags struct{ dryRun, partial, yes bool }

func (p *program) sourcesImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Add the feeds of an OPML list, as another reader exports it",
		Long: `Add the feeds of an OPML list, as another reader exports it. What would change is
shown first; no source is ever removed. Folders become tags. A source that is
there already, by its address, keeps its name and gets the list's tags.

Where the list has entries that cannot be read, each is named with its line and
nothing is changed, unless --partial says so.

A tipoff that is running takes the sources up within seconds.`,
		Example: `  tipoff sources import feeds.opml --dry-run
  tipoff sources import - < feeds.opml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			list, name, err := p.readList(args[0])
			if err != nil {
				return err
			}
			return p.withSources(cmd, func(book *source.Book) error { return p.importList(cmd, book, list, name, f) })
		},
	}
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only show what would change")
	cmd.Flags().BoolVar(&f.partial, "partial", false, "import the rest of a list that has entries which cannot be read")
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&p.asJSON, "json", false, "print one JSON object a change; implies --yes")
	return cmd
}

// readList reads a list of feeds from a file, or from stdin for "-". A list
// that ends in the middle is one with a problem.
func (p *program) readList(path string) (opml.List, string, error) {
	in, name := p.in, "stdin"
	if path != "-" {
		f, err := os.Open(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return opml.List{}, path, usage("there is no file %s", path)
		case err != nil:
			return opml.List{}, path, usage("%w", err)
		}
		defer f.Close()
		in, name = f, path
	}
	list, err := opml.Read(in)
	bad, isProblem := errors.AsType[opml.Problem](err)
	switch {
	case err != nil && !isProblem:
		return list, name, err
	case err != nil && !bad.Lost:
		return list, name, usage("%s:%d: %s", name, bad.Line, bad.Text)
	case err != nil:
		list.Problems = append(list.Problems, bad)
	}
	return list, name, nil
}

func (p *program) importList(cmd *cobra.Command, book *source.Book, found opml.List, name string, f importFlags) error {
	changes := opml.Changes(book.All(), found)
	lost := 0
	for _, bad := range found.Problems {
		if bad.Lost {
			lost++
		}
	}
	if err := p.showChanges(changes); err != nil {
		return err
	}
	for _, bad := range found.Problems {
		fmt.Fprintf(p.err, "%s:%d: %s\n", name, bad.Line, bad.Text)
	}
	var put []sources.Source
	for _, c := range changes {
		if err := list.Check(c.Source.Kind, c.Source.Items, c.Source.Fields); err != nil {
			fmt.Fprintf(p.err, "%s:%d: %s cannot be imported: %v\n", name, c.Entry.Line, c.Source.Name, err)
			lost++
			continue
		}
		if c.Action != opml.Same {
			put = append(put, c.Source)
		}
	}
	switch {
	case f.dryRun:
		return nil
	case lost > 0 && !f.partial:
		fmt.Fprintf(p.err, "tipoff: nothing was imported: %s of the list cannot be read; mend the list, or import the rest with --partial\n", count(lost, "part", "parts"))
		return errReported
	case len(put) == 0:
		return nil
	case !f.yes && !p.asJSON && !p.agree(fmt.Sprintf("Import %s?", count(len(put), "source", "sources"))):
		fmt.Fprintln(p.err, "Nothing was imported.")
		return nil
	}
	if err := book.Put(cmd.Context(), put, byCommandLine); err != nil {
		return err
	}
	if !p.asJSON {
		fmt.Fprintf(p.out, "Imported %s. The first visit to each stores what is there, without alerts.\n", count(len(put), "source", "sources"))
	}
	return nil
}

// agree asks on a terminal. Where nobody can answer it is a yes: a script that
// calls import means it.
func (p *program) agree(question string) bool {
	in, isFile := p.in.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return true
	}
	fmt.Fprintf(p.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(p.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// changeJSON is a change as `sources import --json` prints it.
type changeJSON struct {
	Action opml.Action `json:"action"`
	Name   string      `json:"name"`
	URL    string      `json:"url"`
	Tags   []string    `json:"tags,omitempty"`
	Fields []string    `json:"fields,omitempty"`
	Line   int         `json:"line"`
}

func (p *program) showChanges(changes []opml.Change) error {
	counts := make(map[opml.Action]int)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range changes {
		counts[c.Action]++
		if p.asJSON {
			if err := json.NewEncoder(p.out).Encode(changeJSON{c.Action, c.Source.Name, c.Source.URL, c.Source.Tags, c.Fields, c.Entry.Line}); err != nil {
				return err
			}
			continue
		}
		switch c.Action {
		case opml.Same:
		case opml.Update:
			fmt.Fprintf(w, "change\t%s\t%s\n", c.Source.Name, strings.Join(changed(c), "; "))
		case opml.NameTaken:
			fmt.Fprintf(w, "add\t%s\t%s\t%s\tas %s is another source\n", c.Source.Name, c.Source.URL, strings.Join(c.Source.Tags, ", "), c.Have.Name)
		case opml.Add:
			fmt.Fprintf(w, "add\t%s\t%s\t%s\n", c.Source.Name, c.Source.URL, strings.Join(c.Source.Tags, ", "))
		}
	}
	if p.asJSON {
		return nil
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s to add, %d to change, %d there already.\n",
		count(counts[opml.Add]+counts[opml.NameTaken], "source", "sources"), counts[opml.Update], counts[opml.Same])
	return nil
}

// changed says what an update changes. Of secrets it says that they do.
func changed(c opml.Change) []string {
	var all []string
	for _, field := range c.Fields {
		switch field {
		case "tags":
			all = append(all, fmt.Sprintf("tags %s -> %s", inWords(c.Have.Tags), inWords(c.Source.Tags)))
		case "schedule":
			all = append(all, fmt.Sprintf("schedule %q -> %q", c.Have.Schedule, c.Source.Schedule))
		case "kind":
			all = append(all, fmt.Sprintf("kind %s -> %s", c.Have.Kind, c.Source.Kind))
		default:
			all = append(all, "another "+field)
		}
	}
	return all
}

func inWords(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

func (p *program) sourcesExport() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the sources in force as an OPML list",
		Long: `Print the sources in force as an OPML list, for another reader or to be imported
again. Passwords and headers are left out; the list says of which sources.`,
		Example: `  tipoff sources export > feeds.opml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.withSources(cmd, func(book *source.Book) error { return opml.Write(p.out, "Tipoff sources", book.All(), time.Now()) })
		},
	}
}

func (p *program) sourcesRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME...",
		Short: "Take sources out of force; their stories stay",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withSources(cmd, func(book *source.Book) error {
				names := make([]string, 0, len(args))
				for _, src := range book.All() {
					names = append(names, src.Name)
				}
				for _, name := range args {
					if !slices.Contains(names, name) {
						return usage("there is no source named %q; nothing was removed", name)
					}
				}
				for _, name := range args {
					if err := book.Remove(cmd.Context(), name, byCommandLine); err != nil && !errors.Is(err, store.ErrNotFound) {
						return err
					}
				}
				fmt.Fprintf(p.out, "Removed %s.\n", count(len(args), "source", "sources"))
				return nil
			})
		},
	}
}
