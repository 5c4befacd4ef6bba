package compare

import (
	"strings"
	"testing"

	"dialtone/diag/nat"
	"dialtone/diag/nat/pair"
)

// TestWhoseResult: the prediction for two peers says which of them lacks what.
func TestWhoseResult(t *testing.T) {
	known := nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.AddressAndPortDependent, UDP: true}
	strict := nat.Side{Mapping: nat.AddressAndPortDependent, Filtering: nat.AddressAndPortDependent, UDP: true}
	half := nat.Side{Mapping: nat.EndpointIndependent, Filtering: nat.Unknown, UDP: true}
	unknown := nat.Side{Mapping: nat.Unknown, Filtering: nat.Unknown, UDP: true}
	mute := nat.Side{Mapping: nat.Unknown, Filtering: nat.Unknown}
	ports, doubt, six := known, known, known
	ports.Ports, doubt.PortsUnknown, six.NoIPv4 = true, true, true
	for name, tt := range map[string]struct {
		local, remote nat.Side
		want          string
	}{
		"the peer's NAT":   {known, unknown, "Unknown: the mapping and filtering of the NAT of the peer. Run dialtone nat there"},
		"the local NAT":    {unknown, known, "Unknown: the mapping and filtering of the NAT of this machine."},
		"a part of it":     {half, strict, "Unknown: the filtering of the NAT of this machine."},
		"both":             {unknown, half, "of this machine, and the filtering of the NAT of the peer."},
		"the peer's UDP":   {known, mute, "The peer gets no answer over UDP, and no TURN server works for the peer."},
		"the local UDP":    {mute, known, "This machine gets no answer over UDP"},
		"the UDP of both":  {mute, mute, "Both peers get no answer over UDP"},
		"the peer's ports": {known, ports, "The peer reaches some UDP ports only"},
		"ports in doubt":   {doubt, known, "Unknown: whether the network of this machine lets UDP out to any port. Run dialtone nat there with a TURN server"},
		"the peer's IPv4":  {known, six, "The peer has only IPv6"},
	} {
		if got := Prediction(pair.Predict(tt.local, tt.remote)); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
