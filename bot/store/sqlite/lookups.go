package sqlite

import (
	"encoding/hex"
	"encoding/json"

	"tipoff/bot/store/database"
)

var lookups = database.Lookups{
	Sightings: statements.Get("Sightings"),
	Stories:   statements.Get("StoriesByID"),
	Told:      statements.Get("Told"),
	Taken:     statements.Get("TakenKeys"),
	Forgotten: statements.Get("Forgotten"),
}

// Lookups are asked with JSON.
func (d *dialect) Lookups() *database.Lookups { return &lookups }

// Array is a list as JSON, bytes in hexadecimal.
func (d *dialect) Array(v any) any {
	if all, ok := v.([][]byte); ok {
		texts := make([]string, len(all))
		for i, b := range all {
			texts[i] = hex.EncodeToString(b)
		}
		v = texts
	}
	list, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers and texts can always be written
	}
	return string(list)
}

// Words are not written otherwise.
func (d *dialect) Words(database.Entry) string { return "" }
