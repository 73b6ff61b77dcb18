// Running other programs, within a time, and no longer than the runner itself.

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// patience is how long a program has for its last words when its time is up.
const patience = 5 * time.Second

func command(ctx context.Context, dir string, env []string, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, patience
	return cmd
}

// output returns what a program prints. Its error is the first line that the program printed besides.
func output(ctx context.Context, dir string, env []string, name string, arguments ...string) ([]byte, error) {
	cmd := command(ctx, dir, env, name, arguments...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		for line := range strings.Lines(complaints.String()) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading") {
				return out.Bytes(), fmt.Errorf("%s %s: %s", name, arguments[0], line)
			}
		}
		return out.Bytes(), fmt.Errorf("%s %s: %w", name, arguments[0], err)
	}
	return out.Bytes(), nil
}
