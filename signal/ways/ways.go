// Package ways lists the ways of signaling. To add one, write its package and its line here.
package ways

import (
	"dialtone/signal"
	"dialtone/signal/paste"
	"dialtone/signal/post"
	"dialtone/signal/room"
	"dialtone/signal/whip"
)

// All are the ways in the order in which help and documents name them. Tests may add to it.
var All = []signal.Way{
	room.Way,
	post.Way,
	whip.Publish,
	whip.Play,
	paste.Way,
}
