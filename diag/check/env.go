package check

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr/types"

	"dialtone/diag"
	"dialtone/diag/report"
)

// object is a part of a report as expressions use it: nil if a value is absent.
type object = map[string]any

// phaseNames are the phases that expressions can name, with "_" for "-".
var phaseNames = []diag.PhaseName{
	diag.PhaseDial, diag.PhaseWait, diag.PhaseGather, diag.PhaseOfferAnswer, diag.PhaseICE, diag.PhaseNomination,
	diag.PhaseDTLS, diag.PhaseSCTP, diag.PhaseChannel, diag.PhaseFirstPacket, diag.PhaseFirstFrame, diag.PhaseRestart,
}

// part is an object inside another one; empty if there is none.
func part(o object, name string) object {
	inner, _ := o[name].(object)
	if inner == nil {
		inner = object{}
	}
	return inner
}

// environment is the report as expressions use it: that of its JSON, with times as durations, and four shortcuts:
//   - setup has the percentiles over the runs beside the total of the described run;
//   - phases has each phase by its name;
//   - servers has those too that had not answered when the call ended;
//   - nat has the value of each behavior by its name.
func environment(r *report.Report) object {
	env := fields(reflect.ValueOf(*r))
	delete(env, "duration") // a function of expressions
	setup := part(env, "setup")
	maps.Copy(setup, percentiles(r.Summary.Setup))
	phases := object{}
	for _, name := range phaseNames {
		phases[strings.ReplaceAll(string(name), "-", "_")] = phaseEnv(r.Summary.Phases, name)
	}
	env["phases"] = phases
	rows, _ := env["servers"].([]any)
	env["servers"] = append(rows, silentServers(r)...)
	if nat, ok := env["nat"].(object); ok {
		values := object{}
		for name, b := range part(nat, "behaviors") {
			if behavior, ok := b.(object); ok {
				values[name] = behavior["value"]
			}
		}
		env["nat"] = values
	}
	return env
}

// percentiles are those of p, or absent ones.
func percentiles(p *report.Percentiles) object {
	if p != nil {
		return fields(reflect.ValueOf(*p))
	}
	e := fields(reflect.ValueOf(report.Percentiles{}))
	for name := range e {
		e[name] = nil
	}
	e["n"] = 0
	return e
}

// phaseEnv is a phase over all runs: of several subjects (servers, channels) the one with the worst 95th percentile.
func phaseEnv(phases []report.PhaseSummary, name diag.PhaseName) object {
	worst := report.PhaseSummary{}
	for _, p := range phases {
		if p.Phase == name && (worst.Times == nil || p.Times != nil && p.Times.P95 > worst.Times.P95) {
			worst = p
		}
	}
	e := percentiles(worst.Times)
	e["seen"], e["failed"] = worst.Seen, worst.Failed
	return e
}

// silentServers are those that were given and had not answered when the call ended: nothing but their URL is known.
func silentServers(r *report.Report) (out []any) {
	for _, url := range r.Target.ICEServers {
		if !slices.ContainsFunc(r.Servers, func(s report.ServerReport) bool { return s.URL == url }) {
			e := fields(reflect.ValueOf(report.ServerReport{}))
			for name := range e {
				e[name] = nil
			}
			e["url"] = url
			out = append(out, e)
		}
	}
	return out
}

// fields are those of a struct by their names in JSON, without the unit of times.
func fields(v reflect.Value) object {
	e := object{}
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

// example is a report in which nothing is absent: it gives expressions their types, and is what they are tried on.
func example() *report.Report {
	r := &report.Report{}
	fill(reflect.ValueOf(r).Elem(), 0)
	r.Checks = nil
	r.Summary.Phases = nil
	for _, name := range phaseNames {
		r.Summary.Phases = append(r.Summary.Phases, report.PhaseSummary{Phase: name, Seen: 1, Times: r.Summary.Setup})
	}
	return r
}

// fill gives every exported field a value, down to a bound for what holds itself.
func fill(v reflect.Value, depth int) {
	if depth > 14 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth+1)
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

// exampleType is the type of the example's environment.
var exampleType = sync.OnceValue(func() types.Type { return typeOf(environment(example())) })

// typeOf is the type of a value of the example's environment; of a value without a type anything goes.
func typeOf(v any) types.Type {
	switch v := v.(type) {
	case nil:
		return types.Any
	case object:
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
	case object:
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
