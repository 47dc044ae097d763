package chat

import (
	"context"
	"slices"

	"github.com/socketgate/socketgate/gateway/internal/contract"
)

// Members returns who is in a room, on all gateways, by arrival; it names as many as Options.MembersLimit lets it and counts all. It may
// wait a second for what other gateways know. Any goroutine may call it.
func (c *Chat) Members(ctx context.Context, room string) (list contract.Members, refusal contract.Answer) {
	if !contract.IsRoom(room) {
		return list, badName
	}
	return c.listed(ctx, room), nil
}

// Online returns who is connected, on all gateways: of those users or, without any, of all. It needs Options.WebApp. It may wait as Members does.
func (c *Chat) Online(ctx context.Context, users []string) (list contract.Members, refusal contract.Answer) {
	if len(users) > maxNames || !areNames(users) {
		return list, badName
	}
	list = c.listed(ctx, contract.OnlineRoom)
	if len(users) > 0 {
		list.People = slices.DeleteFunc(list.People, func(p *contract.Person) bool { return !slices.Contains(users, p.ID) })
		list.Count = len(list.People)
	}
	return list, nil
}

func (c *Chat) listed(ctx context.Context, room string) contract.Members {
	defer c.rosters.Await(ctx, room)()
	return c.rosters.List(room).Members
}
