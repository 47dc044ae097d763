package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/pkg/lockorder"
	"github.com/socketgate/socketgate/pkg/token"
)

const (
	nameAge      = time.Minute     // how long a name is told that was looked up before
	namesKept    = 10_000          // a few hundred kilobytes
	nameQuiet    = 5 * time.Second // after a failure nobody waits for another
	nameMaxBytes = 256             // what is longer is no name; every member list has it
)

// ErrNamesAway means that the database has just failed to tell a name, so that it was not asked for this one.
var ErrNamesAway = errors.New("names could not be looked up a moment ago")

// Names looks up what users are called. Its methods may be called from any goroutine.
type Names struct {
	timeout time.Duration
	driver  driver

	mu     lockorder.Mutex[Names]
	kept   map[string]keptName
	failed time.Time
}

// keptName is what a user was called at that time. Empty means that nobody knows.
type keptName struct {
	name string
	at   time.Time
}

// OpenNames connects to the database of that URL, which is DATABASE_URL, and checks the query: SQL with $1 for a user's id,
// each of whose columns may have the name, the first before the others. Timeout bounds each look-up, ctx the opening only.
// The caller must Close.
func OpenNames(ctx context.Context, url, sql string, timeout time.Duration) (*Names, error) {
	q := oneParameter("USER_QUERY", sql, "the user's id", 16, "the user's name")
	q.connections = 2
	driver, err := openDriver(ctx, url, q)
	if err != nil {
		return nil, err
	}
	return &Names{timeout: timeout, driver: driver, kept: make(map[string]keptName)}, nil
}

// Close ends the connections, and with them what is under way. Nil Names are closed.
func (n *Names) Close() {
	if n != nil {
		n.driver.close()
	}
}

// Name returns what a user is called, or "" where there is no such user, no name, or only an e-mail address. A name is kept
// for a minute. An error means that nobody knows, and then the next 5 s nobody is asked.
func (n *Names) Name(ctx context.Context, userID string) (string, error) {
	if name, known, err := n.remembered(userID); known || err != nil {
		return name, err
	}
	name, err := n.ask(ctx, userID)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		n.failed = time.Now()
		return "", err
	}
	if len(n.kept) >= namesKept {
		clear(n.kept)
	}
	n.kept[userID] = keptName{name, time.Now()}
	return name, nil
}

func (n *Names) remembered(userID string) (name string, known bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if k, found := n.kept[userID]; found && time.Since(k.at) < nameAge {
		return k.name, true, nil
	}
	if time.Since(n.failed) < nameQuiet {
		return "", false, ErrNamesAway
	}
	return "", false, nil
}

func (n *Names) ask(ctx context.Context, userID string) (string, error) {
	if strings.ContainsRune(userID, 0) { // Postgres takes it for a broken connection
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, n.timeout)
	defer cancel()
	row, err := n.driver.ask(ctx, userID)
	if database.IsRejected(err) { // an id that the column can't hold
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("USER_QUERY: %w", err)
	}
	for _, value := range row {
		text, _ := textOf(value)
		claims := token.Claims{UserID: userID, Username: strings.TrimSpace(text)}
		if claims.SetName(); claims.Named && len(text) <= nameMaxBytes {
			return claims.Username, nil
		}
	}
	return "", nil
}
