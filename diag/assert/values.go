package assert

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"

	"dialtone/diag"
)

// Object is a part of what was measured as expressions use it: nil if a value is absent.
type Object = map[string]any

// Fields are those of a struct by their names in JSON, without the unit of times: diag.Millis becomes a duration.
func Fields(v any) Object { return fields(reflect.ValueOf(v)) }

// Fill gives every exported field of a struct a value, down to a bound for what holds itself. It makes the example of a
// [Subject].
func Fill(v any) { fill(reflect.ValueOf(v).Elem(), 0) }

func fields(v reflect.Value) Object {
	e := Object{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			maps.Copy(e, fields(v.Field(i)))
		case f.IsExported() && name != "-" && name != "checks": // expressions are about one check
			e[strings.TrimSuffix(name, "_ms")] = known(v.Field(i), options == "omitempty")
		}
	}
	return e
}

// known is a value as expressions use it: nil if it is absent. An empty text is absent too if JSON omits it.
func known(v reflect.Value, omit bool) any {
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case diag.Millis:
			return x.Duration()
		case time.Time:
			return x
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return known(v.Elem(), false)
	case reflect.Struct:
		return fields(v)
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			list = append(list, known(v.Index(i), false))
		}
		return list
	case reflect.String:
		if omit && v.Len() == 0 {
			return nil
		}
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int64:
		return int(v.Int())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int(v.Uint()) // #nosec G115 -- counters
	case reflect.Float64:
		return v.Float()
	default:
		return nil // nothing of another kind is in a report
	}
}

func fill(v reflect.Value, depth int) {
	if depth > 14 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth+1)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default: // a report has nothing of another kind
	}
}

// typeOf is the type of a value of the example's environment; of a value without a type anything goes.
func typeOf(v any) types.Type {
	switch v := v.(type) {
	case nil:
		return types.Any
	case Object:
		m := types.Map{}
		for key, value := range v {
			m[key] = typeOf(value)
		}
		return m
	case []any:
		if len(v) == 0 {
			return types.Array(types.Any)
		}
		return types.Array(typeOf(v[0]))
	}
	return types.TypeOf(v)
}

// names lists every name of the environment: what a misspelt one may have meant.
func names(e any) []string {
	var out []string
	switch e := e.(type) {
	case Object:
		for key, value := range e {
			out = append(append(out, key), names(value)...)
		}
	case []any:
		if len(e) > 0 {
			out = names(e[0])
		}
	}
	return out
}

// rates are the functions that make a number of bit/s of kbit(500), mbit(5) and gbit(1).
func rates() (out []expr.Option) {
	for name, factor := range map[string]float64{"kbit": 1e3, "mbit": 1e6, "gbit": 1e9} {
		out = append(out, expr.Function(name, func(args ...any) (any, error) {
			switch v := args[0].(type) {
			case int:
				return float64(v) * factor, nil
			case float64:
				return v * factor, nil
			}
			return nil, errNumber
		}, new(func(int) float64), new(func(float64) float64)))
	}
	return out
}

var errNumber = errors.New("kbit, mbit and gbit require a number")
