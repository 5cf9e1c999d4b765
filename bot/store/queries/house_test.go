package queries_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"tipoff/bot/store/queries"
)

// isSQL finds texts that are statements, or begin one.
var isSQL = regexp.MustCompile(`^[\s(]*(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)

// inGo are the texts that may be in Go, with the reason.
var inGo = map[string]string{
	"../sqlite/index.go: INSERT INTO ":   "is made of the table and its columns, whichever they are",
	"../postgres/index.go: INSERT INTO ": "is made of the table, its columns and their types",
}

// Each name in Go is in a file, each in a file is used, and no statement is left
// in Go.
func TestStatements(t *testing.T) {
	allowed := make(map[string]bool)
	total := 0
	for _, room := range rooms(t) {
		set, err := queries.Read(sqlOf(room))
		if err != nil {
			t.Errorf("%s: %v", room, err)
			continue
		}
		names, used := set.Names(), make(map[string]string)
		total += len(names)
		for _, file := range goFiles(t, room) {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if name, ok := gets(n); ok {
					if !slices.Contains(names, name) {
						t.Errorf("%s: no statement is named %q", file, name)
					}
					if other := used[name]; other != "" {
						t.Errorf("%s: %q is in %s too", file, name, other)
					}
					used[name] = file
				}
				if text, ok := literal(n); ok && isSQL.MatchString(text) {
					key := file + ": " + text
					if allowed[key] = true; inGo[key] == "" {
						t.Errorf("%s has a statement; give it a name in a .sql file: %s", file, text)
					}
				}
				return true
			})
		}
		for _, name := range names {
			if used[name] == "" {
				t.Errorf("%s: nothing uses the statement %q", room, name)
			}
		}
	}
	if total == 0 {
		t.Error("there are no statements at all")
	}
	for key := range inGo {
		if !allowed[key] {
			t.Errorf("there is no %q any more", key)
		}
	}
}

// rooms are the folders that ask a database, but for the suite of tests.
func rooms(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"..", "../../jobs"}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "storetest" {
			all = append(all, "../"+e.Name())
		}
	}
	return all
}

// sqlOf are the files that a room builds in: not its migrations.
func sqlOf(room string) fs.FS {
	if text, err := os.ReadFile(filepath.Join(room, "queries.sql")); err == nil {
		return fstest.MapFS{"queries.sql": {Data: text}}
	}
	if dir := filepath.Join(room, "queries"); room != ".." {
		if _, err := os.Stat(dir); err == nil {
			return os.DirFS(dir)
		}
	}
	return fstest.MapFS{}
}

// goFiles are those of a room that are in the program.
func goFiles(t *testing.T, room string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(room, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(file string) bool { return strings.HasSuffix(file, "_test.go") })
	for i := range all {
		all[i] = filepath.ToSlash(all[i])
	}
	return all
}

// gets is the name in statements.Get("...").
func gets(n ast.Node) (name string, ok bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return "", false
	}
	of, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || of.Sel.Name != "Get" {
		return "", false
	}
	if set, ok := of.X.(*ast.Ident); !ok || set.Name != "statements" {
		return "", false
	}
	return literal(call.Args[0])
}

func literal(n ast.Node) (text string, ok bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
