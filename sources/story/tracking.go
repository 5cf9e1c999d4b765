package story

import (
	"net/url"
	"strings"
)

// trackingPrefixes start the names of whole families of parameters: Google
// Analytics, AT Internet, Matomo (under its old and new names), HubSpot.
var trackingPrefixes = []string{"utm_", "at_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "__hs"}

// trackingNames are parameters that say how a reader came to a page and never
// which page it is.
var trackingNames = set(
	// click ids of advertisers
	"fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "ttclid", "yclid",
	"ysclid", "li_fat_id", "igshid", "igsh", "epik", "srsltid", "rb_clickid", "wickedid", "_openstat",
	"fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "__twitter_impression",
	// newsletters
	"mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "hsctatracking", "vero_id", "vero_conv",
	"oly_enc_id", "oly_anon_id", "ml_subscriber", "ml_subscriber_hash", "_ke", "ss_email_id", "bsft_eid",
	"bsft_clkid", "elqtrackid", "elqtrack", "ck_subscriber_id",
	// site analytics and publishers' own campaigns
	"_ga", "_gl", "s_cid", "sc_cid", "ncid", "cmpid", "icid", "ocid", "ftag", "mbid", "xtor", "emc",
	"ns_campaign", "ns_mchannel", "ns_source", "ns_linkname", "ns_fee", "smid", "smtyp", "taid",
	"soc_src", "soc_trk", "guccounter", "guce_referrer", "guce_referrer_sig", "ref_src", "ref_url",
	"sr_share", "wt_mc", "wt.mc_id", "wt_zmc", "trk_contact", "trk_msg", "trk_module", "trk_sid",
	"cvid", "intcid", "cmp_id", "campaign_id", "referring_akid",
)

// originNames are parameters that some sites track with and others mean:
// they count as tracking only with a value that names a way of reading.
var originNames = set(
	"ref", "ref_", "referrer", "referer", "source", "src", "from", "via", "partner", "medium",
	"campaign", "cmp", "mod", "feed", "origin", "channel", "sh", "trk",
)

var originValues = set(
	"rss", "rssfeed", "rss_feed", "rss-feed", "rss2", "feed", "feeds", "atom", "feedburner", "feedly",
	"inoreader", "newsletter", "email", "e-mail", "twitter", "facebook", "linkedin", "reddit",
	"telegram", "mastodon", "bluesky", "social", "socialmedia", "share", "googlenews", "google_news",
	"hackernews", "hn", "syndication",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// isTracking says whether one "name=value" of a query only tracks.
func isTracking(part string) bool {
	name, value, _ := strings.Cut(part, "=")
	name = plain(name)
	if trackingNames[name] {
		return true
	}
	for _, p := range trackingPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	if !originNames[name] {
		return false
	}
	value = plain(value)
	// The second form is Medium's: source=rss----1a2b---4.
	return originValues[value] || strings.HasPrefix(value, "rss-") || strings.HasPrefix(value, "rss_")
}

// plain undoes the escapes of a name or value and folds its case.
func plain(s string) string {
	if strings.ContainsAny(s, "%+") {
		if u, err := url.QueryUnescape(s); err == nil {
			s = u
		}
	}
	return strings.ToLower(s)
}
