package contract

import "github.com/socketgate/socketgate/pkg/rawjson"

// maxClientID is the most bytes of an id that a client gives to its message; longer ones are content.
const maxClientID = 256

// clientIDs are the keys by which clients tell their messages apart before these have an id, by rank: what says that
// it is of this message comes before what could be of the client or of the request as well.
var clientIDs = func() meanings[int] {
	k := make(meanings[int])
	for _, of := range []string{"temp", "tmp", "temporary", "optimistic", "pending", "local", "dedupe", "dedup", "deduplication", "idempotency", "idempotent"} {
		for _, id := range []string{"id", "key", "uuid", "guid", "token", "messageid", "msgid"} {
			k[of+id] = 0
		}
	}
	k.and(0, "clientmessageid", "clientmessageuuid", "clientmsgid", "clientmessagekey", "clienttempid", "clientgeneratedid", "clientsideid", "clientoffset",
		"clientnonce", "messagetempid", "messagenonce", "messageuuid", "messagekey", "localuuid", "fakeid", "nonce", "cmid", "cid", "mid", "randomid", "txnid", "transactionid")
	return k.and(1, "clientid", "clientuuid", "clientkey", "clientref", "uuid", "guid", "requestid", "correlationid", "ackid", "trackingid")
}()

// ClientID is an id that a client gave to its message, in the key that it used. A resend has the same.
type ClientID struct {
	Key, Value string // Key is folded; both are empty where there is no id
	// Shared: the key may as well hold an id of the client or of a request, which several messages have.
	Shared bool
}

// ClientID returns the id by which a client knows its message, or none. What names the speaker himself is none, and
// neither is what is empty or longer than an id.
func (o Object) ClientID(by *Person) (id ClientID) {
	best := len(clientIDs)
	for _, f := range o {
		rank, known := clientIDs.of(f.Key)
		if !known || rank >= best {
			continue
		}
		if text, ok := rawjson.Scalar(f.Value); ok && text != "" && text != by.ID && len(text) <= maxClientID {
			best, id = rank, ClientID{Fold(f.Key), text, rank > 0}
		}
	}
	return id
}
