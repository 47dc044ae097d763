package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// said is what a client says: a packet with its attachments.
type said struct {
	kind        string // with the count of attachments
	id, payload string
	attachments [][]byte
}

func (p said) text() string { return p.kind + p.id + p.payload }
func (p said) isAck() bool  { return p.kind[0] == '3' || p.kind[0] == '6' }

// generator makes packets up: as official clients send them, with everything in them that JSON allows and receivers
// may stumble over, and broken ones.
type generator struct{ *rand.Rand }

func (g generator) packet() said {
	p := said{kind: g.one("2", "2", "2", "5", "5", "5", "5", "3", "6")}
	if binary := p.kind == "5" || p.kind == "6"; binary {
		n := 1 + g.IntN(3)
		if g.IntN(20) == 0 {
			n = g.IntN(13)
		}
		p.kind += strconv.Itoa(n) + "-"
		for range n {
			p.attachments = append(p.attachments, []byte(g.one("", "\x00", "\xff\xfe", "text", "{}")))
		}
	}
	if !p.isAck() && g.IntN(3) == 0 {
		p.id = strconv.Itoa(g.IntN(1000))
	}
	var values []string
	if !p.isAck() {
		values = append(values, g.name())
	}
	num := 0
	for range g.IntN(4) {
		values = append(values, g.value(0, &num))
	}
	if len(p.attachments) > 0 && g.IntN(4) > 0 {
		values = append(values, g.placeholder(&num))
	}
	p.payload = g.array(values)
	if g.IntN(6) == 0 {
		p.payload = g.broken(p.payload)
	}
	return p
}

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) name() string {
	switch g.IntN(6) {
	case 0:
		return g.number()
	case 1:
		return g.quoted(g.one("connect", "disconnecting", "newListener", "connection", "error", "message", "__proto__", "toString", "acked", "\u0000"))
	}
	return g.quoted(g.one("a", "send_message", "", "é😀", "_placeholder", "hasOwnProperty"))
}

func (g generator) value(depth int, num *int) string {
	if depth == 0 && g.IntN(50) == 0 {
		return g.deep(num)
	}
	choices := 10
	if depth > 4 {
		choices = 6
	}
	switch g.IntN(choices) {
	case 0, 1:
		return g.number()
	case 2:
		return g.one("true", "false", "null")
	case 3, 4:
		return g.quoted(g.text())
	case 5:
		return g.placeholder(num)
	case 6, 7:
		values := make([]string, g.IntN(4))
		for i := range values {
			values[i] = g.value(depth+1, num)
		}
		return g.array(values)
	}
	members := make([]string, g.IntN(5))
	for i := range members {
		members[i] = g.member(g.one("a", "b", "num", "_placeholder", "__proto__", "constructor", "length", "toJSON", "0", "base64", "", g.text()), g.value(depth+1, num))
	}
	return g.object(members)
}

// placeholder is one as it should be, or nearly.
func (g generator) placeholder(num *int) string {
	n := strconv.Itoa(*num)
	flag := "true"
	if g.IntN(8) == 0 {
		n = g.one("0", "9", "-1", "-0", "1.0", "0.5", `"0"`, "null", "1e0", "{}", "01", g.number())
	} else {
		*num++
	}
	if g.IntN(8) == 0 {
		flag = g.one("false", "null", "0", "-0", "1", `""`, `"true"`, "[]", "{}", "1e-999")
	}
	members := []string{g.member("_placeholder", flag), g.member("num", n)}
	if g.IntN(12) == 0 {
		members = append(members, g.one(g.member("num", n), g.member("x", "1"), g.member("_placeholder", g.one("true", "false")), g.member("__proto__", "null")))
	}
	if g.IntN(12) == 0 {
		members = members[g.IntN(2):]
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return g.object(members)
}

func (g generator) deep(num *int) string {
	levels := 90 + g.IntN(20)
	if g.IntN(4) == 0 {
		levels = 9_900
	}
	inner := g.placeholder(num)
	if g.IntN(2) == 0 {
		return strings.Repeat("[", levels) + inner + strings.Repeat("]", levels)
	}
	return strings.Repeat(`{"a":`, levels) + inner + strings.Repeat("}", levels)
}

func (g generator) number() string {
	return g.one("0", "-0", "1", "-1.5", "1e2", "1.0", "1E+5", "0.1", "1e-7", "1e21", "1e999", "-1e999", "1e-999", "9007199254740993",
		"123456789012345678901234567890", "0.30000000000000004", "-0.0", strconv.Itoa(g.IntN(1<<30)))
}

func (g generator) text() string {
	return g.one("", "a", "_placeholder", "num", `"}`, `{"_placeholder":true,"num":0}`, "é", "😀", "\u0000", "\u2028\u2029", "\ufeff", "\ufffd", "\\", "</script>",
		"__proto__", "_attachment", "data", "\x7f", "\n", "{[", "]}", strings.Repeat("x", g.IntN(100)))
}

// quoted writes a string in one of the many ways that JSON has, at times with half a surrogate.
func (g generator) quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	escapes := g.IntN(3) == 0
	for _, c := range text {
		switch {
		case c > 0xffff && escapes:
			c -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04X`, 0xd800+c>>10, 0xdc00+c&0x3ff)
		case c < ' ' || c <= 0xffff && escapes && g.IntN(2) == 0:
			fmt.Fprintf(&b, g.one(`\u%04x`, `\u%04X`), c)
		case c == '"', c == '\\':
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteRune(c)
		}
	}
	if g.IntN(40) == 0 {
		b.WriteString(g.one(`\ud800`, `\uDFFF`, `\ud83d\ud83d`))
	}
	b.WriteByte('"')
	return b.String()
}

func (g generator) member(key, value string) string {
	return g.space() + g.quoted(key) + g.space() + ":" + g.space() + value
}

func (g generator) array(values []string) string {
	return "[" + g.space() + strings.Join(values, g.space()+",") + g.space() + "]"
}

func (g generator) object(members []string) string {
	return "{" + strings.Join(members, g.space()+",") + g.space() + "}"
}

func (g generator) space() string {
	if g.IntN(12) > 0 {
		return ""
	}
	return g.one(" ", "\n", "\t", "\r\n ")
}

// broken changes a few bytes, where others may stand.
func (g generator) broken(payload string) string {
	b := []byte(payload)
	for range 1 + g.IntN(3) {
		i, j := g.IntN(len(b)+1), g.IntN(len(b)+1)
		i, j = min(i, j), min(max(i, j), min(i, j)+8)
		switch g.IntN(4) {
		case 0:
			b = append(b[:i:i], b[j:]...)
		case 1:
			b = append(b[:j:j], b[i:]...)
		case 2:
			b = append(append(b[:i:i], g.one(`"`, `\`, "{", "}", "[", "]", ",", ":", "\xff", "\x00", "\ufeff", "\u00a0", "1", `\u`, "null")...), b[i:]...)
		case 3:
			if i < len(b) {
				b[i] ^= 1 << g.IntN(8)
			}
		}
	}
	return string(b)
}
