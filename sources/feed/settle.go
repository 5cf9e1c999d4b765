package feed

import (
	"strings"

	"tipoff/sources"
	"tipoff/sources/story"
)

// settle says by what each item is known: the source's own id for it; else, as
// an empty guid, its link, if that is its alone; else an id made of both link
// and title. An item that comes twice is left out.
func settle(f *Feed) {
	pages := dropRepeats(f)
	shared := sharedGUIDs(f.Items)
	count := make(map[string]int, len(f.Items))
	for _, page := range pages {
		count[page]++
	}
	home := strings.TrimSuffix(pageOf(f.Link), "/")
	known := make(map[string]bool, len(f.Items))
	kept := f.Items[:0]
	for n, i := range f.Items {
		page := pages[n]
		i.LinkShared = page != "" && (count[page] > 1 || strings.TrimSuffix(page, "/") == home)
		id := i.GUID
		switch {
		case id != "" && !shared[id]:
		case page == "" || i.LinkShared:
			i.GUID = makeGUID(i)
			id = i.GUID
		default:
			i.GUID, id = "", "link "+page
		}
		if known[id] {
			f.Skipped++
			f.SkipReason = inTwice
			continue
		}
		known[id] = true
		kept = append(kept, i)
	}
	f.Items = kept
}

const inTwice = "an item that is in the feed twice"

// dropRepeats leaves out what is the same item as one before it: such a one shares
// its link with nobody but itself. It returns the pages of those that are left.
func dropRepeats(f *Feed) (pages []string) {
	type item struct{ guid, page, title string }
	known := make(map[item]bool, len(f.Items))
	pages = make([]string, 0, len(f.Items))
	kept := f.Items[:0]
	for _, i := range f.Items {
		it := item{i.GUID, pageOf(i.Story.URL), i.Story.Title}
		if it.guid != "" && it.page != "" {
			it.title = "" // the source says that it is the same
		}
		if known[it] {
			f.Skipped++
			f.SkipReason = inTwice
			continue
		}
		known[it] = true
		pages = append(pages, it.page)
		kept = append(kept, i)
	}
	f.Items = kept
	return pages
}

// sharedGUIDs are those that items with different links have, or, without a
// link, items with different titles.
func sharedGUIDs(items []sources.Item) map[string]bool {
	first := make(map[string]int, len(items))
	var shared map[string]bool
	for n, i := range items {
		at, ok := first[i.GUID]
		if !ok {
			first[i.GUID] = n
			continue
		}
		a, b := items[at].Story, i.Story
		if pageOf(a.URL) != pageOf(b.URL) || a.URL == "" && a.Title != b.Title {
			if shared == nil {
				shared = map[string]bool{}
			}
			shared[i.GUID] = true
		}
	}
	return shared
}

// makeGUID gives an item an id that stays the same from visit to visit as long
// as its title and address do.
func makeGUID(i sources.Item) string { return hash(pageOf(i.Story.URL) + "\n" + i.Story.Title) }

// pageOf is a link as stories are known by it, or as it is, if it is none.
func pageOf(link string) string {
	if page, ok := story.CanonicalURL(link); ok {
		return page
	}
	page, _, _ := strings.Cut(link, "#")
	return page
}
