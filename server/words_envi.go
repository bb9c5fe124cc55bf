package server

import (
	"cmp"
	"math"
	"os"
	"os/user"
	"runtime"
	"runtime/debug"
	"strconv"

	"zook/fourletter"
)

// unknown is what Apache says of what it cannot find out.
const unknown = "<NA>"

// envi is the process and its machine. There is no JVM, so what Apache tells of its
// own is not known here; what this server is built with is added.
//
// Behaviour: Environment.java.
func (s *Server) envi() *fourletter.Envi {
	e := &fourletter.Envi{}
	put := func(name, value string) {
		e.Pairs = append(e.Pairs, fourletter.Pair{Name: name, Value: cmp.Or(value, unknown)})
	}
	put("zookeeper.version", fullVersion())
	host, _ := os.Hostname()
	put("host.name", host)
	for _, name := range []string{"java.version", "java.vendor", "java.home", "java.class.path", "java.library.path"} {
		put(name, "")
	}
	put("java.io.tmpdir", os.TempDir())
	put("java.compiler", "")
	put("go.version", runtime.Version())
	put("os.name", osName())
	put("os.arch", runtime.GOARCH)
	put("os.version", osVersion())
	name, home := "", ""
	if u, err := user.Current(); err == nil {
		name, home = u.Username, u.HomeDir
	}
	put("user.name", name)
	put("user.home", home)
	dir, _ := os.Getwd()
	put("user.dir", dir)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	put("os.memory.free", megabytes(m.HeapSys-m.HeapReleased-m.HeapAlloc))
	put("os.memory.max", memoryLimit())
	put("os.memory.total", megabytes(m.HeapSys-m.HeapReleased))
	return e
}

func megabytes(n uint64) string { return strconv.FormatUint(n>>20, 10) + "MB" }

// osName is what Java calls the system.
func osName() string {
	switch runtime.GOOS {
	case "linux":
		return "Linux"
	case "darwin":
		return "Mac OS X"
	case "windows":
		return "Windows"
	}
	return runtime.GOOS
}

// memoryLimit is GOMEMLIMIT, or else what the machine has.
func memoryLimit() string {
	limit := totalMemory()
	if soft := debug.SetMemoryLimit(-1); soft < math.MaxInt64 {
		limit = uint64(soft)
	}
	if limit == 0 {
		return ""
	}
	return megabytes(limit)
}
