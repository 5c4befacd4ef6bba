// Package quiet keeps the terminal unasked until there is a screen. It must be imported wherever Bubble Tea is.
//
// Bubble Tea asks the terminal for its background colour as soon as the program starts, whatever the program is about
// to do (its tea_init.go), and waits five seconds where no answer comes. Go initialises packages in the order of their
// import paths as far as imports allow, and this one needs nothing but Lip Gloss: it comes before Bubble Tea and tells
// Lip Gloss a colour, after which that need not be asked. Screens ask by themselves, when they begin.
package quiet

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
