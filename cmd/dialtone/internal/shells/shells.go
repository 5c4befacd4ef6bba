// Package shells completes command lines and writes manual pages. Both are cobra's, made from the grammar of the
// command line.
package shells

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// Words are what the arguments of commands can be, beside what the grammar says, by command.
type Words map[string][]string

// Script writes the completion script for a shell. It is for the binary of the name of the application, on the path.
func Script(w io.Writer, app *kong.Application, shell string) error {
	root := tree(app, nil)
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(w)
	}
	return fmt.Errorf("there is no completion for %s", shell)
}

// IsQuery reports whether a completion script asks: these are the arguments of the process.
func IsQuery(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// Answer answers a completion script.
func Answer(out, errs io.Writer, app *kong.Application, words Words, args []string) error {
	root := tree(app, words)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	return root.Execute()
}

// Page writes the manual page of a command, or of the application for an empty name, as roff. made is when it was
// built; the page shows the month.
func Page(w io.Writer, app *kong.Application, command, version string, made time.Time) error {
	root := tree(app, nil)
	at := root
	if command != "" {
		found, _, err := root.Find([]string{command})
		if err != nil {
			return fmt.Errorf("there is no command %s", command)
		}
		at = found
	}
	title := strings.ToUpper(strings.ReplaceAll(at.CommandPath(), " ", "-"))
	return doc.GenMan(at, &doc.GenManHeader{
		Title: title, Section: "1", Date: &made, Source: app.Name + " " + version, Manual: app.Name,
	}, w)
}

// tree is the application as cobra has it. Nothing of it runs.
func tree(app *kong.Application, words Words) *cobra.Command {
	root := describe(app.Node, words)
	root.Long = app.Help + "\n\n" + app.Detail
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.DisableAutoGenTag = true
	root.SilenceUsage, root.SilenceErrors = true, true
	for _, node := range app.Children {
		if !node.Hidden {
			root.AddCommand(describe(node, words))
		}
	}
	return root
}

// describe is a command with its flags and arguments.
func describe(node *kong.Node, words Words) *cobra.Command {
	c := &cobra.Command{
		Use: node.Name, Short: node.Help, Long: node.Help + "\n\n" + node.Detail, DisableAutoGenTag: true,
		Run: func(*cobra.Command, []string) {},
	}
	for _, p := range node.Positional {
		c.Use += " " + argument(p)
		c.ValidArgs = append(c.ValidArgs, values(p)...)
	}
	c.ValidArgs = append(c.ValidArgs, words[node.Name]...)
	if len(c.ValidArgs) == 0 && !slices.ContainsFunc(node.Positional, isFile) {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, f := range node.Flags {
		describeFlag(c, f)
	}
	return c
}

func describeFlag(c *cobra.Command, f *kong.Flag) {
	if f.Hidden || f.Name == "help" {
		return
	}
	short := ""
	if f.Short != 0 {
		short = string(f.Short)
	}
	if f.IsBool() {
		c.Flags().BoolP(f.Name, short, false, f.Help)
		return
	}
	c.Flags().StringP(f.Name, short, "", f.Help)
	complete := cobra.NoFileCompletions
	switch words := values(f.Value); {
	case len(words) > 0:
		complete = cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	case isFile(f.Value):
		return
	}
	_ = c.RegisterFlagCompletionFunc(f.Name, complete) // it fails for a flag that there is not
}

// argument is how a usage line shows an argument; pages are Markdown first, where <name> would be a tag.
func argument(p *kong.Positional) string {
	name := strings.ToUpper(p.Name)
	if p.IsCumulative() {
		name += "..."
	}
	if !p.Required {
		return "[" + name + "]"
	}
	return name
}

// values are the words that a setting can be; none if it is free.
func values(v *kong.Value) []cobra.Completion {
	if !v.Tag.Has("oneof") {
		return nil
	}
	return strings.Split(v.Tag.Get("oneof"), ",")
}

// isFile reports whether a setting names a file or a directory.
func isFile(v *kong.Value) bool {
	return strings.Contains(v.Tag.PlaceHolder, "FILE") || strings.Contains(v.Tag.PlaceHolder, "DIR") ||
		strings.EqualFold(v.Name, "file")
}
