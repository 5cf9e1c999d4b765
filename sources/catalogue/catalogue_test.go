package catalogue

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"tipoff/sources"
	"tipoff/sources/feed"
)

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// facts are those of a feed in a line.
func facts(f feed.Feed) string {
	if f.Facts == nil {
		return ""
	}
	var all []string
	for _, v := range f.Facts.CVEs {
		all = append(all, strings.TrimPrefix(v.ID, "CVE-")+fmt.Sprintf(" %g/%g", v.CVSS, v.EPSS))
	}
	return fmt.Sprintf("%s all=%v: %s", f.Facts.About, f.Facts.All, strings.Join(all, ", "))
}

type row struct {
	name, body, want string
	err              string // a part of it
	skipped          int
	memory           string
}

func check(t *testing.T, format feed.Format, tests []row) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for what, body := range map[string][]byte{"plain": []byte(test.body), "packed": packed(t, test.body)} {
				f, err := format(sources.Source{}, feed.Document{Body: body, Memory: test.memory}, time.Time{})
				if test.err != "" {
					if e, ok := err.(*sources.Error); !ok || !strings.Contains(e.Text, test.err) || e.State != sources.Failing { //nolint:errorlint // it is this one
						t.Errorf("%s: %v, want %q", what, err, test.err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if diff := cmp.Diff(test.want, facts(f)); diff != "" || f.Skipped != test.skipped {
					t.Errorf("%s: %s, skipped %d, want %d", what, diff, f.Skipped, test.skipped)
				}
				if (f.Skipped > 0) != (f.SkipReason != "") {
					t.Errorf("%s: skipped %d for %q", what, f.Skipped, f.SkipReason)
				}
			}
		})
	}
}

const head = "#model_version:v2025.03.14,score_date:2026-11-23T12:55:00Z\ncve,epss,percentile\n"

func TestEPSS(t *testing.T) {
	t.Parallel()
	check(t, EPSS, []row{
		{name: "as published", body: head + "CVE-2024-3400,0.94286,0.99943\nCVE-1999-0001,0.01141,0.77803\n", want: "epss all=true: 2024-3400 0/0.94286, 1999-0001 0/0.01141"},
		{name: "columns in another order", body: "percentile,EPSS,CVE\n1,0.5,CVE-2024-0001\n", want: "epss all=true: 2024-0001 0/0.5"},
		{name: "rows that are none", body: head + "CVE-2024-0001,0.5,1\nnothing,0.5,1\nCVE-2024-0002,1.5,1\nCVE-2024-0004,0.5,1\nCVE-2024-0005,0.25\nCVE-2024-0006\n", want: "epss all=true: 2024-0001 0/0.5, 2024-0004 0/0.5, 2024-0005 0/0.25", skipped: 3},
		{name: "a quote in the middle", body: head + "CVE-2024-0001,0.5,1\nCVE-2024-0002,0\"5,1\nCVE-2024-0003,0.5,1\n", want: "epss all=true: 2024-0001 0/0.5, 2024-0003 0/0.5", skipped: 1},
		{name: "a number that is none", body: head + "CVE-2024-0001,NaN,1\nCVE-2024-0002,1,1\n", want: "epss all=true: 2024-0002 0/1", skipped: 1},
		{name: "no rows", body: head, err: "0 of 0 rows"},
		{name: "nothing", body: "", err: "ends in the middle"},
		{name: "a web page", body: "<!DOCTYPE html>\n<html><body>Not found</body></html>\n", err: "not a list of EPSS scores"},
		{name: "half of it lost", body: head + "CVE-2024-0001,0.5,1\n", memory: "1000", err: "has 1 entries where it had 1000"},
		{name: "a memory that is none", body: head + "CVE-2024-0001,0.5,1\n", memory: "x", want: "epss all=true: 2024-0001 0/0.5"},
	})
}

func nvd(entries ...string) string {
	return `{"resultsPerPage":1,"format":"NVD_CVE","version":"2.0","timestamp":"2026-11-23T00:00:00","vulnerabilities":[` + strings.Join(entries, ",") + `]}`
}

