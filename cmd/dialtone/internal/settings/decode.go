package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"dialtone/diag"
)

// Decoders say how texts become values, by the type of the field. Strings, booleans, durations and secrets need none;
// a list has the decoder of its elements.
type Decoders map[reflect.Type]func(text string) (any, error)

// Add adds the decoder of a type.
func Add[T any](d Decoders, decode func(text string) (T, error)) {
	d[reflect.TypeFor[T]()] = func(text string) (any, error) { return decode(text) }
}

// remembered are the decoders of a file that says the same for many commands: each text is decoded once.
func (d Decoders) remembered() Decoders {
	type result struct {
		value any
		err   error
	}
	out := Decoders{}
	for t, decode := range d {
		known := map[string]result{}
		out[t] = func(text string) (any, error) {
			r, ok := known[text]
			if !ok {
				r.value, r.err = decode(text)
				known[text] = r
			}
			return r.value, r.err
		}
	}
	return out
}

// Limit of a server, from 1; -1 for none, 0 if it was not given.
type Limit int64

// Rate per second, likewise.
type Rate float64

// Number decodes numbers from least to most. For limits, "none" stands for -1.
func Number[T ~int | ~int64 | ~float64](least, most T, none bool) func(string) (T, error) {
	kind, end, half := "number", "", 0.5
	if T(half) == 0 {
		kind = "whole number"
	}
	if none {
		end = ", or none"
	}
	return func(text string) (T, error) {
		v, err := strconv.ParseFloat(text, 64)
		n := T(v)
		switch {
		case err == nil && float64(n) == v && n >= least && n <= most:
			return n, nil
		case none && text == "none":
			return -1, nil
		}
		return 0, fmt.Errorf("invalid number %s: use a %s from %v to %v%s", Quote(text), kind, least, most, end)
	}
}

func parseDuration(text string) (time.Duration, error) {
	v, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("invalid duration %s: use a number with its unit, such as 500ms, 10s or 1m30s", Quote(text))
	case v < 0:
		return 0, fmt.Errorf("negative duration %s: use 0 or more", Quote(text))
	}
	return v, nil
}

// mappers make kong decode all flags but booleans here.
func (p *parser) mappers() []kong.Option {
	all := Decoders{}
	Add(all, parseDuration)
	maps.Copy(all, p.options.Decoders)
	p.options.Decoders = all
	m := kong.MapperFunc(p.decode)
	options := []kong.Option{kong.KindMapper(reflect.String, m), kong.KindMapper(reflect.Slice, m)}
	for t := range all {
		options = append(options, kong.TypeMapper(t, m))
	}
	return options
}

// noSep is kong's separator of lists whose elements may hold any character.
const noSep = -1

// decode hands what was typed to the decoder. What is wrong with it is a mistake and does not end the parse.
func (p *parser) decode(context *kong.DecodeContext, target reflect.Value) error {
	row := context.Value
	origin, form := strings.ToUpper(row.Name), ""
	if row.Flag != nil {
		origin, form = "--"+row.Name, row.Flag.PlaceHolder
	}
	token, err := context.Scan.PopValue("value")
	if err != nil { // kong's words would quote the token, and it may be a password that begins with a hyphen
		return fmt.Errorf("value missing: write %s=%s", origin, cmp.Or(form, "VALUE"))
	}
	tokens := []kong.Token{token}
	if row.Flag == nil && row.IsSlice() {
		tokens = append(tokens, context.Scan.PopWhile(kong.Token.IsValue)...)
	}
	for _, token := range tokens {
		texts, several := token.Value.([]string)
		if !several {
			texts = []string{fmt.Sprint(token.Value)}
			if row.IsSlice() && row.Tag.Sep != noSep {
				texts = SplitList(texts[0])
			}
		}
		for _, text := range texts {
			p.Add(origin, p.options.Decoders.set(row, target, text))
		}
	}
	return nil
}

// set decodes a text into target, a list takes it as a further element.
func (d Decoders) set(row *kong.Value, target reflect.Value, text string) error {
	t := target.Type()
	decode, known := d[t]
	switch {
	case known:
		v, err := decode(text)
		if err == nil {
			target.Set(reflect.ValueOf(v))
		}
		return err
	case t.Kind() == reflect.Pointer:
		return d.set(row, reflect.New(t.Elem()).Elem(), text)
	case t.Kind() == reflect.Slice:
		one := reflect.New(t.Elem()).Elem()
		err := d.set(row, one, text)
		if err == nil {
			target.Set(reflect.Append(target, one))
		}
		return err
	case t.Kind() == reflect.Bool:
		if _, err := strconv.ParseBool(text); err != nil {
			return fmt.Errorf("invalid value %s: use true or false", Quote(text))
		}
		return nil // kong sets it
	}
	words := strings.Split(row.Tag.Get("oneof"), ",")
	if row.Tag.Has("oneof") && !slices.Contains(words, text) {
		return fmt.Errorf("invalid value %s: use %s%s", Quote(text), strings.Join(words, ", "), DidYouMean("", text, words))
	}
	target.SetString(text)
	return nil
}

// check decodes texts for their mistakes only.
func (d Decoders) check(row *kong.Value, texts []string) error {
	var errs []error
	for _, text := range texts {
		errs = append(errs, d.set(row, reflect.New(row.Target.Type()).Elem(), text))
	}
	return errors.Join(errs...)
}

// fromTOML makes texts of what a file holds. It never quotes it: it may be a secret.
func fromTOML(row *kong.Value, written any) ([]string, error) {
	if tables, ok := written.([]map[string]any); ok && len(tables) <= maxValues {
		return fromTables(row, tables)
	}
	list, isList := written.([]any)
	switch {
	case len(list) > maxValues:
		return nil, fmt.Errorf("the list has more than %d values", maxValues)
	case !isList:
		list = []any{written}
	case !row.IsSlice():
		return nil, errors.New("use one value, not a list")
	}
	texts := make([]string, 0, len(list))
	for _, one := range list {
		switch _, isText := one.(string); one.(type) {
		case string, bool, int64, float64:
			if !isText && row.Target.Kind() == reflect.String { // 0x10 would be another text
				return nil, errors.New("use a string in quotes")
			}
			texts = append(texts, fmt.Sprint(one))
		default:
			return nil, errors.New("use a string, a number, true or false")
		}
	}
	return texts, nil
}

// fromTables makes a text of each table [[command.setting]]: its values joined by colons, in the order in which the
// setting's tag names their keys.
func fromTables(row *kong.Value, tables []map[string]any) ([]string, error) {
	tag := row.Tag.Get("table")
	if tag == "" {
		return nil, errors.New("use a value, not a table")
	}
	keys := strings.Split(tag, ":")
	texts := make([]string, 0, len(tables))
	for _, t := range tables {
		var values []string
		for _, key := range keys {
			value, isText := t[key].(string)
			if !isText {
				return nil, fmt.Errorf("each table needs %s, each a string in quotes", strings.Join(keys, " and "))
			}
			values = append(values, value)
		}
		if len(t) > len(keys) {
			return nil, fmt.Errorf("a table has only %s", strings.Join(keys, " and "))
		}
		texts = append(texts, strings.Join(values, ":"))
	}
	return texts, nil
}

// Quote shows what was written, bounded and without control characters.
func Quote(text string) string { return strconv.Quote(diag.Clean(text, 80)) }
