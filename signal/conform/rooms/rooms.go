// Package rooms tests a server of the room protocol: each rule is tested in a room of its own, with two peers that this
// package plays. docs/reference/signaling.md has the protocol.
package rooms

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"

	"dialtone/signal/conform"
	"dialtone/signal/room"
	"dialtone/signal/web"
)

// Standard is the name of the protocol.
const Standard = "room protocol"

// Options of a run.
type Options struct {
	Server     string   // the address of the server's page
	Skip, Only []string // the rules that are reported, by their IDs; both empty: all
	web.Options
}

// rule is one requirement.
type rule struct {
	id, section string // section: the request that it is about
	level       conform.Level
	requirement string
	test        func(*table)
}

// noUser keeps a rule from being tested, whatever it is about.
const noUser = "dial was not answered with 200 and a user_id"

// IDs lists the rules.
func IDs() []string {
	var out []string
	for _, r := range rules {
		out = append(out, r.id)
	}
	return out
}

// Run tests a server. The error says that it could not be reached at all: then there are no results.
func Run(ctx context.Context, o Options) ([]conform.Result, error) {
	endpoint, err := room.Endpoint(o.Server)
	if err != nil {
		return nil, err
	}
	client, err := web.NewClient(endpoint, o.Options)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var results []conform.Result
	var undialed string // the first rule whose dial was not answered
	for _, r := range rules {
		if slices.Contains(o.Skip, r.id) || len(o.Only) > 0 && !slices.Contains(o.Only, r.id) {
			continue
		}
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		one, reached := run(ctx, client, endpoint, r)
		if !reached && len(results) == 0 {
			return nil, errors.New(one.Reason)
		}
		if one.Reason == noUser { // one cause is one failure
			if undialed != "" {
				one.Outcome, one.Reason = conform.Skipped, "dial fails: see "+undialed
			} else {
				undialed = one.ID
			}
		}
		results = append(results, one)
	}
	return results, nil
}

// run tests one rule, and reports whether the server answered anything.
func run(ctx context.Context, client *web.Client, endpoint *url.URL, r rule) (conform.Result, bool) {
	t := &table{code: "conformance-" + rand.Text(), do: func(method string, body []byte) (*web.Answer, error) {
		return client.Do(ctx, web.Call{
			Op: "conformance", Method: method, URL: endpoint, ContentType: "application/json", Body: body,
		})
	}}
	r.test(t)
	t.leave()
	one := conform.Result{
		ID: r.id, Standard: Standard, Section: r.section, Level: r.level, Requirement: r.requirement, Exchanges: t.log,
	}.Judged(t.err)
	one.Reason = web.Clean(one.Reason)
	return one, t.answered
}
