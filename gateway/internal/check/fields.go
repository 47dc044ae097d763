package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/socketgate/socketgate/gateway/internal/config"
	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// fields are what an app's messages have besides a text: the columns of its schema, and the keys that its code says.
type fields struct {
	schema  string   // the file that has the columns
	columns []string // in their order
	code    string   // the file that says the keys
	keys    []string
	renamed map[string]string // keys that fill a column of another name, by column
}

var (
	prismaField = regexp.MustCompile(`(?m)^\s*(\w+)\s+(\w+)\??(?:\s+@[^\n]*)?\s*$`)
	prismaEnum  = regexp.MustCompile(`\benum\s+(\w+)`)

	saidObject = regexp.MustCompile(`\.emit(?:WithAck)?\(\s*["']([^"'\n]{1,60})["']\s*,\s*\{([^{}]{1,400})\}`)
	readObject = regexp.MustCompile(`\bsocket\.on\(\s*["']([^"'\n]{1,60})["']\s*,\s*(?:async\s*)?\(\s*\{([^{}]{1,400})\}`)
	createdRow = regexp.MustCompile(`(?i)message\.create\(\s*\{\s*data:\s*\{([^{}]{1,600})`)
	filledBy   = regexp.MustCompile(`(\w+)\s*:\s*(?:data|payload|message|msg|body)\??\.(\w+)`)
	keyOf      = regexp.MustCompile(`^\s*(\w+)\s*(?:[:=]|$)`)

	// prismaTypes are those that MESSAGE_FIELDS fills; enums are too.
	prismaTypes = []string{"String", "Int", "BigInt", "Float", "Decimal", "Boolean", "Json", "DateTime"}
	// otherFilled are the columns that the gateway or the database fills anyway.
	otherFilled = []string{"id", "uid", "text", "content", "body", "message", "senderid", "userid", "authorid", "roomid", "room", "conversationid", "chatid", "channelid",
		"receiverid", "recipientid", "createdat", "updatedat", "deletedat", "timestamp", "sentat", "read", "isread"}
)

// readSchema takes the further columns of a schema's messages.
func (f *fields) readSchema(name, text string) {
	types := slices.Clone(prismaTypes)
	for _, enum := range prismaEnum.FindAllStringSubmatch(text, -1) {
		types = append(types, enum[1])
	}
	for _, m := range prismaModel.FindAllStringSubmatch(text, -1) {
		if f.schema != "" || !strings.Contains(strings.ToLower(m[1]), "message") || !prismaText.MatchString(m[2]) {
			continue
		}
		f.schema = name
		mapped := map[string]string{}
		for _, c := range prismaColumn.FindAllStringSubmatch(m[2], -1) {
			mapped[c[1]] = c[2]
		}
		for _, c := range prismaField.FindAllStringSubmatch(m[2], -1) {
			if column := c[1]; slices.Contains(types, c[2]) && !slices.Contains(otherFilled, contract.Fold(column)) {
				if mapped[column] != "" {
					column = mapped[column]
				}
				f.columns = append(f.columns, column)
			}
		}
	}
}

// readCode takes the keys of messages that clients send, as either side says them.
func (f *fields) readCode(name, text string) {
	take := func(list string) {
		for _, part := range strings.Split(list, ",") {
			if key := keyOf.FindStringSubmatch(part); key != nil {
				f.keys, f.code = append(f.keys, key[1]), name
			}
		}
	}
	for _, pattern := range []*regexp.Regexp{saidObject, readObject} {
		for _, found := range pattern.FindAllStringSubmatch(text, -1) {
			if roleIn(found[1]) == sends {
				take(found[2])
			}
		}
	}
	for _, row := range createdRow.FindAllStringSubmatch(text, -1) {
		take(row[1])
		for _, pair := range filledBy.FindAllStringSubmatch(row[1], -1) {
			if f.renamed == nil {
				f.renamed = map[string]string{}
			}
			f.renamed[contract.Fold(pair[1])] = pair[2]
		}
	}
}

// proposed is MESSAGE_FIELDS for the columns that clients say, and where nothing is stored for what may stand in the place of a text.
func (f fields) proposed(c config.Config, passing bool) (all []habit) {
	var list []string
	for _, column := range f.columns {
		i := slices.IndexFunc(f.keys, func(key string) bool { return contract.Fold(key) == contract.Fold(column) })
		if _, constant := c.MessageConstants[column]; i < 0 || constant {
			continue
		}
		switch key := f.renamed[contract.Fold(column)]; {
		case key != "" && contract.Fold(key) != contract.Fold(column):
			list = append(list, key+"="+column)
		case f.keys[i] != column:
			list = append(list, f.keys[i]+"="+column)
		default:
			list = append(list, column)
		}
	}
	from := f.schema + ", " + f.code
	if c.DatabaseURL.None() || passing && f.schema == "" {
		list, from = nil, f.code
		for _, key := range f.keys {
			if contract.IsContent(key) && !slices.Contains(list, key) {
				list = append(list, key)
			}
		}
	}
	if len(list) > 0 {
		all = append(all, habit{"MESSAGE_FIELDS", strings.Join(list, ","), likely, from})
	}
	return all
}
