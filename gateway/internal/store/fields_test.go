package store

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/database/dbtest"
	"github.com/socketgate/socketgate/gateway/internal/message"
)

// pictureTables are those of an app whose messages are pictures, files and replies too, on Postgres and on SQLite.
const (
	picturePostgres = `CREATE TYPE "MessageType" AS ENUM ('TEXT', 'IMAGE', 'FILE');
		CREATE TABLE "Message" (id TEXT PRIMARY KEY, content VARCHAR(2000), "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL,
		type "MessageType" NOT NULL DEFAULT 'TEXT', "fileUrl" TEXT, "fileSize" INTEGER, "isAlbum" BOOLEAN NOT NULL DEFAULT false,
		"replyToId" UUID, meta JSONB, "takenAt" TIMESTAMP(3), ratio DOUBLE PRECISION)`
	pictureSQLite = `CREATE TABLE "Message" (id TEXT NOT NULL PRIMARY KEY, content VARCHAR(2000), "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, "createdAt" DATETIME NOT NULL,
		type TEXT NOT NULL DEFAULT 'TEXT', "fileUrl" TEXT, "fileSize" INTEGER, "isAlbum" BOOLEAN NOT NULL DEFAULT false,
		"replyToId" TEXT, meta JSONB, "takenAt" DATETIME, ratio REAL)`
)

var pictureFields = []Field{{"type", "type"}, {"image", "fileUrl"}, {"fileSize", "fileSize"}, {"isAlbum", "isAlbum"}, {"replyToId", "replyToId"}, {"meta", "meta"},
	{"takenAt", "takenAt"}, {"ratio", "ratio"}}

// onPictures runs a test on both, and on a gateway among others.
func onPictures(t *testing.T, test func(t *testing.T, c Config)) {
	for name, node := range map[string]string{"postgres": "", "cluster": "a"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Config{URL: dbtest.Postgres(t, picturePostgres), Fields: pictureFields, Node: node})
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		url := "file:" + filepath.Join(t.TempDir(), "test.db")
		dbtest.SQLite(t, url, pictureSQLite)
		test(t, Config{URL: url, Fields: pictureFields})
	})
}

// picture is a draft without a text, with fields as JSON; empty is nothing.
func picture(fields ...string) message.Draft {
	d := draft("r1", "")
	for _, f := range fields {
		if f == "" {
			d.Fields = append(d.Fields, nil)
		} else {
			d.Fields = append(d.Fields, json.RawMessage(f))
		}
	}
	return d
}

func valuesOf(others []message.Field) map[string]string {
	values := make(map[string]string)
	for _, f := range others {
		values[f.Column] = string(f.Value)
	}
	return values
}

func TestWhatAClientSaysForFurtherColumnsIsStoredToldAndReadAgain(t *testing.T) {
	t.Parallel()
	const reply = "3e9c1f63-0c52-4a9d-9a52-2f1c9a2f0a11"
	onPictures(t, func(t *testing.T, c Config) {
		s := open(t, c)
		text := mustSave(t, s, draft("r1", "hello"))
		long := strings.Repeat("x", 20_000) // more than message.MaxOthers
		stored := mustSave(t, s, picture(`"IMAGE"`, `"https://files.example.com/`+long+`"`, `12`, `true`, `"`+reply+`"`, `{"tags":["a","b"]}`, `"2026-01-02T03:04:05.678Z"`, `0.5`))
		last := mustSave(t, s, draft("r1", "after it"))

		got := valuesOf(text.Others)
		for column, want := range map[string]string{"type": `"TEXT"`, "fileUrl": "null", "isAlbum": "false", "meta": "null"} {
			if got[column] != want {
				t.Errorf("of a text, %s is %s, want %s", column, got[column], want)
			}
		}
		if c.Node != "" {
			return // read again by the same code
		}
		kept, err := s.Missed(t.Context(), []message.Gap{{Room: "r1", After: text.Position}}, last.Position, 10)
		must(t, err)
		if len(kept) != 2 || kept[0].Text != "" || kept[1].Text != "after it" {
			t.Fatalf("read again: %+v", kept)
		}
		for what, others := range map[string][]message.Field{"told": stored.Others, "read again": kept[0].Others} {
			got := valuesOf(others)
			for column, want := range map[string]string{"type": `"IMAGE"`, "fileUrl": `"https://files.example.com/` + long + `"`, "fileSize": "12", "isAlbum": "true",
				"replyToId": `"` + reply + `"`, "takenAt": `"2026-01-02T03:04:05.678Z"`, "ratio": "0.5"} {
				if got[column] != want {
					t.Errorf("%s: %s is %.80s, want %.80s", what, column, got[column], want)
				}
			}
			if strings.ReplaceAll(got["meta"], " ", "") != `{"tags":["a","b"]}` {
				t.Errorf("%s: meta is %s", what, got["meta"])
			}
		}
	})
}

