package config

import (
	"regexp"
	"strings"
)

// userPlace stands for a user's id in the names of rooms.
const userPlace = "$user"

// handshakePlace stands for what a client says as it connects.
var handshakePlace = regexp.MustCompile(`\$(?:auth|query)\.[A-Za-z0-9_]{1,64}`)

// namespaceName is one that the packets of clients can name.
var namespaceName = regexp.MustCompile(`^/[A-Za-z0-9_./-]{0,99}$`)

// checkNamespace wants one that clients can be in.
func (c *Config) checkNamespace(faults *report) {
	switch {
	case !namespaceName.MatchString(c.Namespace):
		faults.add("NAMESPACE", nil)
	case c.AllowEIO3 && c.Namespace != "/":
		faults.add("NAMESPACE", hint("but clients of Socket.IO v2 (ALLOW_EIO3) are always in / as well"))
	}
}

// checkServerRooms holds the rooms that the server chooses against each other.
func (c *Config) checkServerRooms(faults *report) {
	switch {
	case c.UserRoomsQuery == "":
	case !strings.Contains(c.UserRoomsQuery, "$1"):
		faults.add("USER_ROOMS_QUERY", nil)
	case c.DatabaseURL.None():
		faults.add("USER_ROOMS_QUERY", hint("but DATABASE_URL is none"))
	}
	switch {
	case c.UserRoomsChannel == "":
	case c.UserRoomsQuery == "":
		faults.add("USER_ROOMS_CHANNEL", hint("but there is no USER_ROOMS_QUERY to ask again"))
	case len(c.UserRoomsChannel) > 63:
		faults.add("USER_ROOMS_CHANNEL", hint("which is longer than the 63 bytes of a channel"))
	case !strings.HasPrefix(string(c.DatabaseURL), "postgres"):
		faults.add("USER_ROOMS_CHANNEL", hint("but only Postgres has channels: without it the query is asked again within ACCESS_RECHECK"))
	}
	if rest := strings.ReplaceAll(c.PersonalRoom, userPlace, ""); c.PersonalRoom != "" {
		switch {
		case !strings.Contains(c.PersonalRoom, userPlace), strings.ContainsAny(rest, "$*"):
			faults.add("PERSONAL_ROOM", nil)
		case rest == "" && c.UserRoomsQuery == "" && c.RoomAccessQuery == "":
			faults.add("PERSONAL_ROOM", hint("so that anybody could join anybody's: write user:$user, or let ROOM_ACCESS_QUERY say who may join which room"))
		}
	}
	switch {
	case c.UserOnlineEvent == "" && c.UserOfflineEvent == "":
	case c.UserOnlineEvent == "":
		faults.add("USER_ONLINE_EVENT", hint("but USER_OFFLINE_EVENT is: who goes must have come"))
	case c.UserOfflineEvent == "":
		faults.add("USER_OFFLINE_EVENT", hint("but USER_ONLINE_EVENT is: who comes will go"))
	case c.OnlineEvent == "":
		faults.add("ONLINE_EVENT", hint("but USER_ONLINE_EVENT is, and without the list nobody learns who was there before"))
	}
	if strings.ContainsAny(handshakePlace.ReplaceAllString(c.DefaultRoom, ""), "*$,") || len(c.DefaultRoom) > 256 {
		faults.add("DEFAULT_ROOM", nil)
	}
}
