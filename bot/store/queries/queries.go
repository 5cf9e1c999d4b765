// Package queries reads SQL from .sql files, in which each statement has a name,
// so that what a database is asked can be read, and found, in one place. A folder
// of Go code has its statements in the files beside it, and resolves their names
// once, when the program starts. It serves the stores and the job engine.
//
// It knows nothing of SQL: a statement begins after a line `-- name: NAME`. Other
// lines that begin with -- are comments, and a semicolon at its end is left out.
package queries

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Set is the statements of a folder's files, by name.
type Set struct{ named map[string]string }

// mark begins the line that names a statement.
const mark = "-- name: "

// Must reads all .sql files of a file system. The files are built into the
// program: where two statements have one name, or one has no text, Must panics.
func Must(files fs.FS) Set {
	s, err := Read(files)
	if err != nil {
		panic(err)
	}
	return s
}

// Read is [Must] with an error, which names the file and the statement.
func Read(files fs.FS) (Set, error) {
	s := Set{named: make(map[string]string)}
	err := fs.WalkDir(files, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) != ".sql" {
			return err
		}
		text, err := fs.ReadFile(files, p)
		if err != nil {
			return err
		}
		if err := s.add(string(text)); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		return nil
	})
	return s, err
}

func (s Set) add(file string) error {
	head, rest, more := strings.Cut("\n"+file, "\n"+mark)
	if statement(head) != "" {
		return fmt.Errorf("a statement has no name; write a line `%sNAME` before it", mark)
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, "\n"+mark)
		name, text, _ := strings.Cut(part, "\n")
		name = strings.TrimSpace(name)
		if _, twice := s.named[name]; twice {
			return fmt.Errorf("two statements are named %q", name)
		}
		s.named[name] = statement(text)
		switch {
		case name == "" || s.named[name] == "":
			return fmt.Errorf("the statement %q has no name or no text", name)
		case strings.Contains(s.named[name], ";\n"):
			return fmt.Errorf("the statement %q is two; each needs a name", name)
		}
	}
	return nil
}

// statement is a text without comments. Servers would keep them with what they
// say of their slowest statements.
func statement(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.Join(lines, "")), ";"))
}

// Get is the statement of a name. It panics where there is none, so that a
// program with a wrong name does not start.
func (s Set) Get(name string) string {
	text, ok := s.named[name]
	if !ok {
		panic(fmt.Sprintf("no statement is named %q in the .sql files", name))
	}
	return text
}

// Names are those of all statements, in no order.
func (s Set) Names() []string {
	var all []string
	for name := range s.named {
		all = append(all, name)
	}
	return all
}
