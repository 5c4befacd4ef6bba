// Package redisstore keeps pairs in Redis (or Valkey), where several servers find them: a parked request on one is
// woken by a change on another, and what no server asks for anymore is deleted by Redis.
//
// The rules stay in package pairs: a change reads a pair, changes the copy, and a script keeps it if no other change
// came first; otherwise the change is made again with what is there then. So pairing is atomic without a second form of
// the rules.
//
//	dialtone:pair:ID    hash: state (JSON of pairs.Pair), version (of the last change)
//	dialtone:room:HASH  the ID of the pair that waits in a room: under a code, to begin a call or to continue one
//	dialtone:wake:NAME  channel: names of parked requests of the server NAME that have to look again
//
// Times are Redis's, so the servers' clocks need not agree.
package redisstore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"dialtone/signal/pairs"
)

const (
	prefix = "dialtone:"
	// patience bounds one request to the store.
	patience = 2 * time.Second
	// attempts bounds how often a change is made again because another came first. The two parties and the servers that
	// watch a pair are all that change it.
	attempts = 64
)

// errBusy should not happen.
var errBusy = errors.New("the call was changed by other requests again and again")

//go:embed keep.lua
var keepSource string

var keepScript = redis.NewScript(keepSource)

// Store is a server.Store.
type Store struct {
	client *redis.Client
	expiry time.Duration
}

// Open makes a store of a URL: redis:// or rediss:// with user, password, host, port and number of the database. It
// does not connect. expiry is the time after which a silent party's pair ends. No error contains the password.
func Open(address string, expiry time.Duration) (*Store, error) {
	o, err := parse(address)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience/2, patience/2, patience/2, patience/2
	o.ContextTimeoutEnabled = true
	o.MaxRetries = 2 // keepScript knows a change that it has kept already
	redis.SetLogger(silent{})
	return &Store{client: redis.NewClient(o), expiry: expiry}, nil
}

// errURL is what is wrong with an address, without its text.
var errURL = errors.New(
	"not a valid URL of a store: write it as redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE] or rediss://…",
)

// Valid reports what is wrong with an address.
func Valid(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" {
		return nil, errURL // the text of others may contain the password
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, errURL
	}
	return o, nil
}

// silent keeps the library from writing to stderr. What it says is also in the errors of requests.
type silent struct{}

// Printf implements the library's logger.
func (silent) Printf(context.Context, string, ...any) {}

// Redacted is an address without user and password.
func Redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "redis"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Address is the host and port of Redis.
func (s *Store) Address() string { return s.client.Options().Addr }

// Close ends the connections.
func (s *Store) Close() error { return s.client.Close() }

// Check reports what would keep calls from being stored: it reads and writes as for one, under a name that none has.
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id := "check-" + rand.Text()
	if _, _, err := s.read(ctx, id); err != nil {
		return err
	}
	const forMillis = 1
	return refusal(keepScript.Run(ctx, s.client, []string{pairKey(id), roomKey(id), pairKey(id)},
		"", rand.Text(), "", forMillis, id, "true", "true", "", "", channel(id), id).Err())
}

// refusals are causes by the first word of what Redis answers.
var refusals = map[string]string{
	"READONLY": "it is read-only", "OOM": "its memory is full", "MISCONF": "it cannot write to its disk",
	"NOAUTH": "it wants a password", "WRONGPASS": "it rejects the user or the password",
	"NOPERM": "it does not permit this user what calls need", "LOADING": "it is still loading its data",
	"MASTERDOWN": "it has no connection to its master", "NOREPLICAS": "it has too few replicas",
	"CROSSSLOT": "it is a cluster, which cannot keep calls", "MOVED": "it is a cluster, which cannot keep calls",
}

// refusal adds the cause to an error that Redis answered with. It leaves any other error, and nil, as they are.
func refusal(err error) error {
	var said redis.Error
	if !errors.As(err, &said) {
		return err
	}
	for _, word := range strings.FieldsFunc(said.Error(), func(c rune) bool { return c == ' ' || c == '-' }) {
		if why := refusals[word]; why != "" { // Redis 6 puts the place in the script before it
			return &pairs.StoreError{Why: why, Err: err}
		}
	}
	return &pairs.StoreError{Why: "it answers with an error", Err: err}
}

