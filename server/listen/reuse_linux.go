// Several sockets may listen on one port, where each says that it allows that.

package listen

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
)

// reusePort sets SO_REUSEPORT, which package syscall does not have for every architecture.
func reusePort(_, _ string, c syscall.RawConn) error {
	option := 0xf
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		option = 0x200
	}
	var err error
	failed := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, 1) })
	return errors.Join(failed, os.NewSyscallError("setsockopt SO_REUSEPORT", err))
}
