package labtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// TestServerTriesOtherPorts: a program that finds its port taken is started again, with another one.
func TestServerTriesOtherPorts(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	var tried [][]string
	server := Server{
		Program: NeedProgram(t, "sh"), Ports: 2,
		Args: func(ports []string) []string {
			tried = append(tried, ports)
			switch len(tried) {
			case 1:
				return []string{"-c", "echo 'bind: Address already in use'; exec sleep 60"}
			case 2:
				return []string{"-c", "exit 1"}
			}
			return []string{"-c", "touch " + ready + "; exec sleep 60"}
		},
		Answers: func(context.Context, []string) bool {
			_, err := os.Stat(ready)
			return err == nil
		},
	}
	ports := server.Start(t)
	if len(tried) != 3 || len(ports) != 2 || ports[0] != tried[2][0] || tried[0][0] == tried[1][0] {
		t.Errorf("%v after %v", ports, tried)
	}
}
