package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/socketgate/socketgate/gateway/internal/chat"
	"github.com/socketgate/socketgate/gateway/internal/cluster"
	"github.com/socketgate/socketgate/gateway/internal/compose"
	"github.com/socketgate/socketgate/gateway/internal/ops"
	"github.com/socketgate/socketgate/gateway/internal/redis"
)

// openCluster makes this gateway one with others, where there is a Redis, and tells the chat of them.
func (a *App) openCluster(ctx context.Context, o *chat.Options) error {
	if !a.config.RedisURL.Set() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	client, err := redis.Open(ctx, compose.Redis(a.config, "socketgate-presence"))
	if err != nil {
		return err
	}
	a.cluster, err = cluster.Open(client, cluster.Options{
		Prefix: a.config.RedisPrefix, Key: compose.Adapter(a.config).Key, Secrets: compose.SecretsInCommon(a.config),
		ConnectionsPerUser: a.config.MaxConnectionsPerUser,
		Order:              a.orderFault, Logger: a.log,
	})
	if err != nil {
		client.Close()
		return err
	}
	a.redis.presence = client
	o.Gateways = a.cluster
	a.compareSecrets(ctx, client)
	return nil
}

// compareSecrets warns where other gateways have other secrets: nobody would be told, and clients that go from one to the other lose what
// they were.
func (a *App) compareSecrets(ctx context.Context, client rueidis.Client) {
	_, strangers, err := cluster.CompareSecrets(ctx, client, a.config.RedisPrefix, compose.SecretsInCommon(a.config))
	if err != nil {
		a.log.Warn("the other gateways could not be asked for their secrets", "error", err)
		return
	}
	if strangers > 0 {
		a.log.Warn("another gateway on this Redis has other secrets: give all the same JWT_SECRET (or what the login uses), MESSAGE_ENCRYPTION_KEY and REDIS_KEY, or another REDIS_PREFIX to those of another app")
	}
}

// orderLag is how long known messages may be missing before this gateway is not ready.
const orderLag = 3 * time.Second

// orderFault tells that messages of other gateways are known of and can't be had.
func (a *App) orderFault() error {
	if a.redis == nil || a.redis.order == nil {
		return nil
	}
	if lag := a.redis.order.Lag(); lag > orderLag {
		return fmt.Errorf("messages have been missing for %v", lag.Round(time.Second))
	}
	return nil
}

// heedCluster has the chat do what other gateways say.
func (a *App) heedCluster() {
	if a.cluster == nil {
		return
	}
	a.health.Cluster = a.unready
	a.cluster.Move(func() {
		for _, client := range []rueidis.Client{a.redis.presence, a.redis.client, a.redis.sessions} {
			redis.Anew(client)
		}
		a.redis.adapter.Resubscribe()
	})
	a.cluster.Heed(func(acts []cluster.Act) {
		ended := make(map[string][]string)
		for _, act := range acts {
			if digests, known := ended[act.User]; act.Login == "" {
				ended[act.User] = nil // all of them
			} else if !known || digests != nil {
				ended[act.User] = append(digests, act.Login)
			}
		}
		a.chat.EndLogins(ended)
	})
}

// unready names the part of the cluster that is not ready.
func (a *App) unready() (part string) {
	var fault *cluster.NotReady
	if errors.As(a.cluster.Ready(), &fault) {
		return fault.Part
	}
	return ""
}

// closeCluster takes this gateway out of the others' lists, once nobody is connected any more.
func (a *App) closeCluster(ctx context.Context) {
	if a.cluster != nil {
		a.warnCutShort("cluster", a.cluster.Close(ctx))
	}
}

// clusterGauges is nil where this gateway is alone.
func (a *App) clusterGauges() func() ops.Cluster {
	if a.cluster == nil {
		return nil
	}
	return func() ops.Cluster {
		s := a.cluster.Stats()
		return ops.Cluster{
			Gateways: s.Gateways, Unready: a.unready(), Stale: s.Away || s.Unheard, Lingering: s.Lingers,
			Drifted: s.Drifted, Missed: s.Missed, Rewrites: s.Rewrites, Expired: s.Expired, Garbled: s.Garbled, LostActs: s.LostActs,
		}
	}
}
