package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/socketgate/socketgate/gateway/internal/message"
	"github.com/socketgate/socketgate/pkg/rawjson"
)

// Column is one column of the message table.
type Column struct {
	Name string
	Type string // as the database spells it, without a length

	declared  string // the type as the app's schema has it, with its length
	kind      columnKind
	limit     int      // of a text: characters, of an integer: bits; 0 is no limit
	required  bool     // NOT NULL
	made      bool     // the database has a value when none is given: default, serial, identity
	generated bool     // always computed, never written
	unique    bool     // alone under a unique index
	primary   bool     // in the primary key
	times     timeForm // how SQLite keeps times in it
	refersTo  string   // the table of a foreign key
	leads     bool     // an index leads from it on to the id
	found     bool     // an index begins with it
	large     bool     // its values may be, so that only those of MESSAGE_FIELDS are told whatever their size
	fallback  string   // the default, as SQL; empty where there is none, or none that an insert could name
	labels    []string // of an enum, in its order
	print     string   // an SQL expression that reads it back, with %[1]s for its name; empty where it can't be told
	form      form     // that what it gives is told in
}

type columnKind int

const (
	kindOther columnKind = iota
	kindText
	kindInteger
	kindUUID
	kindTime
	// Those behind are told apart for MESSAGE_FIELDS alone.
	kindNumber
	kindBool
	kindEnum
	kindJSON
)

// orders tells that fit checks all that the type would, so that values can be compared in the type's own way.
func (c Column) orders() bool { return kindOther < c.kind && c.kind <= kindTime }

func (c Column) String() string { return c.Name + ":" + strings.ReplaceAll(c.Type, " ", "_") }

func (c Column) holdsText() bool    { return c.kind == kindText }
func (c Column) mustBeFilled() bool { return c.required && !c.made && !c.generated }

// fit gives v as the column holds it, or message.ErrRejected. The database would say the same, but it would
// say it of the whole batch, and cost every sender in it a second round.
func (c Column) fit(v string) (string, error) {
	held, takes := c.hold(v)
	if takes != "" {
		return "", c.reject("takes " + takes)
	}
	return held, nil
}

// hold gives v as the column holds it, or says what it takes instead.
func (c Column) hold(v string) (held, takes string) {
	switch c.kind {
	case kindInteger:
		n, err := strconv.ParseInt(v, 10, cmp.Or(c.limit, 64))
		if err != nil {
			return "", "integers"
		}
		return strconv.FormatInt(n, 10), ""
	case kindUUID:
		id, err := uuid.Parse(v)
		if err != nil || len(v) != 36 {
			return "", "uuids"
		}
		return id.String(), ""
	}
	if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
		return "", "UTF-8 without NUL"
	}
	if c.kind == kindText && c.limit > 0 && utf8.RuneCountInString(v) > c.limit {
		return "", fmt.Sprintf("%d characters", c.limit)
	}
	return v, ""
}

func (c Column) reject(why string) error {
	return &refusal{"rejected", errors.New("column " + c.Name + " " + why), message.ErrRejected, c.Name}
}

// json gives a value that fits as the web app would print it: node-postgres and Prisma give a string for a column
// of 64 bits, whatever it holds, and nobody gives a number that JavaScript would round.
func (c Column) json(v string) json.RawMessage {
	if c.kind == kindInteger && c.limit < 64 {
		if n, err := strconv.ParseInt(v, 10, 64); err == nil && rawjson.IsExact(n) {
			return json.RawMessage(v)
		}
	}
	return rawjson.Quote(v)
}
