package postgres

import (
	"tipoff/bot/store"
	"tipoff/bot/store/database"
)

var lookups = database.Lookups{
	Sightings: statements.Get("Sightings"),
	Stories:   statements.Get("StoriesByID"),
	Told:      statements.Get("Told"),
	Taken:     statements.Get("TakenKeys"),
	Forgotten: statements.Get("Forgotten"),
}

// Lookups are asked with arrays.
func (d *dialect) Lookups() *database.Lookups { return &lookups }

// Array takes keys as numbers, and everything else as it is.
func (d *dialect) Array(v any) any {
	switch v := v.(type) {
	case []store.Key:
		return array(v)
	case []string:
		for i, s := range v {
			v[i] = plain(s)
		}
	}
	return v
}
