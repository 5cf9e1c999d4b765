package pipeline

import (
	"context"
	"slices"
	"time"

	"tipoff/bot/store"
)

// tellAgain is how often it is noted that a source still tells what is not kept.
const tellAgain = 24 * time.Hour

// dropForgotten takes out the items that were told in stories which are not kept
// any more: a feed that still lists them has no news. fresh counts the items
// that are not known.
func (v *visit) dropForgotten(ctx context.Context, items []*item, fresh int) ([]*item, int, error) {
	if fresh == 0 {
		return items, fresh, nil
	}
	asked := make([]store.Told, 0, fresh)
	for _, it := range items {
		if !it.isKnown {
			asked = append(asked, it.told())
		}
	}
	found, err := v.tx.Forgotten(ctx, v.report.ID, asked)
	if err != nil || len(found) == 0 {
		return items, fresh, err
	}
	for _, it := range items {
		told, ok := found[it.identity]
		if !ok || it.isKnown || v.now.Sub(told) < tellAgain {
			continue
		}
		if err := v.tx.Forget(ctx, v.report.ID, it.told()); err != nil {
			return nil, 0, err
		}
	}
	kept := slices.DeleteFunc(items, func(it *item) bool {
		_, ok := found[it.identity]
		return ok && !it.isKnown
	})
	return kept, fresh - (len(items) - len(kept)), nil
}

func (it *item) told() store.Told { return store.Told{Identity: it.identity, ID: it.ID} }
