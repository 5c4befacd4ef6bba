package draw

// Labeled writes a mark, and a text beside it that is wrapped below itself.
func (th *Theme) Labeled(mark string, paint Paint, text string, indent, width int) []string {
	var out []string
	at := indent + Width(mark) + 1
	for i, line := range Wrap(text, width-at) {
		l := NewLine(width).Gap(indent)
		if i == 0 {
			l.Add(paint, mark)
		}
		out = append(out, l.To(at).Add(th.Plain, line).String())
	}
	return out
}

// Marked is text behind the mark of its level.
func (th *Theme) Marked(level Level, text string, indent, width int) []string {
	mark, paint := th.Mark(level)
	return th.Labeled(mark, paint, text, indent, width)
}

// Wrapped is text in rows of at most width columns behind an indent.
func Wrapped(paint Paint, text string, indent, width int) []string {
	var out []string
	for _, line := range Wrap(text, width-indent) {
		out = append(out, Row(width, indent, paint, line))
	}
	return out
}
