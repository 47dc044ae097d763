package saved

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/socketgate/socketgate/gateway/internal/database"
)

// beside is what the name of a database's file ends with where sessions are.
const beside = ".socketgate"

const createSQLite = `CREATE TABLE IF NOT EXISTS gateways (
	id TEXT PRIMARY KEY,
	alive_at REAL NOT NULL,
	has_written INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
	key BLOB PRIMARY KEY,
	gateway TEXT NOT NULL,
	generation INTEGER NOT NULL DEFAULT 0,
	claimed_at REAL,
	user_id TEXT NOT NULL,
	session TEXT NOT NULL
) WITHOUT ROWID`

// prepare opens the file, or makes it. One that is damaged is moved aside: nothing in it is worth a start that stops.
func (s *sqlite) prepare(ctx context.Context) error {
	path, err := s.path()
	if err != nil {
		return database.Unavailable(err, false)
	}
	err = s.open(ctx, path)
	if database.IsDamaged(err) {
		err = s.open(ctx, path) // another gateway may have moved it meanwhile
	}
	if database.IsDamaged(err) {
		s.close()
		if err := moveAside(path); err != nil {
			return database.Forbidden(err)
		}
		s.log.Warn("the file of saved sessions is damaged: it was moved aside, and another one is made", "file", path+damaged, "error", err)
		err = s.open(ctx, path)
	}
	if database.IsDenied(err) {
		return database.Forbidden(err)
	}
	return err
}

func (s *sqlite) path() (string, error) {
	path, err := s.url.File()
	return path + beside, err
}

// open opens the file in place of the one that was open, makes what is missing and looks for damage.
func (s *sqlite) open(ctx context.Context, path string) error {
	s.close()
	if err := makeFile(path); err != nil {
		return database.Forbidden(err)
	}
	db, err := database.OpenSQLite(path, database.Write, 1)
	if err != nil {
		return database.Unavailable(err, false)
	}
	if err := s.rehearse(ctx, db); err != nil {
		db.Close()
		return database.SQLiteFault(err, false)
	}
	s.db.Store(db)
	if err := setAside(ctx, db, path); err != nil {
		s.log.Info("no room could be set aside for saved sessions: they are lost if the disk is full", "error", err)
	}
	return nil
}

// reserve is how much room the file has at least for what is to be saved on a full disk, in pages of 4 KiB. Its log has as much: SQLite
// writes over it and never makes it shorter.
const reserve = 1024

// setAside makes the file and its log as large as the reserve wants them, unless they are, and has the log stay when the file is closed.
func setAside(ctx context.Context, db *sql.DB, path string) error {
	if err := database.KeepLog(ctx, db); err != nil {
		return err
	}
	var free int
	if err := db.QueryRowContext(ctx, "PRAGMA freelist_count").Scan(&free); err != nil {
		return err
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() >= reserve*4096 && free >= reserve/2 {
		return nil
	}
	if _, err := db.ExecContext(ctx, `DROP TABLE IF EXISTS reserve; CREATE TABLE reserve (room BLOB)`); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `INSERT INTO reserve VALUES (zeroblob(?))`, reserve*4096)
	if _, dropped := db.ExecContext(ctx, `DROP TABLE reserve`); err == nil {
		err = dropped
	}
	return err
}

func (s *sqlite) rehearse(ctx context.Context, db *sql.DB) error {
	// A process that is killed loses no commit, and a power cut the latest ones: nobody waits for the disk.
	if _, err := db.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
		return err
	}
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return database.Damaged(fmt.Errorf("quick check: %s", found))
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, createSQLite); err != nil {
		return err
	}
	for _, statement := range []string{hasWritten, writeAlive, writeEnded, writeSaved, claimSQLite, releaseSQLite, ownedSQLite, sweepGatewaysSQLite, sweepSessionsSQLite} {
		prepared, err := tx.PrepareContext(ctx, statement)
		if err != nil {
			return err
		}
		prepared.Close()
	}
	return tx.Commit()
}

// makeFile makes a file for whom the database's is, unless it is there.
func makeFile(path string) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path[:len(path)-len(beside)]); err == nil {
		mode = info.Mode().Perm() & 0o666
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	return file.Close()
}

// damaged is what a damaged file's name ends with. Of several the latest is kept.
const damaged = ".damaged"

func moveAside(path string) error {
	for _, log := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + log); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Rename(path, path+damaged)
}

func (s *sqlite) look(context.Context) (where, missing string, err error) {
	path, err := s.path()
	if err != nil {
		return "", "", err
	}
	if !mayWrite(path) {
		missing = fmt.Sprintf("let the gateway's user write in the folder %s, and to the file %s if it is there", filepath.Dir(path), path)
	}
	return path, missing, nil
}

// mayWrite tries the file or, where there is none, another one in its folder.
func mayWrite(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if file, err = os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-"); err == nil {
			defer os.Remove(file.Name())
		}
	}
	if err != nil {
		return false
	}
	file.Close()
	return true
}
