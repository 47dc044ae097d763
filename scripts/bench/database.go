//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// messageTable is the app's, as Prisma makes it.
const messageTable = `CREATE TABLE "Message" (
	"id" TEXT NOT NULL, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
	"createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
	CONSTRAINT "Message_pkey" PRIMARY KEY ("id"))`

// database is a Postgres of the benchmark's own, with fsync on.
type database struct{ script, dir, url string }

func startDatabase(script, scratch string) (*database, error) {
	d := &database{script: script, dir: filepath.Join(scratch, "postgres")}
	said, err := exec.Command(script, "start", d.dir).Output()
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	d.url = strings.TrimSpace(string(said))
	return d, nil
}

func (d *database) stop() error {
	if err := exec.Command(d.script, "stop", d.dir).Run(); err != nil {
		return fmt.Errorf("stop Postgres: %w", err)
	}
	return nil
}

// cpu returns what all its processes have used.
func (d *database) cpu() (time.Duration, error) {
	pid, err := os.ReadFile(filepath.Join(d.dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find Postgres: %w", err)
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	n, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("find Postgres: %w", err)
	}
	return cpuOfFamily(n)
}

// empty makes the table anew.
func (d *database) empty() error {
	return d.with(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `DROP TABLE IF EXISTS "Message"; `+messageTable+`; CHECKPOINT`)
		return err
	})
}

// count returns how many messages are stored.
func (d *database) count() (n int, err error) {
	err = d.with(func(ctx context.Context, c *pgx.Conn) error {
		return c.QueryRow(ctx, `SELECT count(*) FROM "Message"`).Scan(&n)
	})
	return n, err
}

func (d *database) with(do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer c.Close(ctx)
	return do(ctx, c)
}
