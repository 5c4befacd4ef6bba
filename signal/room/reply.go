package room

import (
	"bytes"
	"encoding/json"
	"fmt"

	"dialtone/signal"
	"dialtone/signal/web"
)

// maxUserID bounds the user ID, in bytes: 64 on every known server.
const maxUserID = 256

// status is a decoded answer to get_status.
type status struct {
	code        string // "", need_init, offered, answered or connected
	description *signal.Description
	candidates  []signal.Message // KindCandidate and KindEndOfCandidates
	refused     int
}

// parseUserID reads the answer to dial.
func parseUserID(body []byte) (string, error) {
	fields, err := parseFields(body)
	if err != nil {
		return "", err
	}
	var id *string
	if err := json.Unmarshal(fields["user_id"], &id); err != nil || id == nil || *id == "" || len(*id) > maxUserID {
		return "", fmt.Errorf("the answer to dial holds no user_id")
	}
	return *id, nil
}

// parseStatus reads the answer to get_status. An error means that the answer is
// not of the protocol, or that the peer's description is not one.
func parseStatus(body []byte) (*status, error) {
	fields, err := parseFields(body)
	if err != nil {
		return nil, err
	}
	s := &status{}
	if raw, ok := fields["code"]; ok {
		if err := json.Unmarshal(raw, &s.code); err != nil {
			return nil, fmt.Errorf("the answer's code is not a string")
		}
	} else if len(fields) > 0 {
		return nil, fmt.Errorf("the answer has no code")
	}
	switch s.code {
	case "", "need_init":
	case "offered":
		s.description, err = signal.ParseDescription(fields["offer"], signal.KindOffer)
	case "answered":
		s.description, err = signal.ParseDescription(fields["answer"], signal.KindAnswer)
	case "connected":
		err = s.parseRoutes(fields["new_ice_routes"])
	default:
		err = fmt.Errorf("the answer's code %q is unknown", web.Clean(s.code))
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// parseRoutes reads the candidates. null is skipped: it stands for a client's
// end of candidates or for a mistake, which look alike. One unusable candidate
// does not end the call.
func (s *status) parseRoutes(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var routes []json.RawMessage
	if err := json.Unmarshal(raw, &routes); err != nil {
		return fmt.Errorf("new_ice_routes is not a list")
	}
	for _, route := range routes {
		if bytes.Equal(route, []byte("null")) {
			continue
		}
		c, err := signal.ParseCandidate(route)
		switch {
		case err != nil:
			s.refused++
		case c.Candidate == "":
			s.candidates = append(s.candidates, signal.Message{Kind: signal.KindEndOfCandidates})
		default:
			s.candidates = append(s.candidates, signal.Message{Kind: signal.KindCandidate, Candidate: c})
		}
	}
	return nil
}

// parseFields reads an object with its names exactly as they were sent.
func parseFields(body []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, fmt.Errorf("the answer is not a JSON object")
	}
	return fields, nil
}
