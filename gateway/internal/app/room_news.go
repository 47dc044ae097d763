package app

import (
	"context"

	"github.com/socketgate/socketgate/pkg/pglisten"
)

// openRoomNews hears from now on whose rooms have changed (USER_ROOMS_CHANNEL). What was not heard while the connection was lost is asked
// for when there is one again.
func (a *App) openRoomNews() (err error) {
	channel := a.config.UserRoomsChannel
	if channel == "" {
		return nil
	}
	o := pglisten.Options{
		Channels: []string{channel},
		Payload: func(user string) {
			if user == "" {
				a.chat.RenewRooms()
			} else {
				a.chat.RenewRooms(user)
			}
		},
		Listening: func() {
			a.log.Info("the app is heard when it changes the rooms of users (USER_ROOMS_CHANNEL)")
			a.chat.RenewRooms()
		},
		Lost: func(err error) {
			a.log.Warn("the app is not heard when it changes the rooms of users (USER_ROOMS_CHANNEL): they are asked for within ACCESS_RECHECK", "error", err)
		},
	}
	a.roomNews, err = a.hear(func(ctx context.Context, c *pglisten.Config) { pglisten.Listen(ctx, c, o) })
	return err
}
