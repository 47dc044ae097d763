//go:build linux

package main

import (
	"bytes"
	"strconv"
)

// members is a list of members as far as the load looks at it. Names are of one length, so that the length says how
// many are listed.
type members struct {
	length int // of the whole packet
	count  int // as the packet says it, or -1
}

var countKey = []byte(`"count":`)

// members takes a list of members.
func (cl *client) members(payload []byte, length int) {
	told := members{length: length, count: -1}
	if _, rest, ok := bytes.Cut(payload, countKey); ok {
		told.count = 0
		for _, digit := range rest {
			if digit < '0' || digit > '9' {
				break
			}
			told.count = told.count*10 + int(digit-'0')
		}
	}
	if holds := told == cl.crowd.final; holds != cl.holds {
		cl.holds = holds
		if holds {
			cl.crowd.holders++
		} else {
			cl.crowd.holders--
		}
	}
}

// arrayOf returns what a list of so many members looks like in the shape [{userId, username}].
func arrayOf(listed int) members {
	return members{length: len(eventMembers) + len("]") + listLength(listed), count: -1}
}

// objectOf returns what it looks like in the shape {roomId, count, members}, with the first so many listed.
func objectOf(room string, count, listed int) members {
	around := `{"roomId":"` + room + `","count":` + strconv.Itoa(count) + `,"members":}`
	return members{length: len(eventMembers) + len("]") + len(around) + listLength(listed), count: count}
}

func listLength(listed int) int {
	u := userNamed(0)
	entry := len(`{"userId":"","username":""},`) + len(u.id) + len(u.name)
	return len("[]") + listed*entry - 1 // no comma after the last
}
