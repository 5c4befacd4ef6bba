package start

// Options of the screen.
type Options struct {
	Version  string    // dialtone's
	Commands []Command // at least one
	Recent   []Recent  // what was done last, the latest first
	Remark   string    // told until the first key, for example that the history cannot be read
	ASCII    bool      // draw with ASCII alone
}

// Command is one thing that can be done.
type Command struct {
	Name    string // one word: "call"
	Summary string // what it does, in a few words
	About   string // what a newcomer should know, in a few sentences; shown where there is room
	Fields  []Field
	// Line is the same thing on the command line, in words that a POSIX shell takes; no secret is among them.
	Line func(Values) []string
	// Check tells what is wrong with the fields as a whole; nil checks nothing.
	Check func(Values) error
}

// Field is one line of a form.
type Field struct {
	Name  string // key in Values
	Label string
	Hint  string // what to write, told while the field is empty or has the cursor
	Kind  Kind
	Value string             // what it begins with; "true" for a switch that is on
	Check func(string) error // tells what is wrong with a text; nil takes any
}

// Kind says what a field holds.
type Kind uint8

// Kinds of fields.
const (
	Text   Kind = iota
	Secret      // shown as asterisks
	Switch      // on or off
)

// Values are the texts of a form by the names of its fields.
type Values map[string]string

// On reports whether a switch is on.
func (v Values) On(name string) bool { return v[name] == "true" }

// Recent is something that was done before: choosing it fills the form.
type Recent struct {
	Command string
	Title   string // "w1 at https://call.example.org/call/"
	Values  Values
}

// Choice is what somebody wants done.
type Choice struct {
	Command string
	Values  Values
}
