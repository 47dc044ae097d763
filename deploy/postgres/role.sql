-- A role for the gateway that may do just what the gateway needs, and no more. Run it as the owner of the tables, by
--
--   psql "$DATABASE_URL" -v password="'…'" -f role.sql
--
-- and give the gateway a DATABASE_URL with this role. Change the names to those of your tables, and leave out what you
-- don't have. The gateway makes and changes no table, but for its own in the schema socketgate.
CREATE ROLE socketgate LOGIN PASSWORD :password;
GRANT USAGE ON SCHEMA public TO socketgate;

-- Messages: written, and read again only after a commit whose end nobody knows. DELETE takes a row back whose sender was told
-- in such a case that it is not stored; without it the log says that it may be.
GRANT SELECT, INSERT, DELETE ON "Message" TO socketgate;

-- Only where the database makes the ids from a sequence (autoincrement, serial, identity needs none).
-- GRANT USAGE ON SEQUENCE "Message_id_seq" TO socketgate;

-- What ROOM_ACCESS_QUERY and SESSION_QUERY read, column by column.
GRANT SELECT ("roomId", "userId") ON "RoomMember" TO socketgate;
GRANT SELECT (id, name) ON "User" TO socketgate;
GRANT SELECT ("sessionToken", "userId", expires) ON "Session" TO socketgate;

-- Sessions of connected clients, so that they miss nothing when the gateway is restarted. The gateway makes its tables there. Without
-- this they are kept in its memory only; RECOVERY=off needs none of it. Several gateways that are joined by REDIS_URL keep their order of
-- messages there as well, and don't start without it.
CREATE SCHEMA IF NOT EXISTS socketgate;
GRANT USAGE, CREATE ON SCHEMA socketgate TO socketgate;
