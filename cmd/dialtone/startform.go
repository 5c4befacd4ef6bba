package main

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"dialtone/diag"
	"dialtone/diag/probe"
	"dialtone/tui/start"
)

// startForm is a command as the start screen offers it.
type startForm struct {
	name, summary string
	about         string
	fields        []startField
	hasPass       bool   // a password for TURN servers is configured
	config        string // the file that --config names; "" for none
}

// startField is a field of a form and how it becomes part of the command line.
type startField struct {
	start.Field
	positional bool   // it is an argument, else a flag of the field's name
	several    bool   // texts separated by spaces or commas, a flag each
	instead    string // the flag that stands for an empty text
}

var codeField = startField{
	Field:      start.Field{Name: "code", Label: "code", Hint: "the word that both parties dial", Check: diag.ValidCode},
	positional: true,
}

// networkFields name the servers.
func networkFields(n *networkFlags) []startField {
	var urls []string
	for _, u := range n.ICE.list {
		urls = append(urls, u.String())
	}
	configured := strings.Join(urls, " ")
	passHint := "for the TURN servers; it is never written anywhere"
	if n.ICEPass.Secret != "" {
		passHint = "as configured"
	}
	return []startField{
		{Field: start.Field{
			Name: "server", Label: "server", Hint: "the address of the signaling server's page", Value: n.Server.page,
			Check: func(text string) error { return new(serverURL).set(text) },
		}},
		{Field: start.Field{
			Name: "ice", Label: "STUN, TURN", Hint: "none needed in one network; stun:HOST turn:HOST", Value: configured,
			Check: func(text string) error { return checkURLs(text, configured) },
		}, several: true},
		{Field: start.Field{Name: "ice-user", Label: "user", Hint: "of the TURN servers", Value: n.ICEUser}},
		{Field: start.Field{Name: "ice-pass", Label: "password", Hint: passHint, Kind: start.Secret}},
	}
}

// natFields name the servers that a diagnosis asks.
func natFields(c *natCommand) []startField {
	fields := networkFields(&networkFlags{ICE: c.ICE, ICEUser: c.ICEUser, ICEPass: c.ICEPass})[1:]
	fields[0].Hint = "the servers to ask, such as stun.example.org"
	return append(fields, switchField("public", "public", "ask public STUN servers too, which then see your address",
		c.Public))
}

// checkFields say whom a check calls and how often. Without a code both parties are here.
func checkFields(c *checkCommand) []startField {
	room := startField{Field: start.Field{Name: "room", Label: "code",
		Hint: "of the other party; empty: both parties run here", Value: c.roomCode()}, instead: "--loopback"}
	room.Check = func(text string) error {
		if text == "" {
			return nil
		}
		return diag.ValidCode(text)
	}
	fields := append([]startField{room}, networkFields(&c.networkFlags)...)
	return append(fields,
		switchField("relay-only", "relay only", "proves that a TURN server carries a call", c.RelayOnly),
		switchField("no-media", "no media", "messages alone, no audio and no video", c.NoMedia),
		startField{Field: start.Field{
			Name: "for", Label: "length", Hint: "of each call: 10s, 1m30s", Value: c.For.String(), Check: func(text string) error { return new(duration).set(text) },
		}},
		startField{Field: start.Field{
			Name: "repeat", Label: "calls", Hint: "how many, one after another", Value: fmt.Sprint(c.Repeat.n), Check: func(text string) error { return new(count).set(text) },
		}})
}

// callFields say what the call is made of.
func callFields(m *mediaFlags, record string) []startField {
	length := ""
	if m.For.Duration > 0 {
		length = m.For.String()
	}
	return []startField{
		switchField("relay-only", "relay only", "proves that a TURN server carries a call", m.RelayOnly),
		switchField("no-media", "no media", "messages alone, no audio and no video", m.NoMedia),
		{Field: start.Field{
			Name: "for", Label: "length", Hint: "10s, 1m30s; empty: until somebody hangs up", Value: length,
			Check: func(text string) error {
				if text == "" && length == "" {
					return nil
				}
				return new(duration).set(text)
			},
		}},
		{Field: start.Field{Name: "record", Label: "record to", Hint: "a file, for dialtone replay", Value: record}},
	}
}

