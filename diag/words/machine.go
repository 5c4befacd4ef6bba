package words

import (
	"dialtone/diag"
	"dialtone/diag/judge"
)

// machineFindings are those about this machine.
var machineFindings = map[string]entry{
	"machine.offline": on(
		"For a time no interface of this machine had an address besides loopback and link-local ones: the cable or the "+
			"radio link was lost, or the network was changed. Both peers then dial again for as long as --redial says.",
		func(_ judge.Finding, e judge.Offline) Text {
			length := Millis(e.OfflineMs)
			t := Text{
				Title:    "This machine had no network for " + length + ".",
				Evidence: lines("from "+Millis(e.SinceMs)+" of the call no interface had a usable address", survived(e.Ended)),
				Advice:   "Check the Wi-Fi, the cable or the mobile network of this machine.",
			}
			if e.Lasts {
				t.Title = "This machine had no network for the last " + length + "."
			}
			return t
		}),
	"machine.paused": on(
		"For a time this program did not run. If the clock that counts suspension moved ahead, the machine was suspended. "+
			"If only timers fired late, the process was stopped, or it got no processor. Meanwhile the peer hears nothing.",
		func(_ judge.Finding, e judge.Suspended) Text {
			length := Millis(e.PausedMs)
			switch e.Source {
			case diag.PauseSuspend:
				return Text{
					Title:    "This machine was suspended for " + length + ".",
					Evidence: lines("its clock moved ahead by that time while nothing ran", survived(e.Ended)),
					Advice:   "Keep this machine awake during a call.",
				}
			case diag.PauseClock:
				return Text{
					Title:    "The clock of this machine moved ahead by " + length + ".",
					Evidence: lines("the machine was suspended, or its clock was set", survived(e.Ended)),
					Advice:   "Keep this machine awake during a call.",
				}
			case diag.PauseStopped:
			}
			return Text{
				Title: "dialtone did not run for " + length + ".",
				Evidence: lines("its timers fired that late, and the machine was not suspended: the process was stopped, or "+
					"got no processor", survived(e.Ended)),
				Advice: "Do not stop the process during a call, and check the load of this machine.",
			}
		}),
}

// survived says whether the call came back.
func survived(ended bool) string {
	if ended {
		return "the call did not come back"
	}
	return ""
}
