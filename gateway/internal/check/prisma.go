package check

import (
	"regexp"
	"slices"
	"strings"
)

// participants is the table that says who is in which room: one row for each user and room.
type participants struct {
	table, room, user string
}

var (
	prismaModel    = regexp.MustCompile(`(?s)\bmodel\s+(\w+)\s*\{(.*?)\n\s*\}`)
	prismaMap      = regexp.MustCompile(`@@map\(\s*(?:name:\s*)?"([^"]+)"`)
	prismaColumn   = regexp.MustCompile(`(?m)^\s*(\w+)\s+\w+\??[^\n]*@map\(\s*(?:name:\s*)?"([^"]+)"`)
	prismaRelation = regexp.MustCompile(`(?m)^\s*\w+\s+(\w+)\??\s+@relation\([^\n]*fields:\s*\[\s*(\w+)\s*\]`)
	prismaList     = regexp.MustCompile(`(?m)^\s*\w+\s+(\w+)\[\](?:\s+@relation\(\s*(?:name:\s*)?"([^"]+)")?`)
	prismaText     = regexp.MustCompile(`(?mi)^\s*(?:text|content|body|message)\s+String`)

	userModel = regexp.MustCompile(`(?i)^(users?|profiles?|accounts?)$`)
	roomModel = regexp.MustCompile(`(?i)(room|conversation|chat|channel|group|thread)s?$`)
)

// participantsIn looks for that table in a schema of Prisma's: a model that refers to a user and to a room, or lists in both.
func participantsIn(schema string) (found participants, ok bool) {
	models := prismaModel.FindAllStringSubmatch(schema, -1)
	for _, m := range models {
		if found, ok = joinTable(m[1], m[2]); ok {
			return found, true
		}
	}
	lists := map[string]map[string]string{} // model → the models that it lists → the relation's name
	for _, m := range models {
		lists[m[1]] = map[string]string{}
		for _, list := range prismaList.FindAllStringSubmatch(m[2], -1) {
			lists[m[1]][list[1]] = list[2]
		}
	}
	for _, m := range models {
		for other, name := range lists[m[1]] {
			if _, both := lists[other][m[1]]; both && roomModel.MatchString(m[1]) && userModel.MatchString(other) {
				return implicitTable(m[1], other, name), true
			}
		}
	}
	return participants{}, false
}

func joinTable(name, body string) (found participants, ok bool) {
	if prismaText.MatchString(body) {
		return participants{}, false // what was said in a room by a user
	}
	columns := map[string]string{}
	for _, c := range prismaColumn.FindAllStringSubmatch(body, -1) {
		columns[c[1]] = c[2]
	}
	for _, relation := range prismaRelation.FindAllStringSubmatch(body, -1) {
		column := relation[2]
		if mapped := columns[column]; mapped != "" {
			column = mapped
		}
		switch {
		case userModel.MatchString(relation[1]) && found.user == "":
			found.user = column
		case roomModel.MatchString(relation[1]) && found.room == "":
			found.room = column
		}
	}
	found.table = name
	if m := prismaMap.FindStringSubmatch(body); m != nil {
		found.table = m[1]
	}
	return found, found.user != "" && found.room != ""
}

// implicitTable is the one that Prisma makes of two lists: _RoomToUser, whose column A is of the model that is first in the alphabet.
func implicitTable(room, user, relation string) participants {
	names := []string{room, user}
	slices.Sort(names)
	if relation == "" {
		relation = strings.Join(names, "To")
	}
	if names[0] == room {
		return participants{"_" + relation, "A", "B"}
	}
	return participants{"_" + relation, "B", "A"}
}

// rooms is USER_ROOMS_QUERY, and access ROOM_ACCESS_QUERY.
func (p participants) rooms() string {
	return `SELECT "` + p.room + `" FROM "` + p.table + `" WHERE "` + p.user + `" = $1`
}

func (p participants) access() string {
	return `SELECT count(*) FROM "` + p.table + `" WHERE "` + p.room + `" = $1 AND "` + p.user + `" = $2`
}