func TestAValueThatDoesNotSuitItsColumnIsRefusedAtOnceByTheNameOfItsField(t *testing.T) {
	t.Parallel()
	onPictures(t, func(t *testing.T, c Config) {
		s := open(t, c)
		for i, bad := range map[int][]string{
			1: {`5`, `{"a":1}`, `["x"]`, "\"a\u0000b\""}, 2: {`"twelve"`, `1.5`, `true`, `99999999999999999999`}, 3: {`"yes"`, `1`}, 5: {`"\u0000"`, `{"a":[1e5]}`},
			6: {`"yesterday"`, `true`, `99999999999999999`}, 7: {`"NaN"`, `"1e999"`, `[]`},
		} {
			for _, value := range bad {
				if i == 1 && value == `5` {
					continue // a number is a text too
				}
				d := picture(make([]string, len(pictureFields))...)
				d.Fields[i] = json.RawMessage(value)
				err := atOnce(s, d)
				misfit := (*message.Misfit)(nil)
				if !errors.As(err, &misfit) || misfit.Key != pictureFields[i].Key || !errors.Is(err, message.ErrRejected) {
					t.Errorf("%s=%s: %v", pictureFields[i].Key, value, err)
				}
			}
		}
	})
}

func TestAnEnumIsSaidInAnyCaseAndNothingElse(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: dbtest.Postgres(t, picturePostgres), Fields: pictureFields})
	if got := valuesOf(mustSave(t, s, picture(`"image"`, `"a.png"`)).Others)["type"]; got != `"IMAGE"` {
		t.Errorf("image is stored as %s", got)
	}
	err := atOnce(s, picture(`"VIDEO"`))
	if err == nil || !strings.Contains(err.Error(), `"type" takes one of TEXT, IMAGE, FILE`) {
		t.Errorf("VIDEO: %v", err)
	}
}

func TestAMessageWithoutATextIsNullOrTheEmptyTextEncrypted(t *testing.T) {
	t.Parallel()
	encrypt := func(text, _, _ string) (string, error) { return "<" + text + ">", nil }
	decrypt := func(text, _, _ string) (string, error) {
		if !strings.HasPrefix(text, "<") {
			return "", errors.New("not encrypted")
		}
		return strings.Trim(text, "<>"), nil
	}
	for what, columns := range map[string]string{`NULL`: `content TEXT`, `"<>"`: `content TEXT NOT NULL`} {
		onTables(t, `CREATE TABLE "Message" (id TEXT NOT NULL PRIMARY KEY, `+columns+`, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, image TEXT)`, func(t *testing.T, url string) {
			s := open(t, Config{URL: url, Encrypt: encrypt, Decrypt: decrypt, Fields: []Field{{"image", "image"}}})
			last := mustSave(t, s, picture(`"a.png"`))
			texts, err := s.table.texts(t.Context(), `SELECT coalesce('"' || content || '"', 'NULL') FROM "Message"`)
			must(t, err)
			if len(texts) != 1 || texts[0] != what {
				t.Errorf("%s: stored as %q", columns, texts)
			}
			kept, err := s.Missed(t.Context(), []message.Gap{{Room: "r1"}}, last.Position, 10)
			must(t, err)
			if len(kept) != 1 || kept[0].Text != "" {
				t.Errorf("%s: read again as %+v", columns, kept)
			}
		})
	}
}

