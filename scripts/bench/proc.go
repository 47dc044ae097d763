//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cpuOf returns the CPU that a process has used, all its threads, in user space and in the kernel.
func cpuOf(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	return ticksOf(stat, userTime, systemTime)
}

// Places of fields in /proc/PID/stat, counted from behind the name, which may hold spaces.
const (
	parent        = 1
	userTime      = 11
	systemTime    = 12
	childrensUser = 13 // of those that have ended
	childrensTime = 14
)

func statFields(stat []byte) [][]byte { return bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) }

// ticksOf adds up fields that are times.
func ticksOf(stat []byte, places ...int) (sum time.Duration, err error) {
	fields := statFields(stat)
	for _, place := range places {
		if place >= len(fields) {
			return 0, errors.New("read CPU time: /proc/PID/stat is short")
		}
		ticks, err := strconv.Atoi(string(fields[place]))
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		sum += time.Duration(ticks) * clockTick
	}
	return sum, nil
}

// cpuOfFamily is cpuOf for a process and its children, those that have ended too.
func cpuOfFamily(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	sum, err := ticksOf(stat, userTime, systemTime, childrensUser, childrensTime)
	if err != nil {
		return 0, err
	}
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended since
		}
		if fields := statFields(stat); len(fields) > parent && string(fields[parent]) == strconv.Itoa(pid) {
			own, err := ticksOf(stat, userTime, systemTime)
			if err != nil {
				return 0, err
			}
			sum += own
		}
	}
	return sum, nil
}

// cpuOfCore returns the CPU that all processes have used on a core.
func cpuOfCore(core int) (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	for line := range strings.Lines(string(stat)) {
		fields := strings.Fields(line)
		if len(fields) < 8 || fields[0] != "cpu"+strconv.Itoa(core) {
			continue
		}
		busy := time.Duration(0)
		for i, field := range fields[1:8] {
			ticks, err := strconv.Atoi(field)
			if err != nil {
				return 0, fmt.Errorf("read CPU time: %w", err)
			}
			if i != 3 && i != 4 { // idle, and idle while a disk works
				busy += time.Duration(ticks) * clockTick
			}
		}
		return busy, nil
	}
	return 0, fmt.Errorf("read CPU time: no core %d in /proc/stat", core)
}

// rssOf returns the bytes of memory that a process holds.
func rssOf(pid int) (int, error) {
	rss, err := statusOf(pid, "VmRSS")
	if err != nil {
		return 0, err
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(rss, " kB"))
	return kib << 10, err
}

// statusOf returns what /proc says about a process under a name.
func statusOf(pid int, name string) (string, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", fmt.Errorf("read status: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("read status: no %s in /proc/%d/status", name, pid)
}

// machine is where and with what a run was made.
type machine struct {
	Date   string `json:"date"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Node   string `json:"node,omitempty"`
}

func thisMachine() machine {
	m := machine{Date: time.Now().UTC().Format("2006-01-02"), CPU: "unknown CPU", Go: runtime.Version()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			name, value, _ := strings.Cut(line, ":")
			switch strings.TrimSpace(name) {
			case "model name":
				m.CPU = strings.TrimSpace(value)
			case "processor":
				m.Cores++
			}
		}
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(release))
	}
	if version, err := exec.Command("node", "--version").Output(); err == nil {
		m.Node = strings.TrimSpace(string(version))
	}
	return m
}

func (m machine) String() string {
	return fmt.Sprintf("%s, %s, %d cores, Linux %s, %s, Node %s", m.Date, m.CPU, m.Cores, m.Kernel, m.Go, m.Node)
}
