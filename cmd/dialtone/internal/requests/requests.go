// Package requests has the flags that say how a caller's HTTP requests are made.
package requests

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"dialtone/diag"
	"dialtone/signal"
	posting "dialtone/signal/post"
)

// Flags say how a caller's requests are made, beside their address.
type Flags struct {
	Token   diag.Secret `placeholder:"TOKEN" group:"signaling" help:"Bearer token for ${call_tokens}. Process lists show it: prefer DIALTONE_TOKEN or the file."`
	TokenTo []string    `name:"token-to" placeholder:"HOST" group:"signaling" help:"Send the token and --header to this host too, if the server leads there. Repeatable."`
	Header  []Header    `sep:"none" placeholder:"'NAME: VALUE'" group:"signaling" help:"Send this field with every request; $$NAME in it is a variable of the environment. 'Authorization: Basic USER:PASSWORD' is encoded. Repeatable."`
	Field   []Field     `sep:"none" placeholder:"NAME=VALUE" group:"signaling" help:"With --offer: a field of the preset, or a further one of the body. Repeatable."`
	Channel string      `placeholder:"LABEL" group:"signaling" help:"With --offer: open this data channel instead of dialtone's own."`
	Trickle bool        `group:"signaling" help:"With ${call_tokens}: send the offer at once and the candidates after it."`
}

// Header is a field of requests. Its value is a secret.
type Header struct {
	name  string
	Value diag.Secret
}

// Field is a field of a request's body.
type Field struct {
	name   string
	value  any
	secret diag.Secret // the value, if it is from the environment
}

// ParseHeader reads "NAME: VALUE". Its errors do not quote the value.
func ParseHeader(raw string) (Header, error) {
	name, value, ok := strings.Cut(raw, ":")
	name = strings.TrimSpace(name)
	if !ok || !httpguts.ValidHeaderFieldName(name) {
		return Header{}, errors.New("invalid field: use 'NAME: VALUE', such as 'X-API-Key: $KEY'")
	}
	value, err := posting.Environ(strings.TrimSpace(value))
	if err != nil {
		return Header{}, err
	}
	scheme, credentials, _ := strings.Cut(value, " ")
	basic := strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Basic")
	if basic && strings.Contains(credentials, ":") { // base64 has none
		value = "Basic " + base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(credentials)))
	}
	if value == "" || !httpguts.ValidHeaderFieldValue(value) {
		return Header{}, errors.New("the value of field " + name + " is empty or has invalid characters")
	}
	return Header{http.CanonicalHeaderKey(name), diag.Secret(value)}, nil
}

// ParseField reads "NAME=VALUE"; a value of the environment is a secret.
func ParseField(raw string) (Field, error) {
	name, value, err := posting.ParseField(raw)
	f := Field{name: name, value: value}
	if strings.Contains(raw, "$") && err == nil {
		if s, isText := value.(string); isText {
			f.secret = diag.Secret(s)
		}
	}
	return f, err
}

// Of is what is sent with each request.
func Of(fields []Header) http.Header {
	out := http.Header{}
	for _, f := range fields {
		out.Add(f.name, f.Value.Reveal())
	}
	return out
}

// Consistent says what contradicts itself.
func (f *Flags) Consistent() error {
	if f.Token != "" && Of(f.Header).Get("Authorization") != "" {
		return errors.New("--token and --header Authorization are mutually exclusive: leave one out")
	}
	return nil
}

// Secrets are the values that no file may contain.
func (f *Flags) Secrets() []diag.Secret {
	var out []diag.Secret
	for _, h := range f.Header {
		out = append(out, h.Value)
		if _, credentials, ok := strings.Cut(h.Value.Reveal(), " "); ok {
			out = append(out, diag.Secret(credentials))
		}
	}
	for _, one := range f.Field {
		if one.secret != "" {
			out = append(out, one.secret)
		}
	}
	return out
}

// Fields are those of the body, by name.
func (f *Flags) Fields() map[string]any {
	out := map[string]any{}
	for _, one := range f.Field {
		out[one.name] = one.value
	}
	return out
}

// Into puts what was asked for into the setup of a call.
func (f *Flags) Into(s *signal.Setup) {
	s.Header, s.TokenTo, s.Trickle, s.Fields = Of(f.Header), f.TokenTo, f.Trickle, f.Fields()
	for _, secret := range f.Secrets() {
		s.Secrets = append(s.Secrets, secret.Reveal())
	}
}
