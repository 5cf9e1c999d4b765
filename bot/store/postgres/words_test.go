package postgres_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tipoff/bot/store/postgres"
	"tipoff/bot/store/storetest"
	"tipoff/filters"
	"tipoff/sources"
	"tipoff/sources/story"
)

// What the server makes of a story for the index is what the filters see.
func TestWordsOfTheIndex(t *testing.T) {
	s := migrated(t, storetest.Postgres(t), postgres.Options{})
	if err := s.SyncSources(t.Context(), []sources.Source{{Name: "alpha", URL: "https://alpha.example/"}}); err != nil {
		t.Fatal(err)
	}
	src, _, err := s.Source(t.Context(), "alpha")
	if err != nil {
		t.Fatal(err)
	}
	plain := []string{"China", "leak", "’s ", "'s ", " ", " ", " ", ". ", ", ", "-", "—", "\n", "/", "(", "ABC", "“no”", "3.2.1", "’"}
	odd := append([]string{
		"'s", "'s 's", "\t", "\r\n", "&amp;", "&shy;", "é", "É", "İ", "ß", "中国", "½", "evil[.]com", "hxxp://a.example/x?y=1",
		"x_y", "№", "\x00", "\x01", "\xff", "\u00a0", "\u200b", "Ａ", "a@b", "@", "'", "\\", "*", "$", strings.Repeat("long", 80),
	}, plain...)
	text := func(rt *rapid.T, label string) string {
		from := rapid.SampledFrom([][]string{plain, plain, plain, odd}).Draw(rt, "from")
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(from), 0, 12).Draw(rt, label), "")
	}
	n := 0
	derived := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		st := story.Story{
			Title: text(rt, "title"), Summary: text(rt, "summary"), Content: text(rt, "content"), Seen: time.Unix(1_700_000_000, 0),
			ID: story.NewID("", "", "https://alpha.example/"+strings.Repeat("x", n)),
		}
		err := s.Update(t.Context(), func(ctx context.Context, tx *postgres.Tx) error {
			key, _, err := tx.AddStory(ctx, src, &st)
			if err != nil {
				return err
			}
			_, err = tx.Story(ctx, key)
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
		var got []string
		var words string
		rows, err := s.DB().QueryContext(t.Context(), `
SELECT unnest(tsvector_to_array(story_words(key, title, summary, content, words))), words FROM stories WHERE id = $1`, st.ID)
		if err != nil {
			rt.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var w string
			if err := rows.Scan(&w, &words); err != nil {
				rt.Fatal(err)
			}
			if !strings.HasPrefix(w, "@") {
				got = append(got, w)
			}
		}
		if err := rows.Err(); err != nil {
			rt.Fatal(err)
		}
		if words == "" || words[0] == '+' {
			derived++
		}
		title, body := filters.NewDoc(&st).IndexTexts()
		var want []string
		for w := range strings.FieldsSeq(title + " " + body) {
			if w != filters.TextEnd {
				want = append(want, w[:min(len(w), 255)])
			}
		}
		for w := range strings.FieldsSeq(title) {
			want = append(want, "/"+w[:min(len(w), 255)])
		}
		slices.Sort(want)
		slices.Sort(got)
		if want = slices.Compact(want); !slices.Equal(want, got) {
			rt.Fatalf("%q %q %q\nwords %q\nindex %q\n want %q", st.Title, st.Summary, st.Content, words, got, want)
		}
	})
	if derived < n/10 {
		t.Errorf("the server made the words of %d stories of %d", derived, n)
	}
}
