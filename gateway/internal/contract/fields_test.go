package contract

import (
	"encoding/json"
	"slices"
	"testing"
)

// told is what a message becomes on its way to the room.
func told(t *testing.T, k *Keys, in string) (out string, leftOut []string) {
	t.Helper()
	o, ok := ParseObject(json.RawMessage(in))
	if !ok {
		t.Fatalf("%s is no object", in)
	}
	leftOut = k.LeaveOut(&o)
	k.Identify(o, NewPerson("u1", json.RawMessage(`"u1"`), "Ann"))
	return string(o.Encode()), leftOut
}

func TestRoomsAreToldOnlyTheClientFieldsThatTheAppLists(t *testing.T) {
	t.Parallel()
	const in = `{"roomId":"r","text":"hi","tempId":"t1","fileUrl":"f","html":"<b>","senderId":"eve","id":"m1"}`
	for _, c := range []struct {
		own     []string
		want    string
		leftOut []string
	}{
		{nil, `{"roomId":"r","text":"hi","tempId":"t1","fileUrl":"f","html":"<b>","senderId":"u1","id":"m1"}`, nil},
		{[]string{"*"}, `{"roomId":"r","text":"hi","tempId":"t1","fileUrl":"f","html":"<b>","senderId":"u1","id":"m1"}`, nil},
		{[]string{"none"}, `{"roomId":"r","text":"hi","senderId":"u1","id":"m1"}`, []string{"tempId", "fileUrl", "html"}},
		{[]string{"temp_id", "fileUrl"}, `{"roomId":"r","text":"hi","tempId":"t1","fileUrl":"f","senderId":"u1","id":"m1"}`, []string{"html"}},
	} {
		out, leftOut := told(t, NewKeys(Columns{}, c.own...), in)
		if out != c.want || !slices.Equal(leftOut, c.leftOut) {
			t.Errorf("%q: %s without %q,\nwant %s without %q", c.own, out, leftOut, c.want, c.leftOut)
		}
	}
}

func TestNobodyClaimsRightsThatNobodyVerified(t *testing.T) {
	t.Parallel()
	const said = `{"isAdmin":true,"is_admin":true,"role":"admin","userRole":"mod","sender_is_verified":true,"badges":["staff"],"isSystem":true,` +
		`"senderAvatar":"evil.png","avatar":"evil.png","system":"linux","image":"photo.png"}`
	out, leftOut := told(t, NewKeys(Columns{}), said)
	if out != `{"system":"linux","image":"photo.png"}` || len(leftOut) != 9 {
		t.Errorf("told %s without %q", out, leftOut)
	}
	out, leftOut = told(t, NewKeys(Columns{}), `{"isMine":true,"fromMe":true,"is_own":true,"isAgent":true,"isFromAdmin":true,"fromSupport":true,"isVip":true,"accountType":"pro","rank":3}`)
	if out != `{"rank":3}` {
		t.Errorf("told %s without %q", out, leftOut)
	}
	out, _ = told(t, NewKeys(Columns{}, "*", "role", "avatar"), `{"role":"user","avatar":"a.png","x":1,"isAdmin":true}`)
	if out != `{"role":"user","avatar":"a.png","x":1}` {
		t.Errorf("what the app lists: told %s", out)
	}
}

func TestEveryWordForTheSpeakerCarriesTheVerifiedOne(t *testing.T) {
	t.Parallel()
	const whole = `{"id":"u1","userId":"u1","username":"Ann","name":"Ann"}`
	for in, want := range map[string]string{
		`{"nick":"Eve"}`:                    `{"nick":"Ann"}`,
		`{"handle":"@eve"}`:                 `{"handle":"Ann"}`,
		`{"profile":{"name":"Eve"}}`:        `{"profile":` + whole + `}`,
		`{"senderInfo":{"id":"eve"}}`:       `{"senderInfo":` + whole + `}`,
		`{"author_info":{"id":"eve"}}`:      `{"author_info":` + whole + `}`,
		`{"userInfo":[{"id":"eve"}]}`:       `{"userInfo":[` + whole + `]}`,
		`{"userProfile":{"name":"Eve"}}`:    `{"userProfile":` + whole + `}`,
		`{"senderData":"Eve"}`:              `{"senderData":"Ann"}`,
		`{"currentUser":{"id":"eve"}}`:      `{"currentUser":` + whole + `}`,
		`{"profileId":"eve"}`:               `{"profileId":"u1"}`,
		`{"senderNick":"Eve"}`:              `{"senderNick":"Ann"}`,
		`{"firstName":"Eve","surname":"E"}`: `{"firstName":"Ann"}`,
	} {
		if got, _ := told(t, NewKeys(Columns{}), in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}
