package signal

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	long := strings.Repeat("x", MaxCandidate+1)
	tests := []struct {
		name string
		m    Message
		ok   bool
	}{
		{"offer", Message{Kind: KindOffer, Description: &Description{"offer", "v=0"}}, true},
		{"answer", Message{Kind: KindAnswer, Description: &Description{"answer", "v=0"}}, true},
		{"offer without description", Message{Kind: KindOffer}, false},
		{"offer of type answer", Message{Kind: KindOffer, Description: &Description{"answer", "v=0"}}, false},
		{"answer of no type", Message{Kind: KindAnswer, Description: &Description{"", "v=0"}}, false},
		{"empty sdp", Message{Kind: KindOffer, Description: &Description{"offer", ""}}, false},
		{"longest sdp", Message{Kind: KindOffer, Description: &Description{"offer", strings.Repeat("x", MaxSDP)}}, true},
		{"too long sdp", Message{Kind: KindOffer, Description: &Description{"offer", strings.Repeat("x", MaxSDP+1)}}, false},
		{"candidate", Message{Kind: KindCandidate, Candidate: &Candidate{Candidate: "candidate:1"}}, true},
		{"no candidate", Message{Kind: KindCandidate}, false},
		{"empty candidate", Message{Kind: KindCandidate, Candidate: &Candidate{}}, false},
		{"too long candidate", Message{Kind: KindCandidate, Candidate: &Candidate{Candidate: long}}, false},
		{"too long mid", Message{Kind: KindCandidate, Candidate: &Candidate{Candidate: "c", SDPMid: &long}}, false},
		{"too long ufrag", Message{Kind: KindCandidate, Candidate: &Candidate{Candidate: "c", UsernameFragment: &long}}, false},
		{"end of candidates", Message{Kind: KindEndOfCandidates}, true},
		{"bye", Message{Kind: KindBye}, true},
		{"paired", Message{Kind: KindPaired, Role: RoleOfferer}, false},
		{"unknown", Message{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.m.Validate()
			if (err == nil) != test.ok || err != nil && !errors.Is(err, ErrMessage) {
				t.Errorf("got %v, want ok %t", err, test.ok)
			}
		})
	}
}

func TestParseDescription(t *testing.T) {
	tests := []struct {
		name, raw string
		kind      Kind
		want      *Description
	}{
		{"offer", `{"type":"offer","sdp":"v=0\r\n"}`, KindOffer, &Description{"offer", "v=0\r\n"}},
		{"answer with more fields", `{"type":"answer","sdp":"v=0","x":[1]}`, KindAnswer, &Description{"answer", "v=0"}},
		{"missing", ``, KindOffer, nil},
		{"null", `null`, KindOffer, nil},
		{"text", `"v=0"`, KindOffer, nil},
		{"list", `[]`, KindOffer, nil},
		{"empty object", `{}`, KindOffer, nil},
		{"wrong type", `{"type":"answer","sdp":"v=0"}`, KindOffer, nil},
		{"pranswer", `{"type":"pranswer","sdp":"v=0"}`, KindAnswer, nil},
		{"type is no text", `{"type":1,"sdp":"v=0"}`, KindOffer, nil},
		{"sdp is no text", `{"type":"offer","sdp":{}}`, KindOffer, nil},
		{"sdp is null", `{"type":"offer","sdp":null}`, KindOffer, nil},
		{"empty sdp", `{"type":"offer","sdp":""}`, KindOffer, nil},
		{"names in capitals", `{"TYPE":"offer","SDP":"v=0"}`, KindOffer, nil},
		{"not UTF-8", "{\"type\":\"offer\",\"sdp\":\"\xff\"}", KindOffer, nil},
		{"cut off", `{"type":"offer","sdp":"v=0"`, KindOffer, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseDescription([]byte(test.raw), test.kind)
			if test.want == nil {
				if !errors.Is(err, ErrMessage) {
					t.Errorf("got %v, want ErrMessage", err)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestParseCandidate(t *testing.T) {
	mid, ufrag := "0", "abcd"
	line := uint16(1)
	tests := []struct {
		name, raw string
		want      *Candidate
	}{
		{
			"complete", `{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":1,"usernameFragment":"abcd"}`,
			&Candidate{"candidate:1 1 udp 1 192.0.2.1 9 typ host", &mid, &line, &ufrag},
		},
		{"nulls", `{"candidate":"c","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null}`, &Candidate{Candidate: "c"}},
		{"end of candidates", `{"candidate":""}`, &Candidate{}},
		{"no fields", `{}`, &Candidate{}},
		{"more fields", `{"candidate":"c","relayProtocol":"udp"}`, &Candidate{Candidate: "c"}},
		{"null", `null`, nil},
		{"missing", ``, nil},
		{"text", `"candidate:1"`, nil},
		{"list", `[{"candidate":"c"}]`, nil},
		{"number as candidate", `{"candidate":1}`, nil},
		{"number as mid", `{"candidate":"c","sdpMid":0}`, nil},
		{"negative line", `{"candidate":"c","sdpMLineIndex":-1}`, nil},
		{"line out of range", `{"candidate":"c","sdpMLineIndex":65536}`, nil},
		{"too long", `{"candidate":"` + strings.Repeat("x", MaxCandidate+1) + `"}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ParseCandidate([]byte(test.raw))
			if test.want == nil {
				if !errors.Is(err, ErrMessage) {
					t.Errorf("got %v, want ErrMessage", err)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// FuzzParse: what is accepted keeps the bounds, and survives being sent on.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"offer","sdp":"v=0"}`))
	f.Add([]byte(`{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"u"}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"candidate":"\ud800"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if d, err := ParseDescription(raw, KindOffer); err == nil {
			if d.SDP == "" || len(d.SDP) > MaxSDP || d.Type != "offer" {
				t.Errorf("accepted %+v", d)
			}
			again, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if d2, err := ParseDescription(again, KindOffer); err != nil || !cmp.Equal(d, d2) {
				t.Errorf("%+v came back as %+v, %v", d, d2, err)
			}
		} else if !errors.Is(err, ErrMessage) {
			t.Errorf("error is %v", err)
		}
		if c, err := ParseCandidate(raw); err == nil {
			again, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			if c2, err := ParseCandidate(again); err != nil || !cmp.Equal(c, c2) {
				t.Errorf("%+v came back as %+v, %v", c, c2, err)
			}
		} else if !errors.Is(err, ErrMessage) {
			t.Errorf("error is %v", err)
		}
	})
}
