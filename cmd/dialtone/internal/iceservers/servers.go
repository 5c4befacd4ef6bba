// Package iceservers are the STUN and TURN servers of dialtone serve.
package iceservers

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/signal/page"
)

// Flags are the STUN and TURN servers that dialtone serve offers besides.
type Flags struct {
	STUN     STUNAddresses  `name:"stun" placeholder:"IP[:PORT][,IP2[:PORT2]]" help:"Run a STUN server on this address. With a second address of this machine it supports NAT behavior discovery (RFC 5780). Default ports: 3478 and the next one."`
	TURN     netip.AddrPort `name:"turn" placeholder:"IP[:PORT]" help:"Run a STUN and TURN server on this address, over UDP and TCP. Default port: 3478."`
	TURNUser string         `name:"turn-user" placeholder:"NAME" help:"User name that --turn requires."`
	TURNPass diag.Secret    `name:"turn-pass" placeholder:"PASSWORD" help:"Password that --turn requires. Process lists show it: prefer DIALTONE_TURN_PASS or the file."`

	TURNAllow         []netip.Prefix `name:"turn-allow" placeholder:"CIDR" help:"Let --turn relay to this network: a LAN, for example. Without it, peers on the Internet and other clients of --turn can be reached, but no private, shared, link-local or own address. Repeatable."`
	TURNTCP           bool           `name:"turn-tcp" help:"Let --turn allocate TCP relays (RFC 6062) too, which give access to TCP services of the peers."`
	TURNAllocations   settings.Limit `name:"turn-max-allocations" placeholder:"N" group:"limits" help:"Relays that --turn allocates at one time. Default: 1000, or a quarter of the open files that the system allows."`
	TURNPerAddress    settings.Limit `name:"turn-max-per-address" placeholder:"N" group:"limits" help:"Relays at one time of one client address. Default: 64."`
	TURNPerUser       settings.Limit `name:"turn-max-per-user" placeholder:"N" group:"limits" help:"Relays at one time of the account of one pair of browsers. Default: 32."`
	TURNConnections   settings.Limit `name:"turn-max-connections" placeholder:"N" group:"limits" help:"TCP connections to --turn at one time. For a new one, the oldest without a relay is closed. Default: 1024."`
	TURNConnectionsOf settings.Limit `name:"turn-max-connections-per-address" placeholder:"N" group:"limits" help:"TCP connections to --turn of one client address. Default: 64."`
	TURNBitsPerSecond settings.Rate  `name:"turn-max-bitrate" placeholder:"BIT/S" group:"limits" help:"Bitrate of one relay in each direction; all together have ten times as much. Default: 20000000."`
}

// Complete reports what is missing, or nil.
func (f *Flags) Complete() error {
	if f.TURN.IsValid() && (f.TURNUser == "" || f.TURNPass == "") {
		return fmt.Errorf("--turn needs an account: add --turn-user NAME, and the password as %s",
			settings.EnvName("turn-pass"))
	}
	if strings.Contains(f.TURNUser, ":") {
		return errors.New("--turn-user must not contain a colon, which stands in the names of short-lived accounts")
	}
	return nil
}

// stunPort is the port of STUN and TURN (RFC 8489 §18.6, RFC 8656 §20).
const stunPort = 3478

// STUNAddresses are one address of a STUN server, or its two.
type STUNAddresses struct {
	primary, alternate netip.AddrPort // the latter is not valid where one alone was given
}

// ParseSTUN reads IP[:PORT][,IP2[:PORT2]].
func ParseSTUN(raw string) (s STUNAddresses, err error) {
	first, second, two := strings.Cut(raw, ",")
	s.primary, err = serverAddress(strings.TrimSpace(first), stunPort)
	if err != nil || !two {
		return s, err
	}
	next := s.primary.Port() // 0 for a free one
	if next != 0 {
		next++
	}
	s.alternate, err = serverAddress(strings.TrimSpace(second), next)
	one, other := s.primary, s.alternate
	switch {
	case err != nil:
		return s, err
	case one.Addr() == other.Addr() || one.Addr().Is4() != other.Addr().Is4():
		return s, fmt.Errorf("%s and %s are not two addresses of one family: give another address of this machine, or none",
			one.Addr(), other.Addr())
	case other.Port() == one.Port() && other.Port() != 0:
		return s, fmt.Errorf("duplicate port %d: give the second address another port, or none for the next one", one.Port())
	}
	return s, nil
}

// ParseTURN reads IP[:PORT].
func ParseTURN(raw string) (netip.AddrPort, error) { return serverAddress(raw, stunPort) }

// serverAddress reads IP or IP:PORT. A server must know its address, because its answers contain it: neither a
// name nor a wildcard will do.
func serverAddress(raw string, port uint16) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(raw)
	if err != nil {
		var ip netip.Addr
		ip, err = netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(raw, "["), "]"))
		addr = netip.AddrPortFrom(ip, port)
	}
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("%s is not an address: write IP or IP:PORT like 192.0.2.7:%d, [2001:db8::7]:%d "+
			"for IPv6", settings.Quote(raw), stunPort, stunPort)
	case addr.Addr().IsUnspecified():
		return netip.AddrPort{}, fmt.Errorf("%s stands for all addresses of this machine: write the one under which "+
			"others reach it", settings.Quote(raw))
	case addr.Addr().Zone() != "":
		return netip.AddrPort{}, fmt.Errorf("%s is valid on this machine only: write an address without a zone",
			settings.Quote(raw))
	}
	return addr, nil
}

