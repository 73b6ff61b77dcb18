// What the machine is, without saying whose or where.

package run

import (
	"bytes"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/spillway-go/spillway/bench/report"
	"github.com/spillway-go/spillway/bench/servers"
)

func machine() report.Machine {
	m := report.Machine{
		CPU:     field("/proc/cpuinfo", "model name"),
		Cores:   runtime.NumCPU(),
		System:  strings.Trim(field("/etc/os-release", "PRETTY_NAME"), `"`),
		Virtual: strings.Contains(field("/proc/cpuinfo", "flags"), " hypervisor"),
		Clock:   firstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
	}
	if kib, err := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB")); err == nil {
		m.MemoryMiB = kib / 1024
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		release := string(bytes.TrimRight(name.Release[:], "\x00"))
		m.Kernel = "Linux " + regexp.MustCompile(`^[0-9.]+`).FindString(release) + " " + runtime.GOARCH
	}
	return m
}

// field returns the value of a line "name: value" or "name=value".
func field(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(line, ":")
		if path == "/etc/os-release" {
			key, value, ok = strings.Cut(line, "=")
		}
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func firstLine(path string) string {
	text, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func versions(peers string) []report.Version {
	all := []report.Version{{Name: "Go", Version: strings.TrimPrefix(runtime.Version(), "go")}, {Name: "spillway", Version: commit()}}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/valyala/fasthttp" {
				all = append(all, report.Version{Name: "fasthttp", Version: dep.Version})
			}
		}
	}
	all = append(all, versionsOf(peers)...)
	if path, err := servers.NginxPath(); err == nil {
		text, _ := exec.Command(path, "-v").CombinedOutput()
		_, version, _ := strings.Cut(strings.TrimSpace(string(text)), "nginx/")
		all = append(all, report.Version{Name: "nginx", Version: version})
	}
	if path, err := exec.LookPath("wrk"); err == nil {
		text, _ := exec.Command(path, "-v").CombinedOutput()
		version := regexp.MustCompile(`[0-9]+\.[0-9.]+[0-9]`).FindString(string(text))
		all = append(all, report.Version{Name: "wrk", Version: version})
	}
	return all
}

// versionsOf returns those of the modules in a program, where there is one, that are peers.
func versionsOf(program string) (all []report.Version) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil
	}
	for _, dep := range info.Deps {
		for _, peer := range []report.Version{{Name: "hertz", Version: "github.com/cloudwego/hertz"},
			{Name: "gnet", Version: "github.com/panjf2000/gnet/v2"}} {
			if dep.Path == peer.Version {
				all = append(all, report.Version{Name: peer.Name, Version: dep.Version})
			}
		}
	}
	return all
}

// commit returns the commit of the working tree that is measured.
func commit() string {
	git := func(args ...string) string {
		text, _ := exec.Command("git", args...).Output()
		return strings.TrimSpace(string(text))
	}
	id := git("rev-parse", "--short=12", "HEAD")
	if id == "" {
		return "unknown"
	}
	results := filepath.Join("bench", "results")
	if git("status", "--porcelain", "--", ":/", ":(top,exclude)"+results) != "" {
		id += " with changes"
	}
	return id
}