func TestNVD(t *testing.T) {
	t.Parallel()
	entry := func(id, metrics string) string {
		return `{"cve":{"id":"` + id + `","vulnStatus":"Analyzed","descriptions":[{"lang":"en","value":"x"}],"metrics":{` + metrics + `}}}`
	}
	metric := func(version, kind string, score float64) string {
		return fmt.Sprintf(`"cvssMetric%s":[{"source":"x","type":"%s","cvssData":{"baseScore":%g}}]`, version, kind, score)
	}
	check(t, NVD, []row{
		{name: "as published", body: nvd(entry("CVE-2024-3400", metric("V31", "Primary", 10)), entry("CVE-2024-0002", metric("V2", "Primary", 4.3))), want: "cvss all=false: 2024-3400 10/0, 2024-0002 4.3/0"},
		{name: "the primary source counts", body: nvd(entry("CVE-2024-0001", metric("V40", "Secondary", 5)+","+metric("V31", "Primary", 9.8))), want: "cvss all=false: 2024-0001 9.8/0"},
		{name: "the newest version among secondary ones", body: nvd(entry("CVE-2024-0001", metric("V30", "Secondary", 5)+","+metric("V40", "Secondary", 6.1))), want: "cvss all=false: 2024-0001 6.1/0"},
		{name: "no score", body: nvd(entry("CVE-2024-0001", "")), want: "cvss all=false: 2024-0001 0/0"},
		{name: "rejected", body: nvd(strings.Replace(entry("CVE-2024-0001", metric("V31", "Primary", 10)), "Analyzed", "Rejected", 1)), want: "cvss all=false: 2024-0001 0/0"},
		{name: "a score beyond the scale", body: nvd(entry("CVE-2024-0001", metric("V31", "Primary", 11)+","+metric("V2", "Secondary", 4))), want: "cvss all=false: 2024-0001 4/0"},
		{name: "entries of another form", body: nvd(`{"cve":{"id":7}}`, `"x"`, entry("CVE-2024-0001", ""), entry("CVE-2024-0002", ""), entry("CVE-2024-0003", "")), want: "cvss all=false: 2024-0001 0/0, 2024-0002 0/0, 2024-0003 0/0", skipped: 2},
		{name: "a quiet week", body: nvd(), want: "cvss all=false: "},
		{name: "cut off", body: nvd(entry("CVE-2024-0001", ""))[:200], err: "ends in the middle"},
		{name: "cut off between entries", body: strings.TrimSuffix(nvd(entry("CVE-2024-0001", "")), "]}"), err: "ends in the middle"},
		{name: "nothing", body: "", err: "ends in the middle"},
		{name: "a list", body: "[1]", err: "not a file of the NVD's"},
		{name: "another document", body: `{"data":[]}`, err: "not a file of the NVD's"},
		{name: "a web page", body: "<html>", err: "not a file of the NVD's"},
		{name: "entries all of another form", body: nvd("1", "2"), err: "2 of 2 entries"},
	})
}

func TestDamagedFile(t *testing.T) {
	t.Parallel()
	whole := packed(t, head+strings.Repeat("CVE-2024-0001,0.5,1\n", 10000))
	for name, body := range map[string][]byte{"cut off": whole[:len(whole)/2], "a head alone": whole[:5], "changed": append(bytes.Clone(whole[:len(whole)-8]), make([]byte, 8)...)} {
		if f, err := EPSS(sources.Source{}, feed.Document{Body: body}, time.Time{}); err == nil {
			t.Errorf("%s: %d facts and no error", name, len(f.Facts.CVEs))
		}
	}
}

func FuzzCatalogues(f *testing.F) {
	f.Add([]byte(head+"CVE-2024-3400,0.94286,0.99943\n"), false)
	f.Add([]byte(nvd(`{"cve":{"id":"CVE-2024-3400","metrics":{"cvssMetricV31":[{"type":"Primary","cvssData":{"baseScore":10}}]}}}`)), true)
	f.Add(packed(f, head), false)
	f.Fuzz(func(t *testing.T, body []byte, isNVD bool) {
		format := feed.Format(EPSS)
		if isNVD {
			format = NVD
		}
		got, err := format(sources.Source{}, feed.Document{Body: body}, time.Time{})
		if err != nil {
			if e, ok := err.(*sources.Error); !ok || e.Text == "" { //nolint:errorlint // it is this one
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		for _, v := range got.Facts.CVEs {
			if !isID(v.ID) || v.CVSS < 0 || v.CVSS > 10 || v.EPSS < 0 || v.EPSS > 1 {
				t.Fatalf("%+v", v)
			}
		}
	})
}

// BenchmarkCatalogues reads 100,000 entries, packed: 36 ms of EPSS.
func BenchmarkCatalogues(b *testing.B) {
	var rows strings.Builder
	rows.WriteString(head)
	for i := range 100_000 {
		fmt.Fprintf(&rows, "CVE-2024-%d,0.%05d,0.5\n", 1000+i, i)
	}
	body := packed(b, rows.String())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EPSS(sources.Source{}, feed.Document{Body: body}, time.Time{}); err != nil {
			b.Fatal(err)
		}
	}
}