func TestFieldsThatNobodyCouldFillStopTheStart(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE "Message" (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, data BYTEA, kind TEXT NOT NULL)`
	onTables(t, tables, func(t *testing.T, url string) {
		for _, test := range []struct {
			fields    []Field
			constants map[string]string
			want      string
		}{
			{[]Field{{"kind", "kind"}, {"image", "image"}}, nil, `no column "image"`},
			{[]Field{{"kind", "text"}}, nil, `column "text" is filled by the gateway`},
			{[]Field{{"kind", "kind"}, {"type", "kind"}}, nil, `column "kind" is twice`},
			{[]Field{{"kind", "kind"}}, map[string]string{"kind": "x"}, `both fill column "kind"`},
			{[]Field{{"kind", "kind"}, {"data", "data"}}, nil, `column "data" is`},
			{nil, nil, "MESSAGE_FIELDS"},
		} {
			_, err := Open(t.Context(), Config{URL: url, Fields: test.fields, Constants: test.constants})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v: %v, want %s", test.fields, err, test.want)
			}
		}
		s := open(t, Config{URL: url, Fields: []Field{{"kind", "kind"}}})
		if err := atOnce(s, draft("r1", "hello")); err == nil || !strings.Contains(err.Error(), `"kind" takes a text, and must be there`) {
			t.Errorf("without its kind: %v", err)
		}
		r, err := Inspect(t.Context(), Config{URL: url, Fields: []Field{{"kind", "kind"}}})
		must(t, err)
		if r.Trial.Err != nil {
			t.Errorf("trial: %v", r.Trial.Err)
		}
	})
}

func TestTimesOfSQLiteAreKeptAsTheAppKeepsItsOthers(t *testing.T) {
	t.Parallel()
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	dbtest.SQLite(t, url, `CREATE TABLE "Message" (id TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL, "createdAt" DATETIME NOT NULL, "takenAt" DATETIME);
		INSERT INTO "Message" VALUES ('m1', 'x', 'u1', 'r1', 1767323045678, NULL)`)
	s := open(t, Config{URL: url, Fields: []Field{{"takenAt", "takenAt"}}})
	stored := mustSave(t, s, message.Draft{Room: "r1", User: "u1", Text: "x", Fields: []json.RawMessage{json.RawMessage(`1767323045678`)}})
	kinds, err := s.table.texts(t.Context(), `SELECT coalesce(typeof("takenAt") || "takenAt", '') FROM "Message" WHERE id <> 'm1'`)
	must(t, err)
	if len(kinds) != 1 || kinds[0] != "integer1767323045678" || valuesOf(stored.Others)["takenAt"] != `"2026-01-02T03:04:05.678Z"` {
		t.Errorf("kept as %q, told as %v", kinds, valuesOf(stored.Others))
	}
}

func TestWithoutATableFieldsAreNamesAndTakeEverything(t *testing.T) {
	t.Parallel()
	s := open(t, Config{URL: "none", Fields: []Field{{"meta", "meta"}}})
	mustSave(t, s, picture(`{"a":[1e5,"\u0000"]}`))
}

// FuzzTakeJSON: what is taken is JSON that says the same, and has nothing that Postgres refuses.
func FuzzTakeJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.50,"x"]}`, `"\ud800"`, `"\u0000"`, `1e5`, `null`, `[[]]`, `{"<":"&"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		if !json.Valid([]byte(said)) {
			return
		}
		held, takes := takeJSON(json.RawMessage(said), "JSON")
		if takes == "" && (!json.Valid([]byte(held)) || strings.ContainsRune(held, 0)) {
			t.Errorf("%q is taken as %q", said, held)
		}
	})
}

// The log names the foreign key; the sender hears of what was said, and not of the room.
func TestAReplyToNothingIsRefusedByItsOwnName(t *testing.T) {
	t.Parallel()
	for _, node := range []string{"", "a"} {
		url := dbtest.Postgres(t, picturePostgres+`; CREATE TABLE "Reply" (id UUID PRIMARY KEY); ALTER TABLE "Message" ADD FOREIGN KEY ("replyToId") REFERENCES "Reply"`)
		s := open(t, Config{URL: url, Fields: pictureFields, Node: node})
		_, err := save(t, s, picture("", `"/a.png"`, "", "", `"3e9c1f63-0c52-4a9d-9a52-2f1c9a2f0a11"`))
		var misfit *message.Misfit
		if !errors.As(err, &misfit) || misfit.Error() != `"replyToId" takes the id of something that is there` {
			t.Errorf("node %q: %v", node, err)
		}
	}
}
