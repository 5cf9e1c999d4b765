package feed

import (
	"strings"

	"tipoff/sources"
	"tipoff/sources/story"
)

// settle sees to it that the items of one visit can be told apart. Some feeds
// have no guids, some give every item the same one, or the same link (that of
// a change log, say), and some have an item twice.
func settle(f *Feed) {
	shared := sharedGUIDs(f.Items)
	pages := make(map[string]string, len(f.Items)) // the guid of a page's first item
	many := map[string]bool{}                      // pages of several items
	known := make(map[string]bool, len(f.Items))
	kept := f.Items[:0]
	for _, i := range f.Items {
		if i.GUID == "" || shared[i.GUID] {
			i.GUID = makeGUID(i)
		}
		if known[i.GUID] {
			f.Skipped++
			f.SkipReason = "an item that is in the feed twice"
			continue
		}
		known[i.GUID] = true
		if page := pageOf(i.Story.URL); page != "" {
			if _, ok := pages[page]; ok {
				many[page] = true
			}
			pages[page] = i.GUID
		}
		kept = append(kept, i)
	}
	f.Items = kept
	home := strings.TrimSuffix(pageOf(f.Link), "/")
	for n := range kept {
		i := &kept[n]
		page := pageOf(i.Story.URL)
		i.LinkShared = page != "" && (many[page] || strings.TrimSuffix(page, "/") == home)
	}
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
func makeGUID(i sources.Item) string {
	page, ok := story.CanonicalURL(i.Story.URL)
	if !ok {
		page = i.Story.URL
	}
	return hash(page + "\n" + i.Story.Title)
}

// pageOf is a link without its fragment, which is no part of an identity.
func pageOf(link string) string {
	page, _, _ := strings.Cut(link, "#")
	return page
}
