// Package start is the screen of dialtone without a command: it offers what can be done, what was done last, and a form
// for the chosen thing, with checks while one types and the same thing as a command line.
//
// It knows nothing of flags, files and networks: commands, fields and checks are data that its user gives, and what was
// chosen is data that it returns.
package start
