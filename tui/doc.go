// Package tui is the terminal session: a screen that shows a call while it happens, or while it is replayed.
//
// It reads events and nothing else. [Run] takes batches from a [Source], folds them into one call.Call, and draws what
// the panes of package pane make of it; commands to the call go out through [Controls].
//
// One command at a time waits for the next batch and is armed again when Update has taken it, so that events arrive in
// their order. Update performs no input or output. Messages go one of three ways: to the root itself, to the pane that
// has the focus (keys), or to all panes (events).
package tui
