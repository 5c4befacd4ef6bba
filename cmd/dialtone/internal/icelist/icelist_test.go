package icelist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParse reads servers in every form in which people have them.
func TestParse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ice.json")
	const array = `[{"urls":"stun:s.example"},{"urls":["turn:t.example","turns:t.example:443"],"username":"ann","credential":"pw"}]`
	if err := os.WriteFile(file, []byte("\ufeff"+`{"iceServers":`+array+`,"iceTransportPolicy":"all"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	all := "stun:s.example:3478 / turn:t.example:3478?transport=udp ann/pw turns:t.example:443?transport=tcp ann/pw"
	for name, tt := range map[string]struct{ text, want, err string }{
		"a URL":              {"stun:s.example", "stun:s.example:3478 /", ""},
		"a host":             {" s.example ", "stun:s.example:3478 /", ""},
		"an array":           {array, all, ""},
		"an object":          {`{"urls":"turn:t.example","username":"ann","credential":"pw"}`, "turn:t.example:3478?transport=udp ann/pw", ""},
		"a configuration":    {`{"iceServers":` + array + `}`, all, ""},
		"a file":             {"@" + file, all, ""},
		"the REST draft":     {`{"username":"7:ann","password":"pw","ttl":86400,"uris":["turn:t.example"]}`, "turn:t.example:3478?transport=udp 7:ann/pw", ""},
		"no file":            {"@" + file + "x", "", "no such file"},
		"no JSON":            {`[{urls: "turn:t.example", credential: "Zebra"}]`, "", "not JSON"},
		"no servers":         {`[{"url":"https://t.example","credential":"Zebra"}]`, "", "names no"},
		"an impossible host": {`[{"urls":"turn:t example","credential":"Zebra"}]`, "", "not a STUN or TURN server"},
		"two texts":          {array + array, "", "not JSON"},
	} {
		l, err := Parse(tt.text)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "Zebra") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var got []string
		for _, s := range l {
			got = append(got, s.String()+" "+strings.TrimSuffix(s.Username+"/"+s.Credential.Reveal(), ""))
		}
		if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestAccounts: a server keeps the account that it was named with.
func TestAccounts(t *testing.T) {
	l, err := Parse(`[{"urls":"turn:a.example","username":"own","credential":"1"},{"urls":"turn:b.example"},{"urls":"stun:c.example"}]`)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Complete("--ice "); err == nil || strings.Count(err.Error(), "--ice turn:b.example") != 1 || strings.Contains(err.Error(), "a.example") {
		t.Errorf("%v", err)
	}
	full := l.With("ann", "2")
	if err := full.Complete("--ice "); err != nil {
		t.Error(err)
	}
	var got []string
	for _, s := range full.Auth() {
		got = append(got, s.Username+s.Credential.Reveal())
	}
	if diff := cmp.Diff([]string{"own1", "ann2", ""}, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzParse: a text names servers that can be asked, or is refused.
func FuzzParse(f *testing.F) {
	f.Add(`[{"urls":["stun:s.example","turns:t.example:443"],"username":"ann","credential":"pw"}]`)
	f.Add(`{"iceServers":[{"url":"turn:t?transport=tcp"}]}`)
	f.Add(`{"username":"7:ann","password":"pw","ttl":86400,"uris":["turn:t.example"]}`)
	f.Add("stun:[::1]:3478")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(strings.TrimSpace(text), "@") {
			return // a file of this machine
		}
		list, err := Parse(text)
		if err != nil {
			return
		}
		for _, one := range list.With("ann", "pw").Auth() {
			if again, err := Parse(one.URL); err != nil || len(again) != 1 || again[0].Short() != one.URL {
				t.Fatalf("%q: %q, %v", text, one.URL, err)
			}
		}
	})
}
