package diag_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dialtone/diag"
	"dialtone/diag/diagtest"
)

// TestRoundTrip writes and reads every type with every field set: a field that JSON loses, or that hides seq, at or type,
// is found here.
func TestRoundTrip(t *testing.T) {
	for name, data := range diagtest.Filled("") {
		t.Run(string(name), func(t *testing.T) {
			want := diag.Event{Seq: 7, At: 1234567 * time.Microsecond, Data: data}
			raw, err := json.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			var got diag.Event
			if err := json.Unmarshal(raw, &got); err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, netip.Prefix{})); diff != "" {
				t.Errorf("read back otherwise than written (-written +read):\n%s\n%s", diff, raw)
			}
		})
	}
}

// TestNoHiddenFields looks at the names themselves: encoding/json matches them without regard to case, so "At" would
// take the value of "at".
func TestNoHiddenFields(t *testing.T) {
	for name, data := range diagtest.Filled("") {
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(raw, &fields); err != nil {
			t.Fatal(err)
		}
		if len(fields) != reflect.TypeOf(data).NumField() {
			t.Errorf("%s has %d fields and writes %d: two share a name, or one is not exported", name, reflect.TypeOf(data).NumField(), len(fields))
		}
		lower := map[string]bool{"seq": true, "at": true, "type": true}
		for field := range fields {
			if low := strings.ToLower(field); lower[low] {
				t.Errorf("%s: field %q collides with another one", name, field)
			} else {
				lower[low] = true
			}
		}
	}
}

