package diag

// natWhom says with whom a side reaches direct calls.
type natWhom struct {
	direct string // peers with whom it surely does
	rest   string // what is to be said of the others
}

// natDirect names the peers with whom direct calls work, by the row of natPairs: D where they do.
var natDirect = map[string]string{
	"DDDDDDDDD": "peers behind any NAT that lets UDP pass",
	"DDDRRRRRR": "peers whose NAT keeps one port for all destinations, as most do",
	"DDRDDRDDR": "peers behind open or address-restricted NATs",
	"DDRDDRRRR": "peers behind open or address-restricted NATs, unless those use a new port per destination and port",
	"DDRDRRDRR": "peers behind open NATs, or address-restricted ones that keep one port",
	"DDRDRRRRR": "peers behind open NATs that keep one port per address, or address-restricted ones that keep one port",
	"DDRRRRRRR": "peers behind open or address-restricted NATs that keep one port for all destinations",
}

// columns tells for each kind of peer whether all, or any, of the kinds that this side may be reach it.
func (s NATSide) columns() (all, anyOf string) {
	sure, maybe := []byte("DDDDDDDDD"), []byte("RRRRRRRRR")
	for _, row := range s.kinds() {
		for column := range sure {
			if natPairs[row][column] == 'D' {
				maybe[column] = 'D'
			} else {
				sure[column] = 'R'
			}
		}
	}
	return string(sure), string(maybe)
}

// whom reads the table for a side alone.
func (s NATSide) whom() natWhom {
	all, anyOf := s.columns()
	w := natWhom{direct: natDirect[all]}
	switch {
	case all != anyOf:
		w.rest = ", and perhaps with others"
	case all != "DDDDDDDDD":
		w.rest = "; others need a relay"
	}
	return w
}
