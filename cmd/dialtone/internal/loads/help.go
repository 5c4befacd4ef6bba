package loads

// Description and Examples are the help of dialtone load, MergeDescription that of dialtone merge.
const (
	Description = "Calls begin at their scheduled times, and every time in the report counts from there. With --room, " +
		"both peers of each call are here and meet in a room of their own, CODE-1, CODE-2 and so on. With --whip and " +
		"--whep, one call publishes, and the others view: a broadcast.\n\n" +
		"The test fails if a call failed or could not begin, unless --assert says otherwise, or if an assertion fails. " +
		"Calls during which this machine itself was the limit are counted and not judged; if they are more than half, " +
		"there is no verdict. docs/reference/load.md lists the names for --assert.\n\n" +
		"With --nats, several machines place the test together: the controller (--agents) has the schedule and makes the " +
		"report, each agent (--join) has the target and its credentials. docs/how-to/load.md shows how."
	MergeDescription = "The result is what one run would have reported: counts are added, percentiles are those of the " +
		"merged histograms, and the assertions of the parts are evaluated anew."
)

// Examples are command lines.
var Examples = []string{
	"dialtone load --loopback --arrive 20/s --calls 200 --hold 5s",
	"dialtone load --whip https://media.example.org/whip/{n} --arrive 5/s --ramp 1m --calls 500 --hold 2m " +
		"-o json=load.json",
	"dialtone load --whep https://media.example.org/whep/stream --arrive 10/s --calls 300 " +
		"--assert 'first_frame.p95 < duration(\"2s\")'",
	"dialtone load --whip https://media.example.org/whip/live --whep https://media.example.org/whep/live --arrive 5/s " +
		"--calls 200",
	"dialtone load --loopback --stage 0..20/s:1m --stage 20/s:5m --calls 10000 -o text -o prom=load.prom",
	"dialtone load --whip https://media.example.org/whip/{n} --find-limit --hold 10s --calls 2000 " +
		"--assert 'setup.p95 < duration(\"1s\")'",
	"dialtone load --nats nats://broker.example.org --agents 4 --arrive 40/s --calls 4000 --hold 1m",
	"dialtone load --whip https://media.example.org/whip/{n} --nats nats://broker.example.org --join load1",
}
