package record

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"dialtone/diag"
)

// Bounds of a recording, whose author may be hostile: a list of a million empty objects takes 3 MB in the file and half
// a gigabyte in memory.
const (
	// MaxLine is the maximum length of a line in bytes, including its line break.
	MaxLine = 4 << 20
	// MaxValues is how many values a line may have: members of objects and elements of lists.
	MaxValues = 20_000
	// MaxMemory is how much memory the events may take that [Open] and [Read] return, in bytes. Those of a call with audio
	// and video take about as much as in the file, 20 MB for each hour.
	MaxMemory = 64 << 20

	maxSkipped = 64 << 20 // bytes of lines that are too long, until the rest is not read
)

// Causes of a [DamagedError].
var (
	ErrTooLong = fmt.Errorf("the line is longer than %d bytes", MaxLine)
	ErrTooMany = fmt.Errorf("the line has more than %d values", MaxValues)
	ErrTooMuch = errors.New("the recording is too large")
	errEndless = fmt.Errorf("lines are longer than %d bytes", MaxLine)
)

// values counts the members and elements of a line of JSON.
func values(line []byte) int {
	size := diag.SizeOfJSON(line)
	return size.Members + size.Elements
}

// SizeOf estimates the memory that an event takes, in bytes.
func SizeOf(d diag.Data) int64 {
	return int64(reflect.TypeFor[diag.Event]().Size()) + sizeOf(reflect.ValueOf(&d))
}

// sizeOf estimates the memory that a value takes beside its own fields, in bytes.
func sizeOf(v reflect.Value) int64 {
	switch v.Kind() {
	case reflect.String:
		return int64(v.Len())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return int64(v.Elem().Type().Size()) + sizeOf(v.Elem())
	case reflect.Slice:
		n := int64(v.Cap()) * int64(v.Type().Elem().Size())
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return n
		}
		for i := range v.Len() {
			n += sizeOf(v.Index(i))
		}
		return n
	case reflect.Map:
		n := int64(v.Len()) * int64(v.Type().Key().Size()+v.Type().Elem().Size())
		for _, key := range v.MapKeys() {
			n += sizeOf(key) + sizeOf(v.MapIndex(key))
		}
		return n
	case reflect.Struct:
		if !strings.HasPrefix(v.Type().PkgPath(), "dialtone/") {
			return 0 // a time or an address
		}
		n := int64(0)
		for _, field := range v.Fields() {
			n += sizeOf(field)
		}
		return n
	default:
		return 0 // it is all in its own field
	}
}
