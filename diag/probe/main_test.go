package probe

import (
	"testing"

	"go.uber.org/goleak"

	"dialtone/diag/lab/labtest"
)

func TestMain(m *testing.M) {
	labtest.AtOnce()
	goleak.VerifyTestMain(m)
}
