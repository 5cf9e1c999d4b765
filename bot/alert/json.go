package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// JSON is the alert as file and webhook targets receive it: one line without a
// line end. Lists are never null, the kind is never empty, and links keep their
// ampersands, so that they can be grepped and copied.
func (a Alert) JSON() ([]byte, error) {
	a.Watches = append([]string{}, a.Watches...)
	if a.Kind == "" {
		a.Kind = KindNew
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		return nil, fmt.Errorf("write the alert as JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
