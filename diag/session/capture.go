package session

import (
	"cmp"

	"dialtone/diag"
	"dialtone/diag/capture"
	"dialtone/diag/media/save"
	"dialtone/diag/peer"
)

// captures are the files of packets and keys of all calls of this process, and saved is what their media may take.
var (
	captures capture.Files
	saved    save.Budget
)

// evidence is what is written of a call beside its events.
type evidence struct {
	packets *capture.Capture // nil: nothing is captured
	call    *capture.Call    // of the last peer connection
	media   *save.Saver      // nil: nothing is saved
}

// open makes the files that the configuration asks for. The call goes on without one that cannot be written.
func (e *evidence) open(c diag.Config, emit func(diag.Data)) {
	var err error
	warn := func(failed, written, subject string) {
		if err != nil {
			emit(diag.Warning{ID: failed, Subject: subject, Cause: diag.Clean(err.Error(), 300)})
		} else {
			emit(diag.Warning{ID: written, Subject: subject})
		}
	}
	if file := cmp.Or(c.PCAPNG, c.KeyLog, c.Decrypted); file != "" {
		e.packets, err = captures.Open(capture.Names{Keys: c.KeyLog, Packets: c.PCAPNG, Decrypted: c.Decrypted})
		warn("capture.failed", "capture.secrets", file)
	}
	if c.SaveMedia != "" {
		e.media, err = save.New(save.Options{Dir: c.SaveMedia, Budget: &saved, Emit: emit})
		warn("save.failed", "save.media", c.SaveMedia)
	}
}

// give lets a peer write to the files.
func (e *evidence) give(o *peer.Options) {
	if e.packets != nil {
		e.call = e.packets.Call()
		o.KeyLog, o.Tap = e.call.KeyLog(), e.call.Packet
	}
	o.Save = e.media
}

// close completes the files of media, and says what the others lack.
func (e *evidence) close(emit func(diag.Data)) {
	e.media.Close()
	if e.call == nil {
		return
	}
	if err := e.call.Err(); err != nil {
		emit(diag.Warning{ID: "capture.incomplete", Cause: diag.Clean(err.Error(), 300)})
	}
}