func switchField(name, label, hint string, on bool) startField {
	return startField{Field: start.Field{Name: name, Label: label, Hint: hint, Kind: start.Switch, Value: fmt.Sprint(on)}}
}

// needed is the check of a text that must not be empty.
func needed(text string) func(string) error {
	return func(s string) error {
		if s == "" {
			return errors.New(text)
		}
		return nil
	}
}

func splitURLs(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

func checkURLs(text, configured string) error {
	if strings.TrimSpace(text) == "" && configured != "" {
		return errors.New("servers are configured, and the command line cannot take them away: change the configuration")
	}
	for _, u := range splitURLs(text) {
		if _, err := probe.ParseURL(u); err != nil {
			return err
		}
	}
	return nil
}

// command is the form as data for the screen.
func (f startForm) command() start.Command {
	c := start.Command{Name: f.name, Summary: f.summary, About: f.about, Line: f.line, Check: f.check}
	for _, field := range f.fields {
		c.Fields = append(c.Fields, field.Field)
	}
	return c
}

// check looks at what single fields cannot know.
func (f startForm) check(v start.Values) error {
	turn := false
	for _, text := range splitURLs(v["ice"]) {
		u, err := probe.ParseURL(text)
		turn = turn || err == nil && u.Scheme.TURN()
	}
	switch {
	case f.name == "nat" && strings.TrimSpace(v["ice"]) == "" && !v.On("public"):
		return errors.New("there is no server to ask: name one, such as stun.example.org, or turn public on")
	case turn && (v["ice-user"] == "" || v["ice-pass"] == "" && !f.hasPass):
		return errors.New("a TURN server asks for a user name and a password")
	case v.On("relay-only") && !turn && f.name != "demo":
		return errors.New("relay only needs a TURN server: add turn:HOST, a user name and a password")
	}
	return nil
}

// args are the arguments of dialtone that do what the form says. What is configured is not repeated, a password is not
// among them.
func (f startForm) args(v start.Values) []string {
	args := []string{f.name}
	var flags, last []string
	for _, field := range f.fields {
		text := v[field.Name]
		switch {
		case field.positional && strings.HasPrefix(text, "-"):
			last = []string{"--", text}
		case field.positional:
			args = append(args, text)
		case text == "" && field.instead != "":
			flags = append(flags, field.instead)
		case field.Kind == start.Secret, text == field.Value:
		case field.Kind == start.Switch && text == "true":
			flags = append(flags, "--"+field.Name)
		case field.Kind == start.Switch:
			flags = append(flags, "--"+field.Name+"=false")
		case field.several:
			for _, part := range splitURLs(text) {
				flags = append(flags, "--"+field.Name, part)
			}
		case text == "" || strings.HasPrefix(text, "-"):
			flags = append(flags, "--"+field.Name+"="+text)
		default:
			flags = append(flags, "--"+field.Name, text)
		}
	}
	if f.config != "" {
		flags = append(flags, "--config", f.config)
	}
	return append(append(args, flags...), last...)
}

// line is the same for a shell. A flag and its value are one word of it, so that lines break before flags. An argument
// that is still missing stands there in capitals, as in the help.
func (f startForm) line(v start.Values) []string {
	v = maps.Clone(v)
	for _, field := range f.fields {
		if field.positional && v[field.Name] == "" {
			v[field.Name] = strings.ToUpper(field.Name)
		}
	}
	words := []string{"dialtone"}
	if v["ice-pass"] != "" {
		words = []string{envName("ice-pass") + "=…", "dialtone"}
	}
	for i, arg := range f.args(v) {
		word := arg
		if !strings.HasPrefix(arg, "--") {
			word = shellQuoted(arg)
		} else if name, text, found := strings.Cut(arg, "="); found {
			word = name + "=" + shellQuoted(text)
		}
		before := words[len(words)-1]
		if i > 0 && strings.HasPrefix(before, "--") && !strings.Contains(before, "=") && before != "--" &&
			!strings.HasPrefix(arg, "--") {
			words[len(words)-1] = before + " " + word
			continue
		}
		words = append(words, word)
	}
	return words
}
