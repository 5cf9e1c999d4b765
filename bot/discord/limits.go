package discord

// Discord's limits, in UTF-16 code units where they are about text. Discord
// answers 400 with code 50035 to a message that is over any of them.
const (
	// https://discord.com/developers/docs/resources/message#create-message
	maxContent = 2000
	maxEmbeds  = 10
	maxNonce   = 25

	// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
	maxTitle       = 256
	maxDescription = 4096
	maxFields      = 25
	maxFieldName   = 256
	maxFieldValue  = 1024
	maxFooter      = 2048
	maxAuthor      = 256
	maxAllEmbeds   = 6000

	// https://discord.com/developers/docs/components/reference
	maxRows        = 5
	maxRowButtons  = 5
	maxCustomID    = 100
	maxButtonLabel = 80

	// https://discord.com/developers/docs/interactions/application-commands
	maxCommandName  = 32
	maxCommandHelp  = 100
	maxOptions      = 25
	maxChoices      = 25
	maxChoice       = 100
	maxCommandTotal = 8000

	// https://discord.com/developers/docs/resources/message#allowed-mentions-object
	// takes 100 users and 100 roles; fewer fit into the content.
	maxMentions = 80
)
