package chat

import "github.com/socketgate/socketgate/gateway/internal/contract"

// leaveOut takes what the app does not let its clients say out of a message or relay. The sender is not told, since the rest
// of it goes its way; the log names each field once, for whoever looks for why it does not arrive.
func (c *Chat) leaveOut(fields *contract.Object, m *member) {
	for _, key := range c.keys.LeaveOut(fields) {
		if c.fieldsLeftOut.isNew(key, m) {
			c.options.Logger.Warn("a field of clients' messages is not passed on: if rooms should be told it as clients say it, name it in CLIENT_FIELDS",
				"field", key)
		}
	}
}
