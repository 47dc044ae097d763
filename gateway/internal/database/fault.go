package database

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Fault is an error of a database, sorted by what it means for the statement that met it. Make one with Unavailable,
// Rejected, Forbidden, PostgresFault or SQLiteFault, and ask with IsRejected, IsForbidden and InDoubt.
type Fault struct {
	kind  faultKind
	doubt bool // the statement may have been committed all the same
	busy  bool // it has waited for a lock, for no longer than it may
	err   error

	constraint, column string // that it names, as far as the database tells
}

type faultKind int

const (
	faultUnavailable faultKind = iota // later it may work
	faultRejected                     // one of the values is to blame, and would be again
	faultForbidden                    // a privilege or an object is missing
)

func (f *Fault) Error() string { return f.err.Error() }
func (f *Fault) Unwrap() error { return f.err }

// Unavailable is a fault that may be gone later. With doubt, the statement may have been committed all the same.
func Unavailable(err error, doubt bool) error {
	return &Fault{kind: faultUnavailable, doubt: doubt, err: err}
}

// Rejected is a fault of a value that the database refuses, and would refuse again. Nothing was committed.
func Rejected(err error) error { return &Fault{kind: faultRejected, err: err} }

// Forbidden is a fault of a privilege or an object that is missing. Nothing was committed.
func Forbidden(err error) error { return &Fault{kind: faultForbidden, err: err} }

// IsRejected is true when one of the values is to blame.
func IsRejected(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.kind == faultRejected
}

// IsForbidden is true when a privilege or an object is missing.
func IsForbidden(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.kind == faultForbidden
}

// IsBusy is true when a statement has waited for a lock as long as it may (lock_timeout). Nothing was committed.
func IsBusy(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.busy
}

// InDoubt is true unless the statement is known to have failed.
func InDoubt(err error) bool {
	var f *Fault
	return !errors.As(err, &f) || f.doubt
}

// Named returns the constraint and the column that an error of a database names. Either may be empty: Of SQLite, only a
// column that must not be NULL.
func Named(err error) (constraint, column string) {
	var f *Fault
	if errors.As(err, &f) {
		return f.constraint, f.column
	}
	return "", ""
}

// raised is the routine of errors that functions of the app's raise.
const raised = "exec_stmt_raise"

// PostgresFault sorts an error of pgx. Only the server's plain ERROR says that nothing was committed: a FATAL may come after
// the commit, and so may anything that ends the connection. A rejection quotes no values. The result is never nil.
func PostgresFault(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return Unavailable(err, !pgconn.SafeToRetry(err))
	}
	f := &Fault{doubt: e.SeverityUnlocalized != "ERROR", err: fmt.Errorf("%s (SQLSTATE %s)", e.Message, e.Code)}
	f.constraint, f.column = e.ConstraintName, e.ColumnName
	f.busy = !f.doubt && e.Code == "55P03" && e.Routine != raised
	class := e.Code[:min(2, len(e.Code))]
	if e.Routine == raised { // by a function of the app's: the code says nothing of the server
		class = "P0"
	}
	switch class {
	case "08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX":
	case "26": // a prepared statement that a pooler lost: pgx makes it anew
	case "42":
		f.kind = faultForbidden
	default: // a value, a constraint, a limit, or what a trigger raises
		// The message may quote values.
		f.kind, f.err = faultRejected, errors.New(strings.TrimSpace("SQLSTATE "+e.Code+" "+e.ConstraintName))
		if e.ConstraintName == "" && e.ColumnName != "" {
			f.err = fmt.Errorf("%w column %s", f.err, e.ColumnName)
		}
	}
	// After a migration the server refuses a statement that was prepared before it, and pgx makes the statement anew. The
	// message comes in the server's language, so the routine tells.
	if f.doubt || e.Routine == "RevalidateCachedQuery" {
		f.kind = faultUnavailable
	}
	return f
}

// SQLiteFault sorts an error of SQLite. Doubt says that it was met while committing. A rejection quotes no values. The result is
// never nil.
func SQLiteFault(err error, doubt bool) error {
	if IsRejected(err) {
		return err
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return Unavailable(err, doubt)
	}
	f := &Fault{doubt: doubt, err: fmt.Errorf("%w (SQLite code %d)", err, e.Code())}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		// The message may quote values.
		f.constraint, f.column = sqliteNamed(e)
		f.kind, f.doubt, f.err = faultRejected, false, fmt.Errorf("SQLite code %d %s", e.Code(), sqlite.ErrorCodeString[e.Code()])
	case sqlite3.SQLITE_ERROR:
		f.kind = faultForbidden
	}
	return f
}

// SQLiteForeignKey is what Named calls each foreign key of SQLite, which does not say which one was broken.
const SQLiteForeignKey = "FOREIGN KEY"

// notNull is how SQLite says which column must not be NULL.
var notNull = regexp.MustCompile(`NOT NULL constraint failed: [^.]+\.(\w+)`)

func sqliteNamed(e *sqlite.Error) (constraint, column string) {
	if e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY {
		return SQLiteForeignKey, ""
	}
	if match := notNull.FindStringSubmatch(e.Error()); match != nil {
		return "", match[1]
	}
	return "", ""
}

// errDamaged is an error that is not SQLite's own.
var errDamaged = errors.New("the file is damaged")

// Damaged is the fault of a file that can't be trusted any more.
func Damaged(err error) error { return Unavailable(fmt.Errorf("%w: %w", errDamaged, err), false) }

// IsDamaged is true when a SQLite file is damaged, or is no file of SQLite's.
func IsDamaged(err error) bool {
	return errors.Is(err, errDamaged) || hasSQLiteCode(err, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
}

// IsFull is true when there was no place to write a SQLite file, or the disk failed.
func IsFull(err error) bool { return hasSQLiteCode(err, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) }

// IsDenied is true when the system does not let a SQLite file be opened or written.
func IsDenied(err error) bool {
	return hasSQLiteCode(err, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
}

func hasSQLiteCode(err error, codes ...int) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && slices.Contains(codes, e.Code()&0xff)
}
