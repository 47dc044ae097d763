package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

// cleanLock is how long one node has to clean up before another begins as well.
const cleanLock = 10 * time.Second

func (s *server) fence(ctx context.Context, epoch string) (over bool, err error) {
	n, err := fenceScript.Exec(ctx, s.client, []string{s.keys.known(), s.keys.lease(epoch), s.keys.over()}, []string{epoch}).AsInt64()
	if err != nil {
		return false, fmt.Errorf("end the epoch of a gateway that is gone: %w", err)
	}
	return n == 1, nil
}

// clean is one node's at a time, as far as its lock lasts. Two that clean do each other no harm.
func (s *server) clean(ctx context.Context, epoch string, rooms ...string) error {
	if len(rooms) > 0 {
		return s.cleanRooms(ctx, epoch, rooms)
	}
	b := s.client.B()
	switch err := s.client.Do(ctx, b.Set().Key(s.keys.lock(epoch)).Value(s.node).Nx().Px(cleanLock).Build()).Error(); {
	case rueidis.IsRedisNil(err):
		return nil
	case err != nil:
		return fmt.Errorf("clean up after a gateway that is gone: %w", err)
	}
	err := s.scan(ctx, s.keys.rooms(epoch), "*", func(pairs []string) error {
		var rooms []string
		for i := 0; i < len(pairs); i += 2 {
			rooms = append(rooms, pairs[i])
		}
		return s.cleanRooms(ctx, epoch, rooms)
	})
	if err != nil {
		return err
	}
	for _, answer := range s.client.DoMulti(ctx, b.Del().Key(s.keys.rooms(epoch)).Build(),
		b.Srem().Key(s.keys.over()).Member(epoch).Build(), b.Del().Key(s.keys.lock(epoch)).Build()) {
		if err := answer.Error(); err != nil {
			return fmt.Errorf("clean up after a gateway that is gone: %w", err)
		}
	}
	return nil
}

func (s *server) cleanRooms(ctx context.Context, epoch string, rooms []string) error {
	for _, name := range rooms {
		fields, err := s.fieldsOf(ctx, epoch, name)
		if err == nil && len(fields) > 0 {
			err = s.client.Do(ctx, s.client.B().Hdel().Key(s.keys.room(name)).Field(fields...).Build()).Error()
		}
		if err != nil && !isNoHash(err) {
			return fmt.Errorf("clean a room of a gateway that is gone: %w", err)
		}
	}
	return nil
}

// fieldsOf are the names of a node's fields in a room, its mark among them.
func (s *server) fieldsOf(ctx context.Context, epoch, room string) (names []string, err error) {
	err = s.scan(ctx, s.keys.room(room), epoch+"*", func(pairs []string) error {
		for i := 0; i < len(pairs); i += 2 {
			names = append(names, pairs[i])
		}
		return nil
	})
	return names, err
}

// scan calls found with the names and values of a hash, some at a time.
func (s *server) scan(ctx context.Context, key, match string, found func(pairs []string) error) error {
	for cursor := uint64(0); ; {
		page, err := s.client.Do(ctx, s.client.B().Hscan().Key(key).Cursor(cursor).Match(match).Count(1000).Build()).AsScanEntry()
		if err != nil {
			return fmt.Errorf("look through a hash: %w", err)
		}
		if err := found(page.Elements); err != nil {
			return err
		}
		if cursor = page.Cursor; cursor == 0 {
			return nil
		}
	}
}

func (s *server) end(ctx context.Context, epoch string) error {
	b := s.client.B()
	for _, answer := range s.client.DoMulti(ctx, b.Hdel().Key(s.keys.known()).Field(epoch).Build(),
		b.Del().Key(s.keys.lease(epoch)).Build(), b.Del().Key(s.keys.rooms(epoch)).Build()) {
		if err := answer.Error(); err != nil {
			return fmt.Errorf("take this gateway out: %w", err)
		}
	}
	return nil
}
