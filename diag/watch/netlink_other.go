//go:build !linux

package watch

import (
	"context"
	"errors"
)

// followKernel is for Linux.
func followKernel(context.Context, func()) error { return errors.ErrUnsupported }
