package peer

import (
	"net"
	"strconv"

	"github.com/pion/stun/v4"
)

// server is an ICE server's URL in the parts that identify its socket. The URL itself was checked where the
// configuration was read.
type server struct {
	url      string
	host     string
	hostPort string
	turn     bool
	secured  bool
	tcp      bool
}

func parseServer(url string) (server, bool) {
	u, err := stun.ParseURI(url)
	if err != nil {
		return server{}, false
	}
	return server{
		url: url, host: u.Host, hostPort: net.JoinHostPort(u.Host, strconv.Itoa(u.Port)),
		turn:    u.Scheme == stun.SchemeTypeTURN || u.Scheme == stun.SchemeTypeTURNS,
		secured: u.IsSecure(), tcp: u.Proto == stun.ProtoTypeTCP,
	}, true
}
