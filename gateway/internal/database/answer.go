package database

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Answer is what one value says to a yes-or-no question.
type Answer int

// The answers. Whoever lets somebody in takes Yes alone for a yes.
const (
	No      Answer = iota
	Unclear        // a text, or another value, that says neither
	Yes
)

// What texts say, in lower case.
var (
	yesTexts = []string{"t", "true", "1", "y", "yes", "on"}
	noTexts  = []string{"", "f", "false", "0", "n", "no", "off"}
)

// Judge reads the first column of the first row of an app's yes-or-no query; a query without a row gives nil. Yes is true, a
// number that is not 0, and the texts by which Postgres reads true. An id or a status is Unclear: nobody knows what it means.
func Judge(row []any) Answer {
	if len(row) == 0 {
		return No
	}
	switch v := row[0].(type) {
	case nil:
		return No
	case bool:
		return yesIf(v)
	case int64:
		return yesIf(v != 0)
	case int32:
		return yesIf(v != 0)
	case int16:
		return yesIf(v != 0)
	case float64:
		return judgeFloat(v)
	case float32:
		return judgeFloat(float64(v))
	case pgtype.Numeric:
		if !v.Valid || v.NaN || v.Int == nil {
			return Unclear
		}
		return yesIf(v.Int.Sign() != 0)
	case string:
		return judgeText(v)
	}
	return Unclear
}

func yesIf(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

func judgeFloat(v float64) Answer {
	if v != v { // not a number
		return Unclear
	}
	return yesIf(v != 0)
}

func judgeText(text string) Answer {
	text = strings.ToLower(strings.TrimSpace(text))
	switch {
	case slices.Contains(yesTexts, text):
		return Yes
	case slices.Contains(noTexts, text) || strings.Trim(text, "+-0.") == "": // "0.0"
		return No
	}
	return Unclear
}

// judged are the types of Postgres that Judge can read.
var judged = []uint32{
	pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID,
	pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID,
}

// CheckPostgresAnswer says why Judge could not read the first of the columns that a query gives, as the server describes them.
func CheckPostgresAnswer(columns []pgconn.FieldDescription) error {
	if len(columns) == 0 {
		return errNoAnswer
	}
	if first := columns[0]; !slices.Contains(judged, first.DataTypeOID) {
		name := fmt.Sprintf("of OID %d", first.DataTypeOID)
		if t, ok := pgtype.NewMap().TypeForOID(first.DataTypeOID); ok {
			name = t.Name
		}
		return unjudged(first.Name, name)
	}
	return nil
}

// CheckSQLiteAnswer is CheckPostgresAnswer for the declared types that SQLite gives: a column's, or "" for an expression, which
// may give anything.
func CheckSQLiteAnswer(columns SQLiteColumns) error {
	if len(columns.Names) == 0 {
		return errNoAnswer
	}
	for _, unclear := range []string{"BLOB", "DATE", "TIME", "JSON", "UUID"} {
		if strings.Contains(strings.ToUpper(columns.Types[0]), unclear) {
			return unjudged(columns.Names[0], columns.Types[0])
		}
	}
	return nil
}

var errNoAnswer = fmt.Errorf("must give a column that says yes or no: %s", answers)

const answers = "true, a number that is not 0, or one of the texts true, t, yes, y, on and 1 mean yes, everything else no"

func unjudged(column, typ string) error {
	return fmt.Errorf("its first column, %s, has the type %s, which says neither yes nor no (SELECT true or SELECT 1 says yes where a row is enough): %s",
		column, typ, answers)
}
