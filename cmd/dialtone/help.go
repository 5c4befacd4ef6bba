package main

import "dialtone/cmd/dialtone/internal/helps"

// What the help of commands is made of.
var (
	exitWords = helps.ExitWords
	callExits = helps.CallExits
	detail    = helps.Detail
)
