// Package diagtest makes events for the tests of those who read them.
package diagtest

import (
	"fmt"
	"net/netip"
	"reflect"
	"time"

	"dialtone/diag"
)

// filler gives every field that it meets a value which is not zero, and no two the same where the type allows it.
type filler struct {
	n    int64
	text string // for every string; empty: "s1", "s2", …
}

// fill sets v and everything in it.
func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Type() {
	case reflect.TypeFor[netip.Addr]():
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{192, 0, 2, byte(f.n)})))
		return
	case reflect.TypeFor[netip.AddrPort]():
		v.Set(reflect.ValueOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(f.n)}), uint16(f.n))))
		return
	case reflect.TypeFor[netip.Prefix]():
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(f.n), 0}), 24)))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			f.fill(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.String:
		s := f.text
		if s == "" {
			s = fmt.Sprintf("s%d", f.n)
		}
		v.SetString(s)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := f.n
		if v.Type() == reflect.TypeFor[diag.Millis]() {
			n *= int64(time.Microsecond) // the resolution that is written
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n)%255 + 1)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.n) + 0.25)
	default:
		panic(fmt.Sprintf("an event has a field of kind %s: teach the filler", v.Kind())) //nolint:forbidigo // in tests only
	}
}

// Filled returns one Data of every type of the vocabulary with every field set.
func Filled(text string) map[diag.Type]diag.Data {
	all := map[diag.Type]diag.Data{}
	for _, name := range diag.Types() {
		var e diag.Event
		if err := e.UnmarshalJSON(fmt.Appendf(nil, `{"seq":1,"at":0,"type":%q}`, name)); err != nil {
			panic(err) //nolint:forbidigo // in tests only
		}
		v := reflect.New(reflect.TypeOf(e.Data)).Elem()
		(&filler{text: text}).fill(v)
		data, ok := v.Interface().(diag.Data)
		if !ok {
			panic(name + " is no Data") //nolint:forbidigo // in tests only
		}
		all[name] = data
	}
	return all
}
