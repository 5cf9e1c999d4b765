package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"

	"tipoff/filters/entity/actor"
)

// Actors are the threat actors that queries and stories know.
type Actors struct {
	// Import is the file whose actors are added to those of the program, as the
	// configuration names it; or empty.
	Import string
	// Imported is what the file holds, or nil.
	Imported *actor.Imported
	// Clashes are where the file disagrees with what the program knows.
	Clashes []actor.Clash
	// Merged is the program's table with the imported actors, or nil without
	// an import; see [Actors.Table].
	Merged *actor.Table
}

// Table is the table of actors in force.
func (a Actors) Table() *actor.Table {
	if a.Merged == nil {
		return actor.Builtin()
	}
	return a.Merged
}

// maxImport bounds a file to import. A bundle of ATT&CK has some 50 MB.
const maxImport = 256 << 20

func (d *decoder) actors(n *node) Actors {
	var out Actors
	s := d.section(n, "actors", actorsKeys...)
	read(s, "import", &out, d.importActors)
	if out.Imported != nil && len(out.Imported.Actors) == 0 {
		d.warn(s.node("import"), s.path("import"), "the file holds no actor", "name a MISP galaxy cluster of threat actors, or ATT&CK's bundle with the groups")
	}
	return out
}

// importActors reads the file at a path that starts in the folder of the
// configuration.
func (d *decoder) importActors(path string) (Actors, error) {
	if path == "" {
		return Actors{}, nil
	}
	if _, err := parsePath(path); err != nil {
		return Actors{}, err
	}
	file := path
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(d.file), file)
	}
	data, err := readPlain(file)
	if err != nil {
		return Actors{}, fmt.Errorf("cannot read %s: %w", file, err)
	}
	im, err := actor.Import(data)
	if wrong, ok := errors.AsType[*actor.ImportError](err); ok {
		return Actors{}, fmt.Errorf("%s:%d:%d: %s", file, wrong.Line, wrong.Column, wrong.Text)
	}
	if err != nil {
		return Actors{}, err
	}
	out := Actors{Import: path, Imported: im}
	out.Merged, out.Clashes = actor.Merge(actor.Builtin(), im)
	return out, nil
}

// readPlain reads a file that is one: to open a pipe or a device may wait for
// ever.
func readPlain(file string) ([]byte, error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file; a path starts in the folder of the configuration")
	case err != nil:
		return nil, plainError(err)
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no file; name the JSON file itself")
	case info.Size() > maxImport:
		return nil, fmt.Errorf("it is longer than %s; that is no table of actors", humanize.IBytes(maxImport))
	}
	data, err := os.ReadFile(file)
	return data, plainError(err)
}

// plainError is the error of a file without its path, which the message has.
func plainError(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return errors.New("no permission to read it")
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
