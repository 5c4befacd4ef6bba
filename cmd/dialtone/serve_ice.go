package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"dialtone/cmd/dialtone/internal/endpoint"
	"dialtone/cmd/dialtone/internal/settings"
	"dialtone/diag"
	"dialtone/diag/lab"
	"dialtone/signal/page"
)

// iceServerFlags are the STUN and TURN servers that dialtone serve offers besides.
type iceServerFlags struct {
	STUN     stunAddresses  `name:"stun" placeholder:"IP[:PORT][,IP2[:PORT2]]" help:"Run a STUN server on this address. With a second address of this machine it supports NAT behavior discovery (RFC 5780). Default ports: 3478 and the next one."`
	TURN     netip.AddrPort `name:"turn" placeholder:"IP[:PORT]" help:"Run a STUN and TURN server on this address, over UDP and TCP. Default port: 3478."`
	TURNUser string         `name:"turn-user" placeholder:"NAME" help:"User name that --turn requires."`
	TURNPass diag.Secret    `name:"turn-pass" placeholder:"PASSWORD" help:"Password that --turn requires. Process lists show it: prefer DIALTONE_TURN_PASS or the file."`
}

// complete reports what is missing, or nil.
func (f *iceServerFlags) complete() error {
	if f.TURN.IsValid() && (f.TURNUser == "" || f.TURNPass == "") {
		return fmt.Errorf("--turn needs an account: add --turn-user NAME, and the password as %s",
			settings.EnvName("turn-pass"))
	}
	return nil
}

// stunPort is the port of STUN and TURN (RFC 8489 §18.6, RFC 8656 §20).
const stunPort = 3478

// stunAddresses are one address of a STUN server, or its two.
type stunAddresses struct {
	primary, alternate netip.AddrPort // the latter is not valid where one alone was given
}

func parseSTUNAddresses(raw string) (s stunAddresses, err error) {
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

func parseTURNAddress(raw string) (netip.AddrPort, error) { return serverAddress(raw, stunPort) }

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

// iceServers are the ones that run.
type iceServers struct {
	responder *lab.Responder // nil where none was asked for
	turn      *lab.TURN      // likewise
	user      string         // of the TURN server
}

// start starts what was asked for, all or nothing.
func (f *iceServerFlags) start() (*iceServers, error) {
	s := &iceServers{user: f.TURNUser}
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
		t, err := lab.StartTURN(lab.TURNOptions{
			Listen: a.String(), UDP: true, TCP: true, Username: f.TURNUser, Password: string(f.TURNPass),
		})
		if err != nil {
			return nil, errors.Join(endpoint.Error("--turn", a.String(), err), s.close())
		}
		s.turn = t
	}
	return s, nil
}

// joined is what the flag said, with its ports.
func joined(a stunAddresses) string {
	if !a.alternate.IsValid() {
		return a.primary.String()
	}
	return a.primary.String() + "," + a.alternate.String()
}

// close ends the servers.
func (s *iceServers) close() error {
	var errs []error
	if s.responder != nil {
		errs = append(errs, s.responder.Close())
	}
	if s.turn != nil {
		errs = append(errs, s.turn.Close())
	}
	return errors.Join(errs...)
}

// describe is a line for each server.
func (s *iceServers) describe() string {
	var b strings.Builder
	if r := s.responder; r != nil {
		fmt.Fprintf(&b, "STUN:          %s", r.URL())
		if alternate := r.Alternate(); alternate.IsValid() {
			fmt.Fprintf(&b, " (RFC 5780, with %s)", alternate)
		}
		b.WriteString("\n")
	}
	if s.turn != nil {
		for _, url := range s.turn.URLs() {
			fmt.Fprintf(&b, "TURN:          %s\n", url)
		}
	}
	return b.String()
}

// diagnosis is the command that asks the servers what the network does; empty where there is none to ask.
func (s *iceServers) diagnosis() string {
	var args []string
	if s.responder != nil {
		args = append(args, settings.ShellQuoted(s.responder.URL()))
	}
	if s.turn != nil {
		args = append(args, settings.ShellQuoted(s.turn.URL(lab.UDP)), "--ice-user", settings.ShellQuoted(s.user))
	}
	if len(args) == 0 {
		return ""
	}
	command := "dialtone nat " + strings.Join(args, " ")
	if s.turn != nil {
		command = settings.EnvName("ice-pass") + "=PASSWORD " + command
	}
	return command
}

// arguments are what a call adds to its command to use the servers. The password is not among them.
func (s *iceServers) arguments() string {
	var args []string
	if s.responder != nil {
		args = append(args, "--ice", s.responder.URL())
	}
	if s.turn != nil {
		args = append(args, "--ice", s.turn.URL(lab.UDP), "--ice", s.turn.URL(lab.TCP), "--ice-user", s.user, "--ice-pass",
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

// forBrowsers are the servers for the call page, the account of the TURN server included: a browser has
// no other way to learn it.
func (s *iceServers) forBrowsers(password string) []page.ICEServer {
	var servers []page.ICEServer
	if s.responder != nil {
		servers = append(servers, page.ICEServer{URLs: []string{s.responder.URL()}})
	}
	if s.turn != nil {
		servers = append(servers, page.ICEServer{URLs: s.turn.URLs(), Username: s.user, Credential: password})
	}
	return servers
}
