package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/socketgate/socketgate/pkg/socketio"
	"github.com/socketgate/socketgate/pkg/token"
)

// loginDigest is what gateways call a login: nobody gets in by it.
func loginDigest(l token.Login) string {
	text, _ := json.Marshal(l) // of strings and a number it can always be made
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// endLogin closes a socket whose login the app has ended.
func (c *Chat) endLogin(s *socketio.Socket, m *member) {
	if m.login.ended.CompareAndSwap(false, true) {
		c.audit("revoked", m, "", "")
	}
	s.Close(LoginEnded)
}

// EndLogins closes the sockets of logins that another gateway has found ended: digests by user. The app is asked at once about the users'
// other logins. A user without digests is disconnected. It looks at every socket once, and may wait for the database.
func (c *Chat) EndLogins(ended map[string][]string) {
	for user, digests := range ended {
		c.endings.note(user, digests...)
	}
	others := &recheck{chat: c, told: true}
	c.namespace.Each(func(s *socketio.Socket) {
		m, admitted := s.Data.(*member)
		if !admitted {
			return
		}
		digests, meant := ended[m.ID]
		switch {
		case !meant:
		case len(digests) == 0:
			c.disconnect(s, m)
		case m.login == nil:
		case slices.Contains(digests, loginDigest(m.login.Login)):
			c.endLogin(s, m)
		case c.options.Logins != nil:
			others.add(s, m)
		}
	})
	others.ask()
}

// endCopies closes the sockets of logins that have just been noted as ended, by user. A socket that came by such a login while the app was
// asked is not among those asked about, and connected before anything was noted. Closing a socket twice does nothing.
func (c *Chat) endCopies(ended map[string][]string) {
	if len(ended) == 0 {
		return
	}
	c.namespace.Each(func(s *socketio.Socket) {
		m, admitted := s.Data.(*member)
		if !admitted || m.login == nil {
			return
		}
		if digests, meant := ended[m.ID]; meant && slices.Contains(digests, loginDigest(m.login.Login)) { // of hardly anybody one is made
			c.endLogin(s, m)
		}
	})
}

// disconnectUsers closes all connections of users, at this gateway and the others. Their clients do not come back by themselves.
func (c *Chat) disconnectUsers(users ...string) {
	ended := make(map[string][]string, len(users))
	for _, user := range users {
		ended[user] = nil
		if c.options.Gateways != nil {
			c.options.Gateways.UserEnded(user)
		}
	}
	c.EndLogins(ended)
}

func (c *Chat) disconnect(s *socketio.Socket, m *member) {
	c.audit("revoked", m, "", "disconnected")
	s.Disconnect(true)
}
