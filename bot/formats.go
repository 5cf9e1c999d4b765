package bot

import (
	"tipoff/sources"
	"tipoff/sources/catalogue"
	"tipoff/sources/feed"
	"tipoff/sources/kev"
	"tipoff/sources/list"
	"tipoff/sources/sitemap"
)

// Formats read the kinds of source that are not feeds.
var Formats = map[sources.Kind]feed.Format{
	sources.KEV:     kev.Read,
	sources.EPSS:    catalogue.EPSS,
	sources.NVD:     catalogue.NVD,
	sources.Sitemap: sitemap.Read,
	sources.JSON:    list.JSON,
	sources.Page:    list.Page,
}
