// Package icelist reads the STUN and TURN servers that a user names: URLs, or the iceServers of an RTCConfiguration as
// applications and services have them, in JSON.
package icelist

import (
	"errors"
	"fmt"
	"strings"

	"dialtone/cmd/dialtone/internal/files"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/probe"
	"dialtone/signal/post"
)

// maxFile is how many bytes a file with servers may have.
const maxFile = 1 << 20

// Server is one STUN or TURN server. Without an account of its own it is asked with that of --ice-user.
type Server struct {
	iceurl.URL
	Username   string
	Credential diag.Secret
}

// List are the servers that one text names.
type List []Server

// Parse reads a URL, an RTCIceServer in JSON, a list of these, an object with iceServers, or @FILE, which holds one of
// them. No error quotes JSON, which has passwords.
func Parse(text string) (List, error) {
	text = strings.TrimSpace(text)
	path, isFile := strings.CutPrefix(text, "@")
	if isFile {
		raw, err := files.Read(path, maxFile)
		if err != nil {
			return nil, err
		}
		text = strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
	}
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		if isFile {
			return nil, fmt.Errorf("%s holds no JSON: write iceServers as an RTCConfiguration has them", diag.Clean(path, 200))
		}
		u, err := iceurl.Parse(text)
		return List{{URL: u}}, err
	}
	named, err := post.ParseICEServers([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: write it as [{\"urls\":\"turn:HOST\",\"username\":\"NAME\",\"credential\":"+
			"\"PASSWORD\"}]", err)
	}
	var list List
	for _, s := range named {
		u, err := iceurl.Parse(s.URL)
		if err != nil {
			return nil, err
		}
		list = append(list, Server{u, s.Username, diag.Secret(s.Credential)})
	}
	return list, nil
}

// Joined are the servers of several texts.
func Joined(lists []List) (all List) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// With is the list in which the TURN servers without an account of their own have this one.
func (l List) With(username string, credential diag.Secret) List {
	out := append(List(nil), l...)
	for i := range out {
		if s := &out[i]; s.Scheme.TURN() && s.Username == "" && s.Credential == "" {
			s.Username, s.Credential = username, credential
		}
	}
	return out
}

// Auth are the servers as a call has them.
func (l List) Auth() (out []diag.ICEServerAuth) {
	for _, s := range l {
		server := diag.ICEServerAuth{URL: s.String()}
		if s.Scheme.TURN() {
			server.Username, server.Credential = s.Username, s.Credential
		}
		out = append(out, server)
	}
	return out
}

// Complete says which TURN servers lack user name or password, or nil; flag is how they were given.
func (l List) Complete(flag string) error {
	var errs []error
	for _, s := range l {
		if s.Scheme.TURN() && (s.Username == "" || s.Credential == "") {
			errs = append(errs, fmt.Errorf("%s%v requires a user name and a password: add --ice-user NAME, and the "+
				"password as %s", flag, s.URL, settings.EnvName("ice-pass")))
		}
	}
	return errors.Join(errs...)
}

// URLs are those of the servers.
func (l List) URLs() (out []iceurl.URL) {
	for _, s := range l {
		out = append(out, s.URL)
	}
	return out
}

// Accounts are what the TURN servers are asked with.
func (l List) Accounts() map[iceurl.URL]probe.Account {
	out := map[iceurl.URL]probe.Account{}
	for _, s := range l {
		if s.Scheme.TURN() {
			out[s.URL] = probe.Account{Username: s.Username, Password: s.Credential.Reveal()}
		}
	}
	return out
}
