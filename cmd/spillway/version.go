// spillway version says what was built, and from what.

package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version prints one line.
func version(args []string, stdout io.Writer) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("spillway version: unexpected argument %.60q", args[0])}
	}
	module, revision := "(unknown)", "unknown revision"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			module = info.Main.Version
		}
		revision = revisionOf(info.Settings)
	}
	fmt.Fprintf(stdout, "spillway %s, %s, %s, %s/%s\n", module, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

// revisionOf says from which revision a program was built, and whether the files were others.
func revisionOf(settings []debug.BuildSetting) string {
	said := map[string]string{}
	for _, s := range settings {
		said[s.Key] = s.Value
	}
	switch {
	case said["vcs.revision"] == "":
		return "unknown revision"
	case said["vcs.modified"] == "true":
		return "revision " + said["vcs.revision"] + ", modified"
	}
	return "revision " + said["vcs.revision"]
}
