package check

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/neighbours"
	"github.com/socketgate/socketgate/gateway/internal/redis"
	"github.com/socketgate/socketgate/gateway/internal/saved"
	"github.com/socketgate/socketgate/gateway/internal/store"
	"github.com/socketgate/socketgate/pkg/nodecrypt"
)

// databasePatience bounds all that is asked of the database in one step.
const databasePatience = 30 * time.Second

// key encrypts and decrypts.
func (s start) key() (nodecrypt.Cipher, error) {
	cipher, err := compose.Cipher(s.config)
	switch {
	case err != nil:
		s.fault("key", err.Error(), "MESSAGE_ENCRYPTION_KEY and MESSAGE_CIPHER should be what the web app uses")
		return nil, err
	case cipher == nil && s.config.DatabaseURL.None():
		s.skip("key", "nothing is stored (DATABASE_URL=none)")
		return nil, nil
	case cipher == nil:
		s.skip("key", "text is stored as it is (MESSAGE_CIPHER="+s.config.MessageCipher+")")
		return nil, nil
	}
	const text = "a text to check ✓"
	stored, err := cipher.Encrypt(text)
	if err == nil {
		var back string
		if back, err = cipher.Decrypt(stored); err == nil && back != text {
			err = errors.New("decrypts to another text")
		}
	}
	if err != nil {
		s.fault("key", "a text does not come back: "+err.Error(), "MESSAGE_ENCRYPTION_KEY and MESSAGE_CIPHER should be what the web app uses")
		return nil, err
	}
	s.ok("key", "encrypts and decrypts, %s", s.config.MessageCipher)
	return cipher, nil
}

// database connects, looks at the table, has a row inserted and rolled back, and reads the newest.
func (s start) database(ctx context.Context, cipher nodecrypt.Cipher) {
	ctx, cancel := context.WithTimeout(ctx, databasePatience)
	defer cancel()
	found, err := s.inspect(ctx)
	if err != nil {
		s.fault("database", err.Error(), databaseFix(err)...)
		return
	}
	if s.config.DatabaseURL.None() {
		s.skip("database", found.Mapping.String()+" (DATABASE_URL=none)")
		return
	}
	s.ok("database", "%s", s.config.DatabaseURL)
	s.mapping(found)
	switch warning, err := compose.CheckRooms(s.config, found.Mapping); {
	case err != nil:
		s.fault("rooms", err.Error(), `PERSONAL_ROOM=user:\$user`)
	case warning != "":
		s.warn("rooms", warning, `PERSONAL_ROOM=user:\$user`)
	}
	s.neighbours(ctx, found.Mapping)
	if reason := found.Mapping.Untimed(); reason != "" {
		s.warn("times", "messages are stored without the time of their sending: "+reason)
	}
	s.replay(found)
	s.history(found)
	s.sessions(ctx)
	s.postgresClock(ctx)
	s.names(ctx, found.Mapping.UserQuery)
	s.userRooms(ctx)
	s.emits(ctx)
	s.trial(found)
	if cipher != nil {
		cipher = compose.CipherFor(s.config, cipher, cmp.Or(found.Trial.Room, found.Trial.Receiver), found.Trial.User)
	}
	s.newest(found.LastText, cipher)
}

// inspect opens the store as a start would, looks, and closes it again.
func (s start) inspect(ctx context.Context) (store.Report, error) {
	c, err := compose.Store(s.config)
	if err != nil {
		return store.Report{}, err
	}
	return store.InspectAs(ctx, c, s.user)
}

// neighbours looks for gateways that are on the database already. With --url one is expected.
func (s start) neighbours(ctx context.Context, m store.Mapping) {
	url, err := database.Parse(string(s.config.DatabaseURL))
	if err != nil {
		return
	}
	w := neighbours.Open(ctx, url, m.Schema+"."+m.Table, compose.Cluster(s.config), slog.New(slog.DiscardHandler))
	defer w.Close()
	expected := 0
	if s.beside {
		expected = 1
	}
	if n := w.Count(); n > expected {
		s.warn("neighbours", count(n, "gateway")+" on this database already: each keeps its rooms to itself, so that people on one don't hear those on another",
			"run one gateway, unless this one is to replace it, or give all of them the same REDIS_URL and REDIS_PREFIX")
	}
}

// replay tells whether the table can be read for clients that were away.
func (s start) replay(found store.Report) {
	indexes := found.Mapping.HelpfulIndexes()
	switch {
	case !s.config.Recovers():
		s.skip("replay", "clients that were away start anew (RECOVERY="+s.config.Recovery+")")
	case found.NoReplay != "":
		s.warn("replay", "clients that were away can't be sent what they missed from the table: "+found.NoReplay)
	case len(indexes) > 0:
		s.ok("replay", "what clients missed is found among the newest %d rows of the table; among all, and faster, with this index: %s", store.MaxMissedRows, strings.Join(indexes, "; "))
	default:
		s.ok("replay", "what clients missed is read from the table")
	}
}

// sessions looks whether those of connected clients can outlive the process.
func (s start) sessions(ctx context.Context) {
	url, err := database.Parse(string(s.config.DatabaseURL))
	if err != nil {
		return
	}
	at := saved.Options{Prefix: s.config.RedisPrefix}
	if s.config.RedisURL.Set() {
		client, err := redis.Open(ctx, compose.Redis(s.config, "socketgate-check"))
		if err != nil {
			s.warn("sessions", "of clients can't be kept, since Redis can't be reached: "+err.Error(), "see that REDIS_URL is right and Redis runs")
			return
		}
		defer client.Close()
		at.Redis = client
	}
	where, missing, err := saved.Look(ctx, url, at)
	switch {
	case err != nil:
		s.warn("sessions", "of clients may end with the gateway: "+err.Error())
	case missing != "":
		s.warn("sessions", "of clients can be kept in memory only, and end with the gateway", missing)
	default:
		s.ok("sessions", "of clients are kept in %s", where)
	}
}

func (s start) mapping(found store.Report) {
	s.ok("table", "%s", tableName(found.Mapping))
	rows := [][]string{}
	for _, c := range found.Columns {
		null := ""
		if c.Required {
			null = "NOT NULL"
		}
		rows = append(rows, []string{c.Name, c.Type, null, c.FilledBy})
	}
	s.table(rows)
}

func tableName(m store.Mapping) string {
	name := strconv.Quote(m.Table)
	if m.Schema != "" {
		name = strconv.Quote(m.Schema) + "." + name
	}
	return name
}