func TestMarshalEvent(t *testing.T) {
	tests := []struct {
		name  string
		event diag.Event
		want  string
	}{
		{"head comes first", diag.Event{Seq: 3, At: 1500 * time.Millisecond, Data: diag.ICEState{State: "checking"}}, `{"seq":3,"at":1.500000,"type":"ice.state","state":"checking"}`},
		{"rounded to microseconds", diag.Event{Seq: 1, At: 1600 * time.Nanosecond, Data: diag.ICEState{State: "new"}}, `{"seq":1,"at":0.000002,"type":"ice.state","state":"new"}`},
		{"no fields", diag.Event{Seq: 1, Data: diag.Sample{}}, `{"seq":1,"at":0.000000,"type":"stats.sample"}`},
		{"milliseconds", diag.Event{Seq: 1, Data: diag.Ping{RTTMs: diag.Millis(1234567)}}, `{"seq":1,"at":0.000000,"type":"channel.ping","rtt_ms":1.235}`},
		{"unknown, no fields", diag.Event{Seq: 1, Data: diag.Unknown{Name: "x.y", Raw: json.RawMessage(`{ }`)}}, `{"seq":1,"at":0.000000,"type":"x.y"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(tt.event)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMarshalEventErrors: a value that JSON cannot hold is an error of that event.
func TestMarshalEventErrors(t *testing.T) {
	bad := map[string]diag.Event{
		"no data":           {Seq: 1},
		"not a number":      {Seq: 1, Data: diag.Sample{Inbound: []diag.InboundRTP{{Jitter: new(math.NaN())}}}},
		"unknown, broken":   {Seq: 1, Data: diag.Unknown{Name: "x", Raw: json.RawMessage(`{"a":`)}},
		"unknown, no value": {Seq: 1, Data: diag.Unknown{Name: "x"}},
		"unknown, an array": {Seq: 1, Data: diag.Unknown{Name: "x", Raw: json.RawMessage(`[1]`)}},
	}
	for name, e := range bad {
		if raw, err := e.MarshalJSON(); err == nil {
			t.Errorf("%s: written as %s", name, raw)
		}
	}
}

// TestUnknownIsFaithful copies what a newer version may have written: order, spelling, numbers, escapes and repeated names stay.
func TestUnknownIsFaithful(t *testing.T) {
	lines := []string{
		`{"seq":9,"at":1.250000,"type":"future.thing","zeta":1,"alpha":{"type":"inner","at":[1,2.50,1e3],"seq":null},"html":"<b>&amp;","esc":"\u00e9\/\ud83d\ude00","big":12345678901234567890.10,"zeta":2}`,
		`{"seq":10,"at":2.000000,"type":"future.empty"}`,
		`{"seq":11,"at":2.000001,"type":"future.deep","a":[[[{"b":{"type":"x"}}]]]}`,
		`{"seq":12,"at":3.000000,"type":"future.case","TYPE":"ice.state","Seq":"no number","aT":-1}`,
	}
	for _, line := range lines {
		var e diag.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if _, ok := e.Data.(diag.Unknown); !ok {
			t.Fatalf("%s became %T", line, e.Data)
		}
		got, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(line, string(got)); diff != "" {
			t.Errorf("copied otherwise than read:\n%s", diff)
		}
	}
}

// TestUnknownSpread takes the head from wherever it stands and the white space away.
func TestUnknownSpread(t *testing.T) {
	var e diag.Event
	if err := json.Unmarshal([]byte("{ \"b\" : 1,\n\t\"type\":\"x\" , \"at\":0.5,\"a\":[1, 2],\"seq\":4 }"), &e); err != nil {
		t.Fatal(err)
	}
	want := diag.Event{Seq: 4, At: 500 * time.Millisecond, Data: diag.Unknown{Name: "x", Raw: json.RawMessage(`{"b":1,"a":[1,2]}`)}}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
}

// TestOlderAndNewerFields: what a newer version adds to a known type is passed over, what an older one lacked is absent.
func TestOlderAndNewerFields(t *testing.T) {
	var e diag.Event
	if err := json.Unmarshal([]byte(`{"seq":1,"at":0,"type":"ice.pair","id":"p","state":"succeeded","colour":{"deep":[1]}}`), &e); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(diag.Event{Seq: 1, Data: diag.Pair{ID: "p", State: diag.PairSucceeded}}, e); diff != "" {
		t.Error(diff)
	}
}

func TestUnmarshalEventErrors(t *testing.T) {
	bad := []string{
		``, `null`, `[]`, `"x"`, `{}`, `{"seq":1,"at":0}`, `{"seq":1,"type":"ice.state"}`, `{"seq":1,"at":null,"type":"x"}`, `{"seq":1,"at":"1","type":"x"}`, `{"seq":1,"at":0,"Type":"x"}`, `{"seq":"1","at":0,"type":"x"}`,
		`{"seq":-1,"at":0,"type":"x"}`, `{"seq":1,"at":-0.1,"type":"x"}`, `{"seq":1,"at":1e300,"type":"x"}`, `{"seq":1,"at":1e400,"type":"x"}`,
		`{"seq":1,"at":0,"type":7}`, `{"seq":1,"at":0,"type":"ice.state","state":7}`, `{"seq":1,"at":0,"type":"channel.ping","rtt_ms":1e300}`,
		`{"seq":1,"at":0,"type":"x"} {}`, `{"seq":1,"at":0,"type":"x"`,
	}
	for _, line := range bad {
		var e diag.Event
		if err := json.Unmarshal([]byte(line), &e); err == nil {
			t.Errorf("%s was read as %+v", line, e)
		}
	}
	var e diag.Event
	if err := e.UnmarshalJSON([]byte(`{"seq":1,"at":0}`)); !errors.Is(err, diag.ErrEvent) {
		t.Errorf("error %v is not ErrEvent", err)
	}
}

// TestTimesAreStable writes, reads and writes again: the text does not wander.
func TestTimesAreStable(t *testing.T) {
	for _, at := range []time.Duration{0, 1, 499, 500, 999, 123457 * time.Microsecond, time.Hour + 1, 30 * 24 * time.Hour, 900_000_000*time.Second + 1999} {
		first, err := json.Marshal(diag.Event{Seq: 1, At: at, Data: diag.Ping{RTTMs: diag.Millis(at)}})
		if err != nil {
			t.Fatal(err)
		}
		var e diag.Event
		if err := json.Unmarshal(first, &e); err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Errorf("%v wanders:\n%s", at, diff)
		}
		if off := (e.At - at).Abs(); off > time.Microsecond {
			t.Errorf("%v came back as %v", at, e.At)
		}
	}
}

// FuzzEvent: any bytes are refused or are an event which is written and read without change.
func FuzzEvent(f *testing.F) {
	for _, data := range diagtest.Filled("x") {
		e := diag.Event{Seq: 1, At: time.Second, Data: data}
		raw, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"seq":1,"at":0.1,"type":"x","TYPE":"y","a":{"b":"<\u2028>"},"a":1}`))
	f.Add([]byte(`{"at":4611686018.427387,"type":"x","seq":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e diag.Event
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		first, err := e.MarshalJSON()
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		var again diag.Event
		if err := json.Unmarshal(first, &again); err != nil {
			t.Fatalf("written but not read: %v\n%s", err, first)
		}
		second, err := again.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Errorf("the second copy differs from the first:\n%s", diff)
		}
	})
}

func BenchmarkEventJSON(b *testing.B) {
	for _, data := range []diag.Data{diag.ICEState{State: "checking"}, diagtest.Filled("")["stats.sample"]} {
		e := diag.Event{Seq: 1, At: time.Second, Data: data}
		raw, err := json.Marshal(e)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("write/%s", diag.TypeOf(data)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.MarshalJSON(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("read/%s", diag.TypeOf(data)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var got diag.Event
				if err := json.Unmarshal(raw, &got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
