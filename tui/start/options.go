package start

// Options of the screen.
type Options struct {
	Version  string    // dialtone's
	Commands []Command // at least one
	Recent   []Recent  // the latest first
	Remark   string    // shown until the first key, such as a history that cannot be read
	ASCII    bool      // draw with ASCII only
}

// Command is one choice.
type Command struct {
	Name    string // one word: "call"
	Summary string // what it does, in a few words
	About   string // what a newcomer should know, in a few sentences; shown if there is room
	Fields  []Field
	// Line is the command line, in words quoted for a POSIX shell. It contains no secrets.
	Line func(Values) []string
	// Check says what is wrong with the fields as a whole; nil checks nothing.
	Check func(Values) error
}

// Field is one line of a form.
type Field struct {
	Name  string // key in Values
	Label string
	Hint  string // what to write, shown while the field is empty or has the cursor
	Kind  Kind
	Value string             // the initial text; "true" for a switch that is on
	Check func(string) error // says what is wrong with a text; nil accepts any
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

// Recent is an earlier choice: choosing it again fills the form.
type Recent struct {
	Command string
	Title   string // "w1 at https://call.example.org/call/"
	Values  Values
}

// Choice is a command with the texts of its form.
type Choice struct {
	Command string
	Values  Values
}
