package diag

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// Type names an event in recordings, in the log pane and in docs/reference/events.md, for example "ice.candidate".
type Type string

// Data is what happened: one of the structs of this package, each with a fixed [Type], which is in its comment too.
// A Data is a value; anyone who appended it to a feed does not change it afterwards.
type Data interface{ name() Type }

// TypeOf names what happened, or may happen.
func TypeOf(d Data) Type { return d.name() }

// Event is one entry of the log of a call.
type Event struct {
	Seq  uint64        // position in the log, from 1, without gaps
	At   time.Duration // since the start of the log, never less than the event before
	Data Data          // what happened; never nil
}

// Type names what happened.
func (e Event) Type() Type { return e.Data.name() }

// Unknown is an event of a type that this version does not know. It keeps the whole JSON object, so that an older
// dialtone can show and copy the recording of a newer one.
type Unknown struct {
	Name Type
	// the object without seq, at and type: its members in their order, each byte but white space as read
	Raw json.RawMessage
}

func (u Unknown) name() Type { return u.Name }

// MarshalJSON returns the object as it was read.
func (u Unknown) MarshalJSON() ([]byte, error) { return u.Raw, nil }

// ErrEvent is returned (wrapped) for bytes that are no event.
var ErrEvent = errors.New("not an event")

// maxSeconds is the latest time that an event may have: thirty years, which a float64 still reports to the microsecond.
const maxSeconds = 1e9

// MarshalJSON writes one flat object: seq, at (seconds), type, then the fields of the data.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Data == nil {
		return nil, fmt.Errorf("%w: no data", ErrEvent)
	}
	body, err := marshalData(e.Data)
	if err != nil {
		return nil, err
	}
	if len(body) < 2 || body[0] != '{' {
		return nil, fmt.Errorf("%w: %s does not marshal to an object", ErrEvent, e.Data.name())
	}
	name, err := json.Marshal(e.Data.name())
	if err != nil {
		return nil, err
	}
	out := fmt.Appendf(nil, `{"seq":%d,"at":%s,"type":%s`, e.Seq, seconds(e.At), name)
	if rest := bytes.TrimSpace(body[1:]); len(rest) > 1 {
		out = append(out, ',')
	}
	return append(out, body[1:]...), nil
}

// marshalData writes the fields of d as one compact object. Those of an unknown type stay as they were read, which
// json.Marshal would not grant: it escapes <, > and &.
func marshalData(d Data) ([]byte, error) {
	u, ok := d.(Unknown)
	if !ok {
		return json.Marshal(d)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, u.Raw); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrEvent, u.Name, err)
	}
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote. A type that this version does not know becomes [Unknown].
func (e *Event) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage // a struct would take "AT" for "at"
	if err := json.Unmarshal(b, &fields); err != nil {
		return fmt.Errorf("%w: %w", ErrEvent, err)
	}
	var name Type
	if err := json.Unmarshal(orNull(fields["type"]), &name); err != nil || name == "" {
		return fmt.Errorf("%w: it has no type", ErrEvent)
	}
	var seq uint64
	if err := json.Unmarshal(orNull(fields["seq"]), &seq); err != nil {
		return fmt.Errorf("%w: %s: its seq: %w", ErrEvent, name, err)
	}
	at, err := strconv.ParseFloat(string(fields["at"]), 64)
	if err != nil || at < 0 || at > maxSeconds {
		return fmt.Errorf("%w: %s: its time is %.40q", ErrEvent, name, fields["at"])
	}
	data, err := decodeData(name, b)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrEvent, name, err)
	}
	*e = Event{Seq: seq, At: time.Duration(math.Round(at * 1e9)), Data: data}
	return nil
}

// orNull is raw, or null for a member that is not there.
func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// decodeData makes the Data of a type out of the event's whole object.
func decodeData(t Type, b []byte) (Data, error) {
	if decode, ok := decoders[t]; ok {
		return decode(b)
	}
	raw, err := withoutHead(b)
	if err != nil {
		return nil, err
	}
	return Unknown{Name: t, Raw: raw}, nil
}

// withoutHead returns the object b without its members seq, at and type. A map would sort what remains.
func withoutHead(b []byte) (json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	kept := [][]byte{}
	for dec.More() {
		before := dec.InputOffset() // at the brace, or after the member before: what follows holds a comma at most
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		if key == "seq" || key == "at" || key == "type" {
			continue
		}
		member := b[before:dec.InputOffset()]
		kept = append(kept, member[bytes.IndexByte(member, '"'):])
	}
	var out bytes.Buffer
	err := json.Compact(&out, slices.Concat([]byte("{"), bytes.Join(kept, []byte(",")), []byte("}")))
	return out.Bytes(), err
}

// decoders holds how each known type is read. The list is the vocabulary of a recording; docs/reference/events.md
// describes it.
var decoders = map[Type]func([]byte) (Data, error){}

// Known reports whether this version knows events of the type.
func (t Type) Known() bool { return decoders[t] != nil }

// Types lists the vocabulary of a recording in ascending order.
func Types() []Type { return slices.Sorted(maps.Keys(decoders)) }

// register adds T to the vocabulary; called from package variables only.
func register[T Data]() Type {
	var zero T
	decoders[zero.name()] = func(b []byte) (Data, error) {
		var v T
		err := json.Unmarshal(b, &v)
		return v, err
	}
	return zero.name()
}

// seconds writes d as JSON seconds with microseconds, the resolution that recordings promise. It rounds, so that what
// was read, which went through a float64, is written as it was.
func seconds(d time.Duration) string {
	us := d.Round(time.Microsecond).Microseconds()
	return fmt.Sprintf("%d.%06d", us/1e6, us%1e6)
}

// Millis is a length of time that is written to JSON as milliseconds with three decimals.
type Millis time.Duration

// MarshalJSON writes milliseconds.
func (m Millis) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", float64(m)/1e6), nil
}

// UnmarshalJSON reads milliseconds; it refuses what no duration can hold.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if math.Abs(f) > math.MaxInt64/2/1e6 {
		return fmt.Errorf("%w: %v ms is out of range", ErrEvent, f)
	}
	*m = Millis(math.Round(f * 1e6))
	return nil
}

// Float is the number of milliseconds as JSON keeps it, so that a recording reads like the call did.
func (m Millis) Float() float64 { return float64(time.Duration(m).Round(time.Microsecond)) / 1e6 }

// Duration is the ordinary Go duration.
func (m Millis) Duration() time.Duration { return time.Duration(m) }

// OrZero is a measured value, or zero for an absent one: for sums, in which what is unknown does not count.
func OrZero[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}

// Map is what f makes of each of a list; nil of an empty one.
func Map[T, U any](list []T, f func(T) U) []U {
	var out []U
	for _, x := range list {
		out = append(out, f(x))
	}
	return out
}
