package peer

import "github.com/pion/logging"

// quietLoggers silences pion: what it logs is either told by an event, or foreign text that nobody has cleaned.
type quietLoggers struct{}

// NewLogger returns a logger that says nothing.
func (quietLoggers) NewLogger(string) logging.LeveledLogger { return quiet{} }

type quiet struct{}

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}
