// Package system is the network of the operating system, which several peers may share.
package system

import (
	"fmt"
	"sync"
	"time"

	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
)

// Net is that network. Its interfaces are read once for all that ask within a second.
type Net struct {
	*stdnet.Net
	now func() time.Time

	mu   sync.Mutex // of Net, which does not lock
	read time.Time  // when its interfaces were
}

// age is how old the list of the interfaces may be.
const age = time.Second

// New reads the interfaces.
func New() (*Net, error) {
	n, err := stdnet.NewNet()
	if err != nil {
		return nil, fmt.Errorf("reading the network interfaces: %w", err)
	}
	return &Net{Net: n, now: time.Now, read: time.Now()}, nil
}

// UpdateInterfaces reads them anew. If that fails, those that are known stay.
func (n *Net) UpdateInterfaces() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.read = n.now()
	return n.Net.UpdateInterfaces()
}

// Interfaces are those of at most a second ago.
func (n *Net) Interfaces() ([]*transport.Interface, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now := n.now(); now.Sub(n.read) > age {
		n.read = now
		_ = n.Net.UpdateInterfaces() // those that are known stay
	}
	return n.Net.Interfaces()
}

// InterfaceByName is one of those that are known.
func (n *Net) InterfaceByName(name string) (*transport.Interface, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Net.InterfaceByName(name)
}

// InterfaceByIndex is one of those that are known.
func (n *Net) InterfaceByIndex(index int) (*transport.Interface, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.Net.InterfaceByIndex(index)
}
