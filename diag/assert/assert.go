// Package assert evaluates conditions over what a command measured. What is measured is a [Subject]; its values are
// named as in its JSON, and a condition about an absent one fails as unknown.
package assert

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"dialtone/diag"
	"dialtone/diag/report"
)

// Assertion is an expression that can be evaluated over what its subject has measured.
type Assertion struct {
	Expr    string
	Default bool // one of dialtone's own

	program *vm.Program
	left    *vm.Program // the left side of a comparison, whose value is shown; nil for other expressions
}

// ExpressionError says what is wrong with an expression, and at which column.
type ExpressionError struct {
	Expr   string
	Column int // from 1; 0 if it is unknown
	Text   string
	Near   []string // names that a misspelt one may have meant
}

// Error names the column and what was probably meant.
func (e *ExpressionError) Error() string {
	at := ""
	if e.Column > 0 {
		at = fmt.Sprintf(", column %d", e.Column)
	}
	text := fmt.Sprintf("%q%s: %s", diag.Clean(e.Expr, 300), at, diag.Clean(e.Text, 300))
	if len(e.Near) > 0 {
		text += "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return text
}

// maxExpression bounds an expression, in bytes.
const maxExpression = 4096

// Subject is what assertions are about.
type Subject struct {
	example Object
	types   func() types.Type
}

// NewSubject makes one of an environment in which nothing is absent: it gives expressions their names and types.
func NewSubject(example Object) *Subject {
	return &Subject{example, sync.OnceValue(func() types.Type { return typeOf(example) })}
}

// Names lists every name that an expression can use.
func (s *Subject) Names() []string { return names(s.example) }

// Parse checks an expression for its form, its names, its types and the bounds of its cost. It evaluates nothing. The
// error is an [*ExpressionError].
func (s *Subject) Parse(text string) (*Assertion, error) {
	if len(text) > maxExpression {
		return nil, &ExpressionError{Expr: text, Text: fmt.Sprintf("longer than %d bytes", maxExpression)}
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, s.refuse(text, err)
	}
	var l limits
	if ast.Walk(&tree.Node, &l); l.err != nil {
		return nil, s.refuse(text, l.err)
	}
	if _, err := expr.Compile(text,
		append(rates(), expr.Env(s.types()), expr.AsBool(), expr.Optimize(false))...); err != nil {
		return nil, s.refuse(text, err)
	}
	a := &Assertion{Expr: text}
	if a.program, err = expr.Compile(text, dynamic(expr.AsBool())...); err != nil {
		return nil, s.refuse(text, err)
	}
	if a.left, err = leftSide(tree); err != nil {
		return nil, s.refuse(text, err)
	}
	return a, nil
}

// dynamic are the options of a program that runs over values that may be nil, within a [budget].
func dynamic(more ...expr.Option) []expr.Option {
	return slices.Concat([]expr.Option{
		expr.Env(Object{}), expr.AllowUndefinedVariables(), expr.Optimize(false), expr.Patch(&guard{}),
	}, rates(), metered(), more)
}

var errUnknown = errors.New("unknown: the report has no such value")

// guard wraps what costs, and the operands of comparisons that nil would pass or fail by accident: each use of a value
// that is compared for equality first asks whether the value is known. Order and arithmetic refuse nil by themselves.
// To compare with nil itself is allowed: that asks whether a value is there.
type guard struct{}

// Visit implements ast.Visitor. It sees the parts of a node before the node.
func (*guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BinaryNode:
		guardOperands(n)
		if n.Operator == "+" {
			*node = pay(madeName, n, 1)
		}
	case *ast.UnaryNode:
		n.Node = guarded(n.Node, knownName, 1)
	case *ast.ArrayNode:
		for i := range n.Nodes {
			n.Nodes[i] = guarded(n.Nodes[i], knownName, 1)
		}
		*node = pay(nestedName, n, 1)
	case *ast.MapNode:
		*node = pay(nestedName, n, 1)
	case *ast.PredicateNode:
		n.Node = pay(costName, n.Node, 1)
	case *ast.BuiltinNode:
		for i := range n.Arguments {
			name := costName
			if i == 0 && n.Name == "string" { // string(nil) is a text
				name = scalarName
			} else if i == 0 && n.Name == "type" {
				name = knownName
			}
			n.Arguments[i] = guarded(n.Arguments[i], name, 1)
		}
		made := madeName
		if n.Name == "map" {
			made = nestedName
		}
		*node = pay(made, n, 1)
	case *ast.CallNode: // a method of a time or a duration
		*node = pay(madeName, n, 1)
	}
}

func guardOperands(n *ast.BinaryNode) {
	if !slices.Contains(comparisons, n.Operator) || isNil(n.Left) || isNil(n.Right) {
		return
	}
	factor := 1
	if n.Operator == "matches" {
		factor, _ = states(n.Right) // ParseAssertion has refused what is invalid
	}
	n.Left, n.Right = guarded(n.Left, knownName, factor), guarded(n.Right, knownName, 1)
}