// Servers are the ones that run.
type Servers struct {
	responder *lab.Responder // nil where none was asked for
	relay     *Relay         // likewise
	user      string         // of the TURN server
}

// Start starts what was asked for, all or nothing. The log gets what the TURN server refuses.
func (f *Flags) Start(log *slog.Logger) (*Servers, error) {
	s := &Servers{user: f.TURNUser}
	if a := f.STUN; a.primary.IsValid() {
		r, err := lab.StartResponder(lab.ResponderOptions{
			Primary: a.primary.Addr(), Port: a.primary.Port(), Alternate: a.alternate.Addr(), AlternatePort: a.alternate.Port(),
			Plain: !a.alternate.IsValid(),
		})
		if err != nil {
			return nil, endpoint.Error("--stun", joined(a), err)
		}
		s.responder = r
	}
	if a := f.TURN; a.IsValid() {
		r, err := StartRelay(RelayOptions{
			Listen: a, User: f.TURNUser, Password: f.TURNPass.Reveal(), Allow: f.TURNAllow, TCP: f.TURNTCP,
			STUN:        s.addresses(),
			Allocations: int(f.TURNAllocations), PerAddress: int(f.TURNPerAddress), PerUser: int(f.TURNPerUser),
			Connections: int(f.TURNConnections), ConnectionsPerAddress: int(f.TURNConnectionsOf),
			Bitrate: float64(f.TURNBitsPerSecond), Log: log,
		})
		if err != nil {
			return nil, errors.Join(endpoint.Error("--turn", a.String(), err), s.Close())
		}
		s.relay = r
	}
	return s, nil
}

// addresses are those of the STUN server, each of its ports on each of its addresses.
func (s *Servers) addresses() []netip.AddrPort {
	if s.responder == nil {
		return nil
	}
	var out []netip.AddrPort
	ends := []netip.AddrPort{s.responder.Addr(), s.responder.Alternate()}
	for _, a := range ends {
		for _, b := range ends {
			if a.IsValid() && b.IsValid() {
				out = append(out, netip.AddrPortFrom(a.Addr(), b.Port()))
			}
		}
	}
	return out
}

// joined is what the flag said, with its ports.
func joined(a STUNAddresses) string {
	if !a.alternate.IsValid() {
		return a.primary.String()
	}
	return a.primary.String() + "," + a.alternate.String()
}

// Close ends the servers.
func (s *Servers) Close() error {
	var errs []error
	if s.responder != nil {
		errs = append(errs, s.responder.Close())
	}
	if s.relay != nil {
		errs = append(errs, s.relay.Close())
	}
	return errors.Join(errs...)
}

// Describe is a line for each server.
func (s *Servers) Describe() string {
	var b strings.Builder
	if r := s.responder; r != nil {
		fmt.Fprintf(&b, "STUN:          %s", r.URL())
		if alternate := r.Alternate(); alternate.IsValid() {
			fmt.Fprintf(&b, " (RFC 5780, with %s)", alternate)
		}
		b.WriteString("\n")
	}
	if s.relay != nil {
		for _, url := range s.relay.URLs() {
			fmt.Fprintf(&b, "TURN:          %s\n", url)
		}
	}
	return b.String()
}

// Diagnosis is the command that asks the servers what the network does; empty where there is none to ask.
func (s *Servers) Diagnosis() string {
	var args []string
	if s.responder != nil {
		args = append(args, settings.ShellQuoted(s.responder.URL()))
	}
	if s.relay != nil {
		args = append(args, settings.ShellQuoted(s.relay.URL(lab.UDP)), "--ice-user", settings.ShellQuoted(s.user))
	}
	if len(args) == 0 {
		return ""
	}
	command := "dialtone nat " + strings.Join(args, " ")
	if s.relay != nil {
		command = settings.EnvName("ice-pass") + "=PASSWORD " + command
	}
	return command
}

// Arguments are what a call adds to its command to use the servers. The password is not among them.
func (s *Servers) Arguments() string {
	var args []string
	if s.responder != nil {
		args = append(args, "--ice", s.responder.URL())
	}
	if s.relay != nil {
		args = append(args, "--ice", s.relay.URL(lab.UDP), "--ice", s.relay.URL(lab.TCP), "--ice-user", s.user, "--ice-pass",
			"PASSWORD")
	}
	var b strings.Builder
	for _, arg := range args {
		b.WriteByte(' ')
		if strings.HasPrefix(arg, "--") {
			b.WriteString(arg)
			continue
		}
		b.WriteString(settings.ShellQuoted(arg))
	}
	return b.String()
}

// ForBrowsers are the servers for the call page that need no account.
func (s *Servers) ForBrowsers() []page.ICEServer {
	if s.responder == nil {
		return nil
	}
	return []page.ICEServer{{URLs: []string{s.responder.URL()}}}
}

// ForPair is the TURN server with an account of its own for a pair of browsers; nil without a TURN server.
func (s *Servers) ForPair(pair string) []page.ICEServer {
	if s.relay == nil {
		return nil
	}
	user, password := s.relay.Account(pair)
	return []page.ICEServer{{URLs: s.relay.URLs(), Username: user, Credential: password}}
}

// ParseNetwork reads a network in CIDR notation, or the one of a single address.
func ParseNetwork(raw string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(raw); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(raw)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s is not a network: write it as 192.168.1.0/24 or 2001:db8::/64",
			settings.Quote(raw))
	}
	return p.Masked(), nil
}
