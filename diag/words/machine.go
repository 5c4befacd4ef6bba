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
			t := say("This machine had no network for "+length+".",
				"Check the Wi-Fi, the cable or the mobile network of this machine.",
				"from "+Millis(e.SinceMs)+" of the call no interface had a usable address", survived(e.Ended))
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
				return say("This machine was suspended for "+length+".",
					"Keep this machine awake during a call.",
					"its clock moved ahead by that time while nothing ran", survived(e.Ended))
			case diag.PauseClock:
				return say("The clock of this machine moved ahead by "+length+".",
					"Keep this machine awake during a call.",
					"the machine was suspended, or its clock was set", survived(e.Ended))
			case diag.PauseStopped:
			}
			return say("dialtone did not run for "+length+".",
				"Do not stop the process during a call, and check the load of this machine.",
				"its timers fired that late, and the machine was not suspended: the process was stopped, or "+
					"got no processor", survived(e.Ended))
		}),
}

// survived says whether the call came back.
func survived(ended bool) string {
	if ended {
		return "the call did not come back"
	}
	return ""
}
