package slack

// Slack's limits, in UTF-16 code units where they are about text.
const (
	// https://docs.slack.dev/reference/block-kit/blocks
	maxBlocks = 50

	// https://docs.slack.dev/reference/block-kit/blocks/section-block
	maxSection = 3000

	// https://docs.slack.dev/reference/block-kit/blocks/header-block
	maxHeader = 150

	// https://docs.slack.dev/reference/block-kit/blocks/context-block, whose
	// texts are text objects:
	// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
	maxContextText = 3000

	// https://docs.slack.dev/reference/block-kit/block-elements/button-element
	maxButtonValue = 2000

	// https://docs.slack.dev/reference/methods/chat.postMessage advises this
	// much for the text; it cuts at 40,000.
	maxText = 4000
)

// All texts of a message together have a limit that Slack does not document
// (error msg_blocks_too_long): about 10,000 characters, and about 16,000 bytes
// of JSON, see github.com/slackapi/bolt-js/issues/2867. The sizes below keep an
// alert under both in any script; a page, which Slack does not hold to that
// limit, stays under the first.
const (
	titleSize   = 300
	summarySize = 600
	whySize     = 600
	alsoSize    = 400
	alsoLinks   = 5
	bylineSize  = 150

	pageSize = 8000
	leadSize = 1500
	codeSize = 1500
	hintSize = 500
	itemSize = 400
)
