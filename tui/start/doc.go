// Package start is the screen of dialtone without a command: a list of commands and recent choices, and a form for the
// chosen command, which checks the fields as you type and shows the command line.
//
// It knows nothing of flags, files and networks: commands, fields and checks are data of the caller, and the choice
// is data that it returns.
package start
