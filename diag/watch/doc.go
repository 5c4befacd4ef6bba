// Package watch observes this machine: which addresses and default routes it has, and whether this program runs.
//
// On Linux the kernel reports changes of the network over netlink; elsewhere, and where that is not possible, they are
// looked for each second. One observation serves all calls of a process:
//
//	watch.Machine(ctx, func(d diag.Data) { feed.Append(d) }) // until ctx ends
package watch
