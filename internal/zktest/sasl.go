package zktest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// JAAS writes a JAAS login configuration with one section of ZooKeeper's module for
// DIGEST-MD5, and returns its path. Values must not need an escape.
func JAAS(tb testing.TB, section string, options map[string]string) string {
	tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s {\n  org.apache.zookeeper.server.auth.DigestLoginModule required", section)
	for _, name := range slices.Sorted(maps.Keys(options)) {
		fmt.Fprintf(&b, "\n  %s=\"%s\"", name, options[name])
	}
	b.WriteString(";\n};\n")
	file := filepath.Join(tb.TempDir(), "jaas.conf")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// ApacheSASL is Apache with users who may log in by DIGEST-MD5, and ACLs of them.
// Each of properties is a system property as name=value.
func ApacheSASL(tb testing.TB, users map[string]string, properties ...string) *Server {
	tb.Helper()
	options := map[string]string{}
	for user, password := range users {
		options["user_"+user] = password
	}
	flags := []string{"-Djava.security.auth.login.config=" + JAAS(tb, "Server", options), "-Dzookeeper.fips-mode=false"}
	for _, p := range properties {
		flags = append(flags, "-D"+p)
	}
	port := FreePort(tb)
	return start(tb, &Server{main: "org.apache.zookeeper.server.ZooKeeperServerMain", DataDir: tb.TempDir(), flags: flags}, port,
		[]string{fmt.Sprintf("clientPort=%d", port), "clientPortAddress=127.0.0.1",
			"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"})
}
