package diag

import "testing"

func TestSizeOfJSON(t *testing.T) {
	for text, want := range map[string]JSONSize{
		``: {}, `1`: {}, `[]`: {}, ` [ ] `: {}, `{}`: {Objects: 1}, `[null,null]`: {Elements: 2}, `[0 , 1]`: {Elements: 2},
		`{"a":1,"b":[{},{},""]}`: {3, 2, 3}, `["a,b\",[{","c\\",2]`: {Elements: 3}, `[[[]],[1]]`: {Elements: 4},
		`]}`: {}, `["`: {Elements: 1}, `"\`: {}, `{"a":{"b":{}}}`: {3, 2, 0},
	} {
		if got := SizeOfJSON([]byte(text)); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
	}
}
