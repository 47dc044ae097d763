package database

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Query is a query of the app's own, and how it is asked for many sets of arguments at once.
type Query struct {
	One string
	// many asks One for each row of its arguments, or is empty where no such statement can be made.
	many string
}

// PrepareQuery finds how a query is asked for many at once. described is the server's description of it.
func PrepareQuery(ctx context.Context, conn *pgx.Conn, query string, described *pgconn.StatementDescription) Query {
	q := Query{One: query, many: forMany(conn, query, described.ParamOIDs)}
	if q.many != "" {
		if _, err := conn.Prepare(ctx, "", q.many); err != nil {
			q.many = "" // such as one that may not stand within another
		}
	}
	return q
}

// forMany is empty where the query has no parameters, or one of a type that only its database knows.
func forMany(conn *pgx.Conn, query string, parameters []uint32) string {
	if len(parameters) == 0 {
		return ""
	}
	var arrays, names, values []string
	for i, oid := range parameters {
		name := fmt.Sprint("p", i+1)
		kind, isKnown := conn.TypeMap().TypeForOID(oid)
		if !isKnown {
			return ""
		}
		arrays = append(arrays, fmt.Sprintf("$%d::text[]", i+1))
		names = append(names, name)
		values = append(values, fmt.Sprintf("(socketgate_asked.%s::%s)", name, Quote(kind.Name)))
	}
	return fmt.Sprintf(`SELECT socketgate_asked.nth, answer.* FROM unnest(%s) WITH ORDINALITY AS socketgate_asked(%s, nth)
		JOIN LATERAL (SELECT * FROM (%s
		) AS each_row LIMIT 1) AS answer ON true`,
		strings.Join(arrays, ", "), strings.Join(names, ", "), withParameters(query, values))
}

// withParameters puts values in the places of $1, $2 and so on, but for those in quotes and comments, where Postgres sees none. A
// semicolon goes: the query was prepared, so it is one statement, which the semicolon ends.
func withParameters(query string, values []string) string {
	var out strings.Builder
	for len(query) > 0 {
		end := passedOver(query)
		if end == 0 {
			digits := len(query[1:]) - len(strings.TrimLeft(query[1:], "0123456789"))
			if n, err := strconv.Atoi(query[1 : 1+digits]); query[0] == '$' && err == nil && n >= 1 && n <= len(values) {
				out.WriteString(values[n-1])
				query = query[1+digits:]
				continue
			}
			end = 1
		}
		out.WriteString(strings.TrimPrefix(query[:end], ";"))
		query = query[end:]
	}
	return out.String()
}

// passedOver is the length of the comment, the quoted text or the word that the query begins with, or 0. It follows the lexical structure
// of PostgreSQL's manual, section 4.1.
func passedOver(query string) int {
	until := func(from int, mark string) int {
		if at := strings.Index(query[from:], mark); at >= 0 {
			return from + at + len(mark)
		}
		return len(query)
	}
	switch {
	case strings.HasPrefix(query, "--"):
		return until(2, "\n")
	case strings.HasPrefix(query, "/*"):
		return comment(query)
	case query[0] == '\'' || query[0] == '"':
		return until(1, query[:1]) // a doubled quote begins the next one
	case strings.HasPrefix(query, "E'") || strings.HasPrefix(query, "e'"):
		return escaped(query)
	case query[0] == '$':
		if tag := dollarTag(query); tag != "" {
			return until(len(tag), tag)
		}
	case isWord(query[0]):
		n := 1
		for n < len(query) && (isWord(query[n]) || query[n] == '$') {
			n++
		}
		return n
	}
	return 0
}

func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// comment is the length of a comment, which may have others in it.
func comment(query string) int {
	depth := 0
	for i := 0; i < len(query)-1; i++ {
		switch query[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(query)
}

// escaped is the length of a text in which a backslash takes the quote's meaning away.
func escaped(query string) int {
	for i := 2; i < len(query); i++ {
		switch query[i] {
		case '\\':
			i++
		case '\'':
			return i + 1
		}
	}
	return len(query)
}

// dollarTag is what a text in dollars begins with, as $$ and $body$ do.
func dollarTag(query string) string {
	end := strings.IndexByte(query[1:], '$')
	if end < 0 {
		return ""
	}
	for i, c := range []byte(query[1 : 1+end]) {
		if !isWord(c) || i == 0 && '0' <= c && c <= '9' {
			return ""
		}
	}
	return query[:end+2]
}

// PostgresRows is PostgresRow for the same query with many sets of arguments, as many in each as the query has parameters. They are asked in one statement
// where one can be made of the query, and else in one round trip. An error is for all of them; it is a rejection if one of the sets
// is to blame.
func (u URL) PostgresRows(ctx context.Context, pool *pgxpool.Pool, query Query, sets [][]any) ([][]any, error) {
	answer := oneByOne
	if query.many != "" {
		answer = atOnce
	}
	rows, err := answer(ctx, pool, query, sets)
	if err != nil {
		return nil, PostgresFault(err)
	}
	return rows, nil
}

func atOnce(ctx context.Context, pool *pgxpool.Pool, query Query, sets [][]any) ([][]any, error) {
	rows := make([][]any, len(sets))
	if len(sets) == 0 {
		return rows, nil
	}
	columns := make([]any, len(sets[0]))
	for i := range columns {
		column := make([]*string, len(sets))
		for n, args := range sets {
			if text, isText := args[i].(string); isText {
				column[n] = &text
			}
		}
		columns[i] = column
	}
	answers, err := pool.Query(ctx, query.many, columns...)
	if err != nil {
		return nil, err
	}
	defer answers.Close()
	for answers.Next() {
		values, err := answers.Values()
		if err != nil {
			return nil, err
		}
		rows[values[0].(int64)-1] = values[1:]
	}
	return rows, answers.Err()
}

func oneByOne(ctx context.Context, pool *pgxpool.Pool, query Query, sets [][]any) ([][]any, error) {
	batch := &pgx.Batch{}
	for _, args := range sets {
		batch.Queue(query.One, args...)
	}
	results := pool.SendBatch(ctx, batch)
	defer results.Close()
	rows := make([][]any, len(sets))
	for i := range rows {
		var err error
		if rows[i], err = nextRow(results); err != nil {
			return nil, err
		}
	}
	return rows, results.Close()
}
