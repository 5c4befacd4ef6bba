package assert

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of the evaluation of all assertions of a check, so that no scenario costs more than the check itself. A step
// is a turn of a loop, an element of a list that a function reads, or 64 bytes of a text.
const (
	maxSteps   = 500_000
	maxTime    = 2 * time.Second
	maxText    = 4096 // bytes of a text that an assertion makes
	maxParts   = 500  // names, values and operators of an assertion: compiling takes the square of them
	maxPattern = 256  // bytes of a regular expression
	maxStates  = 2000 // instructions of a regular expression, once its repetitions are written out
)

// functions are those of expr whose cost the length of their arguments bounds.
var functions = []string{
	"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex", "count", "sum",
	"sortBy", "len", "type", "abs", "ceil", "floor", "round", "int", "float", "string", "trim", "trimPrefix",
	"trimSuffix", "upper", "lower", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "max", "min", "mean", "median",
	"now", "date", "duration", "first", "last", "get", "take", "keys", "values", "reverse", "sort",
}

// limits finds what an assertion must not use because nothing bounds its cost, and constants that are invalid.
type limits struct {
	err   *file.Error
	parts int
}

// Visit implements ast.Visitor.
func (l *limits) Visit(node *ast.Node) {
	if l.parts++; l.parts > maxParts {
		l.refuse(*node, fmt.Sprintf("more than %d parts; use several assertions", maxParts))
	}
	switch n := (*node).(type) {
	case *ast.BuiltinNode:
		if !slices.Contains(functions, n.Name) {
			l.refuse(n, n.Name+" is not available in assertions, because nothing limits its cost")
		}
		if n.Name == "duration" && len(n.Arguments) == 1 {
			l.duration(n.Arguments[0])
		}
	case *ast.BinaryNode:
		if n.Operator == ".." {
			l.refuse(n, "ranges (..) are not available in assertions, because nothing limits their cost")
		}
		if n.Operator == "matches" {
			if _, err := states(n.Right); err != nil {
				l.refuse(n, err.Error())
			}
		}
	}
}

func (l *limits) duration(n ast.Node) {
	if text, ok := n.(*ast.StringNode); ok {
		if _, err := time.ParseDuration(text.Value); err != nil {
			l.refuse(n, err.Error())
		}
	}
}

func (l *limits) refuse(n ast.Node, text string) {
	if l.err == nil {
		l.err = &file.Error{Location: n.Location(), Message: text}
	}
}

// states is the number of instructions of a regular expression, which must be a short constant.
func states(pattern ast.Node) (int, error) {
	text, ok := pattern.(*ast.StringNode)
	if !ok || len(text.Value) > maxPattern {
		return 0, fmt.Errorf("matches requires a regular expression in quotes of at most %d bytes", maxPattern)
	}
	tree, err := syntax.Parse(text.Value, syntax.Perl)
	if err != nil {
		return 0, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return 0, err
	}
	if len(program.Inst) > maxStates {
		return 0, fmt.Errorf("the regular expression repeats too much: %d instructions, at most %d", len(program.Inst),
			maxStates)
	}
	return len(program.Inst), nil
}

// budget is what is left for the assertions of a check.
type budget struct {
	steps int
	until time.Time
}

func newBudget() *budget { return &budget{steps: maxSteps, until: time.Now().Add(maxTime)} }

var (
	errBudget = fmt.Errorf("stopped after %d steps or %v; use a simpler expression", maxSteps, maxTime)
	errText   = fmt.Errorf("stopped at a text of more than %d bytes", maxText)
	errScalar = errors.New("string() requires a single value")
)

// spend pays for the use of a value; a whole one is used with all that its lists and objects have inside.
func (b *budget) spend(v any, factor int, whole bool) error {
	cost := 1
	switch v := v.(type) {
	case string:
		cost += len(v) / 64
	case []any:
		cost += len(v)
		for i := 0; whole && i < len(v) && b.steps >= 0; i++ {
			_ = b.spend(v[i], factor, whole) // it has taken the steps
		}
	case Object:
		cost += len(v)
		for _, member := range v {
			if !whole || b.steps < 0 {
				break
			}
			_ = b.spend(member, factor, whole)
		}
	}
	b.steps -= cost * factor
	if b.steps < 0 || time.Now().After(b.until) {
		return errBudget
	}
	return nil
}

// run evaluates a program within the budget.
func (b *budget) run(p *vm.Program, env Object) (any, error) {
	env[budgetName] = b
	return vm.Run(p, env)
}

// Names of what a compiled assertion uses beside the report. An expression cannot name them: the checker does not know
// them.
const (
	budgetName = "__budget"
	knownName  = "__known"  // a value that is there
	costName   = "__cost"   // any value
	madeName   = "__made"   // a value that the expression made
	nestedName = "__nested" // likewise, of other values: paid for with all that is inside, so that lists cannot double
	scalarName = "__scalar" // a value that is there, and no list
)

// metered are the functions that pay for what they are given, and refuse it.
func metered() (out []expr.Option) {
	for name, refuse := range map[string]func(any) error{
		knownName: func(v any) error {
			if v == nil {
				return errUnknown
			}
			return nil
		},
		costName: func(any) error { return nil },
		madeName: func(v any) error {
			if text, ok := v.(string); ok && len(text) > maxText {
				return errText
			}
			return nil
		},
		nestedName: func(any) error { return nil },
		scalarName: func(v any) error {
			switch v.(type) {
			case nil:
				return errUnknown
			case []any, Object:
				return errScalar
			}
			return nil
		},
	} {
		out = append(out, expr.Function(name, func(args ...any) (any, error) {
			b, _ := args[0].(*budget)
			factor, _ := args[2].(int)
			if err := b.spend(args[1], factor, name == nestedName || name == knownName); err != nil {
				return nil, err
			}
			return args[1], refuse(args[1])
		}, new(func(*budget, any, int) any)))
	}
	return out
}

// pay is a node that pays for the value of another one.
func pay(name string, n ast.Node, factor int) ast.Node {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: name},
		Arguments: []ast.Node{&ast.IdentifierNode{Value: budgetName}, n, &ast.IntegerNode{Value: factor}},
	}
	call.SetLocation(n.Location())
	return call
}
