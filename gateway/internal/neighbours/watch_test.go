package neighbours

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketgate/socketgate/gateway/internal/database"
	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func warnings(log *logtest.Log) int { return log.Count("level=WARN") }

// watchOn opens a Watch as a gateway on that table would.
func watchOn(t *testing.T, url, table string, cluster ...string) (*Watch, *logtest.Log) {
	t.Helper()
	u, err := database.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	log := &logtest.Log{}
	w := Open(t.Context(), u, table, strings.Join(cluster, ""), slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(w.Close)
	return w, log
}

func TestTwoGatewaysOnOneDatabaseFindEachOther(t *testing.T) {
	t.Parallel()
	sqlite := "file:" + filepath.Join(t.TempDir(), "chat.db")
	dbtest.SQLite(t, sqlite, `CREATE TABLE t (id)`)
	for kind, url := range map[string]string{"postgres": dbtest.Postgres(t, ""), "sqlite": sqlite} {
		first, firstLog := watchOn(t, url, "public.Message")
		if first.Count() != 0 || warnings(firstLog) != 0 {
			t.Errorf("%s: alone, but %d others", kind, first.Count())
		}
		second, secondLog := watchOn(t, url, "public.Message")
		if second.Count() != 1 || warnings(secondLog) != 1 {
			t.Errorf("%s: the second sees %d others and says so %d times", kind, second.Count(), warnings(secondLog))
		}
		first.look(t.Context())
		first.look(t.Context())
		if first.Count() != 1 || warnings(firstLog) != 1 {
			t.Errorf("%s: the first sees %d others and says so %d times", kind, first.Count(), warnings(firstLog))
		}
		second.Close()
		first.look(t.Context())
		if kind == "postgres" { // the server takes a moment to forget a connection
			for first.Count() != 0 && t.Context().Err() == nil {
				first.look(t.Context())
			}
		}
		if first.Count() != 0 {
			t.Errorf("%s: the second has gone, but %d others", kind, first.Count())
		}
	}
}

func TestGatewaysOnOtherTablesAreNoNeighbours(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	watchOn(t, url, "public.Message")
	if other, _ := watchOn(t, url, "shop.Message"); other.Count() != 0 {
		t.Errorf("%d others", other.Count())
	}
	if none, _ := watchOn(t, "none", ""); none.Count() != 0 {
		t.Errorf("without a database %d others", none.Count())
	}
}

func TestALostConnectionIsMadeAnew(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	first, _ := watchOn(t, url, "t")
	second, _ := watchOn(t, url, "t")
	dbtest.Exec(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'socketgate %'`)
	for _, w := range []*Watch{first, second, first} { // the first look finds the connection dead, the next one makes another
		w.look(t.Context())
		w.look(t.Context())
	}
	if first.Count() != 1 || second.Count() != 1 {
		t.Errorf("%d and %d others", first.Count(), second.Count())
	}
}

func TestGatewaysThatAreOneAreNoNeighbours(t *testing.T) {
	t.Parallel()
	url := dbtest.Postgres(t, "")
	first, said := watchOn(t, url, "Message", "socket.io")
	second, _ := watchOn(t, url, "Message", "socket.io")
	first.look(t.Context())
	if first.Count() != 0 || second.Count() != 0 || warnings(said) != 0 {
		t.Errorf("they see %d and %d, and say so %d times", first.Count(), second.Count(), warnings(said))
	}
	alone, _ := watchOn(t, url, "Message")
	other, _ := watchOn(t, url, "Message", "other")
	first.look(t.Context())
	alone.look(t.Context())
	if first.Count() != 2 || alone.Count() != 3 || other.Count() != 3 {
		t.Errorf("a gateway of two that are one sees %d others, one that is alone %d, one of another cluster %d", first.Count(), alone.Count(), other.Count())
	}
}
