package assert

import (
	"errors"

	"github.com/expr-lang/expr"
)

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
