// Package quiet prevents Bubble Tea from querying the terminal before there is a screen. It must be imported wherever
// Bubble Tea is.
//
// Bubble Tea queries the background color of the terminal as soon as the program starts, even when no screen follows
// (its tea_init.go), and waits five seconds for an answer. Go initializes packages by import path, as
// far as imports allow. This one needs only Lip Gloss, so it runs before Bubble Tea and sets a color, which makes the
// query unnecessary. Screens query by themselves when they start.
package quiet

import "github.com/charmbracelet/lipgloss"

func init() { lipgloss.SetHasDarkBackground(true) }
