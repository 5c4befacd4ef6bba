package probe

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the REST credentials of TURN servers are defined with it
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"dialtone/diag"
	"dialtone/diag/iceurl"
	"dialtone/diag/reach"
)

// NATServers resolves the servers that can be asked over plain UDP, all at once, and returns one for each address, in
// the order of the URLs: also TURN servers, since every one of them answers a Binding request. Where a URL has no port,
// DNS SRV is asked too. Of a name that does not resolve the failure is part of the result.
func NATServers(ctx context.Context, urls []iceurl.URL, families reach.Families) []diag.NATServer {
	found := make([][]diag.NATServer, len(urls))
	var all sync.WaitGroup
	for i, u := range urls {
		if u.UDP && !u.Scheme.Secured() {
			all.Go(func() { found[i] = natServer(ctx, u, Target{Families: families}) })
		}
	}
	all.Wait()
	var out []diag.NATServer
	at := map[netip.AddrPort]int{} // where each address is in out
	for i, list := range found {
		for _, s := range list {
			first, seen := at[s.Address]
			if !seen || !s.Address.IsValid() {
				at[s.Address] = len(out)
				out = append(out, s)
			} else if !urls[i].Scheme.TURN() { // which gets a line of its own for its relay
				out[first].Also = append(out[first].Also, s.URL) // two names of one server are one server
			}
		}
	}
	for i := range out {
		out[i].Also = slices.Compact(slices.DeleteFunc(out[i].Also, func(url string) bool { return url == out[i].URL }))
	}
	return out
}

// natServer resolves one server; of the target, Families and Resolver count.
func natServer(ctx context.Context, u iceurl.URL, t Target) []diag.NATServer {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout/2)
	defer cancel()
	p := newProber(t)
	p.url = u
	endpoints, err := p.dialer.Resolve(ctx, u)
	if failure := p.server.Failed(); err != nil && failure != nil {
		return []diag.NATServer{{URL: u.Short(), Stage: failure.Name, Failure: failure.Failure}}
	}
	out := make([]diag.NATServer, 0, len(endpoints))
	for _, e := range endpoints {
		out = append(out, diag.NATServer{URL: u.Short(), DNSMs: p.server.Took(diag.StageDNS), Address: e.Addr, SRV: e.Name()})
	}
	return out
}

// SharedSecret makes the credentials that a TURN server with a shared secret accepts until expiry (the REST API for
// TURN servers, draft-uberti-behave-turn-rest-00 §2.2): the user name carries the time, the password signs it.
func SharedSecret(secret, name string, expiry time.Time) (username, password string) {
	username = fmt.Sprintf("%d:%s", expiry.Unix(), name)
	mac := hmac.New(sha1.New, []byte(secret))
	_, _ = mac.Write([]byte(username)) // a hash takes everything
	return username, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