// record is a pair as it was read.
type record struct {
	pair    *pairs.Pair // nil: there is none
	version string
}

// Update implements server.Store.
func (s *Store) Update(ctx context.Context, id string, change func(p *pairs.Pair, now time.Time) bool) error {
	if id == "" {
		return pairs.ErrNoPair
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range attempts {
		r, now, err := s.read(ctx, id)
		switch {
		case err != nil:
			return err
		case r.pair == nil:
			return pairs.ErrNoPair
		case !change(r.pair, now):
			return nil
		}
		if kept, err := s.keep(ctx, r.pair, r.version, waiting{}, now); kept || err != nil {
			return err
		}
	}
	return errBusy
}

// waiting is the pair that was found in a room.
type waiting struct {
	dial        bool
	id, version string
}

// Dial implements server.Store.
func (s *Store) Dial(
	ctx context.Context, room string, change func(waiting *pairs.Pair, now time.Time) *pairs.Pair,
) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for range attempts {
		id, err := s.client.Get(ctx, roomKey(room)).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return refusal(err)
		}
		found, now, err := s.read(ctx, id)
		if err != nil {
			return err
		}
		was := waiting{dial: true, id: id, version: found.version}
		if found.pair != nil && found.pair.State != pairs.Waiting {
			found.pair = nil
		}
		p := change(found.pair, now)
		if p == nil {
			return nil
		}
		version := found.version
		if p != found.pair {
			version = "" // a new pair
		}
		if kept, err := s.keep(ctx, p, version, was, now); kept || err != nil {
			return err
		}
	}
	return errBusy
}

// read gives a pair and Redis's time.
func (s *Store) read(ctx context.Context, id string) (r record, now time.Time, err error) {
	var clock *redis.TimeCmd
	var fields *redis.SliceCmd
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		clock = p.Time(ctx)
		fields = p.HMGet(ctx, pairKey(id), "state", "version")
		return nil
	})
	if err != nil {
		return r, now, refusal(err)
	}
	values := fields.Val()
	state, _ := values[0].(string)
	r.version, _ = values[1].(string)
	if state != "" {
		r.pair = new(pairs.Pair)
		if err := json.Unmarshal([]byte(state), r.pair); err != nil || !r.pair.IsSound() {
			return record{}, now, &pairs.StoreError{
				Why: "it holds something else than a call of this version of dialtone", Err: fmt.Errorf("%s: %w", pairKey(id), err),
			}
		}
	}
	return r, clock.Val(), nil
}

// keep keeps a changed pair, and reports false if another change came first.
func (s *Store) keep(ctx context.Context, p *pairs.Pair, version string, was waiting, now time.Time) (bool, error) {
	state, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	old := pairKey(p.ID)
	if was.id != "" {
		old = pairKey(was.id)
	}
	args := []any{
		version, rand.Text(), state, max(1, p.KeptFor(now, s.expiry).Milliseconds()), p.ID,
		strconv.FormatBool(p.State == pairs.Waiting), strconv.FormatBool(was.dial), was.id, was.version,
	}
	for _, name := range p.Wakes() {
		args = append(args, channel(name), name)
	}
	kept, err := keepScript.Run(ctx, s.client, []string{pairKey(p.ID), roomKey(p.Room()), old}, args...).Int()
	return kept == 1, refusal(err)
}

// Listen implements server.Store. After the connection was lost, all requests look again.
func (s *Store) Listen(wake func(name string)) (names string, stop func()) {
	names = rand.Text() + "-"
	subscription := s.client.Subscribe(context.Background(), channel(names))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range subscription.ChannelWithSubscriptions() {
			switch m := m.(type) {
			case *redis.Message:
				wake(m.Payload)
			case *redis.Subscription:
				wake("")
			}
		}
	}()
	return names, func() {
		_ = subscription.Close() // its connection may be lost
		<-done
	}
}

func pairKey(id string) string { return prefix + "pair:" + id }

// roomKey does not contain the name of the room, which is an arbitrary text.
func roomKey(room string) string {
	sum := sha256.Sum256([]byte(room))
	return prefix + "room:" + hex.EncodeToString(sum[:16])
}

// channel is that of the server which named a parked request.
func channel(name string) string {
	server, _, _ := strings.Cut(name, "-")
	return prefix + "wake:" + server
}
