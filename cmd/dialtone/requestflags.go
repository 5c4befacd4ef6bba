package main

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

// requestFlags say how a caller's requests are made, beside their address.
type requestFlags struct {
	Token   diag.Secret     `placeholder:"TOKEN" group:"signaling" help:"Bearer token for ${call_tokens}. Process lists show it: prefer DIALTONE_TOKEN or the file."`
	TokenTo []string        `name:"token-to" placeholder:"HOST" group:"signaling" help:"Send the token and --header to this host too, if the server leads there. Repeatable."`
	Header  []requestHeader `sep:"none" placeholder:"'NAME: VALUE'" group:"signaling" help:"Send this field with every request; $$NAME in it is a variable of the environment. 'Authorization: Basic USER:PASSWORD' is encoded. Repeatable."`
	Field   []requestField  `sep:"none" placeholder:"NAME=VALUE" group:"signaling" help:"With --offer: a field of the preset, or a further one of the body. Repeatable."`
	Channel string          `placeholder:"LABEL" group:"signaling" help:"With --offer: open this data channel instead of dialtone's own."`
	Trickle bool            `group:"signaling" help:"With ${call_tokens}: send the offer at once and the candidates after it."`
}

// requestHeader is a field of requests. Its value is a secret.
type requestHeader struct {
	name  string
	value diag.Secret
}

// requestField is a field of a request's body.
type requestField struct {
	name   string
	value  any
	secret diag.Secret // the value, if it is from the environment
}

// parseRequestHeader reads "NAME: VALUE". Its errors do not quote the value.
func parseRequestHeader(raw string) (requestHeader, error) {
	name, value, ok := strings.Cut(raw, ":")
	name = strings.TrimSpace(name)
	if !ok || !httpguts.ValidHeaderFieldName(name) {
		return requestHeader{}, errors.New("invalid field: use 'NAME: VALUE', such as 'X-API-Key: $KEY'")
	}
	value, err := posting.Environ(strings.TrimSpace(value))
	if err != nil {
		return requestHeader{}, err
	}
	scheme, credentials, _ := strings.Cut(value, " ")
	basic := strings.EqualFold(name, "Authorization") && strings.EqualFold(scheme, "Basic")
	if basic && strings.Contains(credentials, ":") { // base64 has none
		value = "Basic " + base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(credentials)))
	}
	if value == "" || !httpguts.ValidHeaderFieldValue(value) {
		return requestHeader{}, errors.New("the value of field " + name + " is empty or has invalid characters")
	}
	return requestHeader{http.CanonicalHeaderKey(name), diag.Secret(value)}, nil
}

func parseRequestField(raw string) (requestField, error) {
	name, value, err := posting.ParseField(raw)
	f := requestField{name: name, value: value}
	if strings.Contains(raw, "$") && err == nil {
		if s, isText := value.(string); isText {
			f.secret = diag.Secret(s)
		}
	}
	return f, err
}

// header is what is sent with each request.
func header(fields []requestHeader) http.Header {
	out := http.Header{}
	for _, f := range fields {
		out.Add(f.name, f.value.Reveal())
	}
	return out
}

// consistent says what contradicts itself.
func (f *requestFlags) consistent() error {
	if f.Token != "" && header(f.Header).Get("Authorization") != "" {
		return errors.New("--token and --header Authorization are mutually exclusive: leave one out")
	}
	return nil
}

// secrets are the values that no file may contain.
func (f *requestFlags) secrets() []diag.Secret {
	var out []diag.Secret
	for _, h := range f.Header {
		out = append(out, h.value)
		if _, credentials, ok := strings.Cut(h.value.Reveal(), " "); ok {
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

// fields are those of the body, by name.
func (f *requestFlags) fields() map[string]any {
	out := map[string]any{}
	for _, one := range f.Field {
		out[one.name] = one.value
	}
	return out
}

// into puts what was asked for into the setup of a call.
func (f *requestFlags) into(s *signal.Setup) {
	s.Header, s.TokenTo, s.Trickle, s.Fields = header(f.Header), f.TokenTo, f.Trickle, f.fields()
	for _, secret := range f.secrets() {
		s.Secrets = append(s.Secrets, secret.Reveal())
	}
}
