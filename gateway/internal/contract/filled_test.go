package contract

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/socketgate/socketgate/gateway/internal/message"
)

// picturesKeys are those of an app whose clients send pictures, without a text as well.
func picturesKeys(noText bool) *Keys {
	return NewKeys(Columns{Text: "content", Others: []string{"type", "file_url", "senderName", "reply_to_id"}, NoText: noText, Filled: []Filled{
		{"type", "type", false}, {"image", "file_url", true}, {"senderName", "senderName", true}, {"replyToId", "reply_to_id", true}}})
}

func TestAPictureNeedsNoTextAndNothingElseStandsInItsPlace(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]bool{
		`{"image":"a.png"}`: true, `{"IMAGE":"a.png","text":" "}`: true, `{"image":["a.png"],"content":null}`: true,
		`{"image":""}`: false, `{"image":null}`: false, `{"image":[]}`: false, `{"type":"image"}`: false, `{"replyToId":"m1"}`: false,
		`{"senderName":"image"}`: false, `{"fileUrl":"a.png"}`: false, `{"image":true}`: false,
	} {
		o := parsed(t, said)
		text, refusal := picturesKeys(false).Text(&o, 0)
		if (refusal == nil) != want || text != "" {
			t.Errorf("%s: %q, %v", said, text, refusal)
		}
	}
	for said, want := range map[bool]string{false: `""`, true: "null"} {
		o := parsed(t, `{"image":"a.png","message":""}`)
		k := picturesKeys(said)
		k.Text(&o, 0)
		k.ReserveRow(&o, NewPerson("u1", json.RawMessage(`"u1"`), "Ann"), "r", "")
		for _, key := range []string{"text", "content", "message"} {
			if got := string(o.Get(key)); got != want {
				t.Errorf("%s is told as %s, want %s", key, got, want)
			}
		}
		again := k.Again(message.Kept{InRoom: "r"}, NewPerson("u1", json.RawMessage(`"u1"`), "Ann"))
		if got := string(again.Get("content")); got != want {
			t.Errorf("read again, content is told as %s, want %s", got, want)
		}
	}
}

func TestNamesSayWhatStandsInThePlaceOfAText(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"fileUrl", "image", "imageUrl", "attachments", "attachment_url", "mediaURL", "audio", "photo"} {
		if !IsContent(name) {
			t.Errorf("%s does not", name)
		}
	}
	for _, name := range []string{"type", "fileName", "fileType", "mimeType", "replyToId", "quotedImage", "status", "priority", "imageWidth", "forwardedUrl"} {
		if IsContent(name) {
			t.Errorf("%s does", name)
		}
	}
}

func TestWhatFillsAColumnIsFoundInAnySpellingAndToldUnderEveryKey(t *testing.T) {
	t.Parallel()
	k := picturesKeys(false)
	ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	o := parsed(t, `{"Image":"a.png","reply_to_id":null,"senderName":"Eve","type":"IMAGE"}`)
	values, refusal := k.Fills(&o, ann, 0)
	if refusal != nil || string(values[0]) != `"IMAGE"` || string(values[1]) != `"a.png"` || values[3] != nil {
		t.Errorf("%s, %v", values, refusal)
	}
	if string(values[2]) != `"Ann"` {
		t.Errorf("the sender's name is stored as %s", values[2])
	}
	o = parsed(t, `{"image":"a.png"}`)
	k.Fills(&o, ann, 0)
	k.PutRow(&o, message.Stored{Others: []message.Field{{Column: "file_url", Value: json.RawMessage(`"as stored"`)}}}, ann)
	for _, key := range []string{"image", "file_url", "fileUrl"} {
		if got := string(o.Get(key)); got != `"as stored"` {
			t.Errorf("%s is told as %s", key, got)
		}
	}
	bare := NewKeys(Columns{Filled: []Filled{{"image", "image", true}, {"avatar", "avatar", true}}}, NoFields)
	if got := bare.LeaveOut(&Object{{"image", nil}, {"avatar", nil}, {"mood", nil}}); !slices.Equal(got, []string{"mood"}) {
		t.Errorf("left out: %q", got)
	}
	if key := k.Elsewhere(parsed(t, `{"threadId":"1"}`)); key == "" {
		t.Error("a thread's id is no place any more")
	}
	thread := NewKeys(Columns{Others: []string{"threadId"}, Filled: []Filled{{"threadId", "threadId", false}}})
	if key := thread.Elsewhere(parsed(t, `{"threadId":"1"}`)); key != "" {
		t.Errorf("%s is a place, and a column too", key)
	}
}

func TestFieldsAreBoundedTogether(t *testing.T) {
	t.Parallel()
	ann := NewPerson("u1", json.RawMessage(`"u1"`), "Ann")
	for limit, refused := range map[int]bool{0: false, 40: false, 20: true} {
		o := parsed(t, `{"image":"0123456789","type":"0123456789","replyToId":5}`)
		_, refusal := picturesKeys(false).Fills(&o, ann, limit)
		if f, is := refusal.(Failure); is != refused || is && f.Code != TooLarge {
			t.Errorf("at most %d bytes: %v", limit, refusal)
		}
	}
}