// comparisons are the operators that nil would pass or fail by accident.
var comparisons = []string{"==", "!=", "in", "not in", "contains", "startsWith", "endsWith", "matches"}

func isNil(n ast.Node) bool {
	_, yes := n.(*ast.NilNode)
	return yes
}

// guarded pays for a value that is no constant.
func guarded(n ast.Node, name string, factor int) ast.Node {
	switch n.(type) {
	case *ast.MemberNode, *ast.IdentifierNode, *ast.PointerNode, *ast.ChainNode, *ast.ConditionalNode,
		*ast.BuiltinNode, *ast.BinaryNode, *ast.CallNode:
		return pay(name, n, factor)
	}
	return n
}

// leftSide compiles the left side of a comparison, whose value is shown.
func leftSide(tree *parser.Tree) (*vm.Program, error) {
	n, ok := tree.Node.(*ast.BinaryNode)
	if !ok || !slices.Contains(comparisons, n.Operator) && !slices.Contains([]string{"<", "<=", ">", ">="}, n.Operator) {
		return nil, nil
	}
	return expr.Compile(n.Left.String(), dynamic()...)
}

// misspelt are the words of the checker around a name that it does not know.
var misspelt = regexp.MustCompile(`(?:unknown name|has no field|unknown field|has no method) ([\w]+)`)

func (s *Subject) refuse(text string, err error) error {
	out := &ExpressionError{Expr: text, Text: err.Error()}
	var wrong *file.Error
	if errors.As(err, &wrong) {
		out.Column, out.Text = wrong.Column+1, wrong.Message
	}
	if m := misspelt.FindStringSubmatch(out.Text); m != nil {
		out.Near = diag.Nearest(m[1], s.Names())
		out.Text = "unknown name " + m[1]
	}
	if strings.HasPrefix(out.Text, "bad number syntax") { // "1m" of "1ms"
		out.Text = `numbers have no unit: write a time as duration("800ms")`
	}
	return out
}

// Evaluate evaluates assertions over an environment. An absent value makes an assertion fail as unknown, and so does
// one that exceeds what all of them together may cost.
func Evaluate(env Object, list []*Assertion) []report.Assertion {
	b := newBudget()
	return diag.Map(list, func(a *Assertion) report.Assertion { return a.evaluate(env, b) })
}

func (a *Assertion) evaluate(env Object, b *budget) report.Assertion {
	result := report.Assertion{Expr: a.Expr, Default: a.Default}
	if a.left != nil {
		if v, err := b.run(a.left, env); err == nil {
			result.Value = shown(v)
		}
	}
	v, err := b.run(a.program, env)
	if err != nil {
		result.Error = "unknown: " + reason(err)
		return result
	}
	pass, isBool := v.(bool)
	if !isBool {
		result.Error = "unknown: the result is neither true nor false"
		return result
	}
	result.Pass = pass
	if a.left == nil {
		result.Value = pass
	}
	return result
}

// reason is the first line of an evaluation's error.
func reason(err error) string {
	var wrong *file.Error
	words := err.Error()
	if errors.As(err, &wrong) {
		words = wrong.Message
	}
	if strings.Contains(words, errUnknown.Error()) || strings.Contains(words, "<nil>") ||
		strings.Contains(words, "nil") {
		return "the report has no such value"
	}
	return diag.Clean(words, 200)
}

// shown is a value as a report shows it: a duration as Go writes it, a list by its length.
func shown(v any) any {
	switch v := v.(type) {
	case nil, bool, int, float64, string:
		return v
	case time.Duration:
		return v.String()
	case []any:
		return fmt.Sprintf("%d entries", len(v))
	case Object:
		return fmt.Sprintf("%d values", len(v))
	}
	return diag.Clean(fmt.Sprint(v), 200)
}

// Mentions reports whether the expression uses a path of names, such as media.audio.inbound.
func (a *Assertion) Mentions(path ...string) bool {
	tree, err := parser.Parse(a.Expr)
	if err != nil {
		return false
	}
	var names mentioned
	ast.Walk(&tree.Node, &names)
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.Equal(strings.Split(name, ".")[:min(len(path), strings.Count(name, ".")+1)], path)
	})
}

// mentioned collects the paths of names in an expression.
type mentioned []string

// Visit implements ast.Visitor.
func (m *mentioned) Visit(node *ast.Node) {
	var path []string
	for n := *node; ; {
		switch at := n.(type) {
		case *ast.ChainNode:
			n = at.Node
			continue
		case *ast.MemberNode:
			if name, ok := at.Property.(*ast.StringNode); ok {
				path = append([]string{name.Value}, path...)
			}
			n = at.Node
			continue
		case *ast.IdentifierNode:
			path = append([]string{at.Value}, path...)
		}
		break
	}
	if len(path) > 0 {
		*m = append(*m, strings.Join(path, "."))
	}
}
