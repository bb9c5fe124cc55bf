package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zook/internal/zktest"
	"zook/server"
)

// writeConfig writes a zoo.cfg and returns its path.
func writeConfig(t *testing.T, lines ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestServerStatus(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			host, port, _ := net.SplitHostPort(s.start(t))
			file := writeConfig(t, "dataDir="+t.TempDir(), "clientPort="+port, "clientPortAddress="+host)
			got := zook(t.Context(), "", "", "server", "status", file)
			want := fmt.Sprintf("! Using config: %s\n! Client port found: %s. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n", file, port)
			if got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			// The zoo.cfg of a member of an ensemble says where it is, too.
			data := t.TempDir()
			os.WriteFile(filepath.Join(data, "myid"), []byte("2\n"), 0o644)
			file = writeConfig(t, "dataDir="+data, "server.1=a:1:2;3", "server.2=127.0.0.1:2888:3888;127.0.0.1:"+port, "server.3=c:1:2;3")
			if got := zook(t.Context(), "", "", "server", "status", file); !strings.HasSuffix(got, "\nMode: standalone\n") {
				t.Errorf("of an ensemble:\n%s", got)
			}
		})
	}
}

func TestServerStatusOverTLS(t *testing.T) {
	certs := zktest.NewCerts(t)
	for _, c := range []struct {
		clientAuth string
		flags      []string
		ends       string
	}{
		{"none", nil, "Mode: standalone\n"},
		{"need", []string{"--tls-ca", certs.CA, "--tls-cert", certs.ClientCert, "--tls-key", certs.ClientKey}, "Mode: standalone\n"},
		{"need", nil, "= 1\n"}, // the server's own certificate is not for clients
	} {
		cfg := server.Config{DataDir: t.TempDir(), SecureAddr: "127.0.0.1:0",
			TLS: server.TLS{KeyStore: server.Store{File: certs.Server}, TrustStore: server.Store{File: certs.CA}, ClientAuth: c.clientAuth}}
		s, err := server.Start(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(s.SecureAddr())
		file := writeConfig(t, "dataDir="+cfg.DataDir, "secureClientPort="+port, "secureClientPortAddress=127.0.0.1",
			"ssl.keyStore.location="+certs.Server, "ssl.trustStore.location="+certs.CA, "ssl.clientAuth="+c.clientAuth)
		got := zook(t.Context(), "", "", append([]string{"server", "status", file}, c.flags...)...)
		if !strings.HasSuffix(got, c.ends) || !strings.Contains(got, "Client SSL: true.\n") {
			t.Errorf("%s, %q:\n%s", c.clientAuth, c.flags, got)
		}
		s.Close()
	}
}

func TestServerStatusOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // somebody who is no ZooKeeper
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for port, says := range map[string]string{port: "an HTTP server answers on this port", "1": "connection refused"} {
		file := writeConfig(t, "dataDir="+t.TempDir(), "clientPort="+port, "clientPortAddress=127.0.0.1")
		got := zook(t.Context(), "", "", "server", "status", file)
		if !strings.Contains(got, "! zook: server status: error contacting service, it is probably not running: 127.0.0.1:"+port+": ") ||
			!strings.Contains(got, says) || !strings.HasSuffix(got, "= 1\n") {
			t.Errorf("port %s:\n%s", port, got)
		}
	}
}

func TestPrintConfig(t *testing.T) {
	t.Setenv("JVMFLAGS", "-Xmx1g -Dzookeeper.snapCount=777 -Dzookeeper.tickTime=9 -Djava.net.preferIPv4Stack=true")
	file := writeConfig(t, "dataDir=/d", "tickTime=3000", "ssl.keyStore.password=geheim", "nonsense=1")
	got := zook(t.Context(), "", "", "server", "print-config", file)
	for _, want := range []string{
		"snapCount=777\t# JVMFLAGS\n", "tickTime=3000\t# " + file + ":2\n", "minSessionTimeout=6000\t# default\n",
		"ssl.keyStore.password=***\t# " + file + ":3\n", "dataLogDir=/d\t# default\n",
		"! zook: warning: " + file + ":4: nonsense has no meaning here\n",
		"! zook: warning: " + file + ":2: tickTime is set at JVMFLAGS too; this one counts\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "geheim") || strings.Contains(got, "preferIPv4Stack") {
		t.Errorf("got\n%s", got)
	}
	t.Setenv("JVMFLAGS", "")
	out := zook(t.Context(), "", "", "server", "print-config", writeConfig(t, "dataDir=/d", "tickTime=x"), "-o", "json")
	array, rest, _ := strings.Cut(out, "\n]\n")
	var all []struct{ Key, Value, Source string }
	if err := json.Unmarshal([]byte(array+"]"), &all); err != nil || len(all) < 20 {
		t.Errorf("%v in\n%s", err, out)
	}
	if !strings.Contains(rest, ":2: tickTime: \"x\" is not a number") || !strings.HasSuffix(rest, "= 1\n") {
		t.Errorf("behind the array: %q", rest)
	}
}

func TestServerRunUsage(t *testing.T) {
	file := writeConfig(t, "dataDir="+t.TempDir(), "clientPort=x")
	for _, c := range []struct {
		words []string
		says  string
	}{
		{[]string{"run", "--listen", "127.0.0.1:0", file}, "! zook: server run: --listen is for a start without zoo.cfg\n= 2\n"},
		{[]string{"run", file, "--dir", "/d"}, "! zook: server run: --dir is for a start without zoo.cfg\n= 2\n"},
		{[]string{"run", "--log-level", "loud"}, "! zook: server run: --log-level is debug, info, warn or error, not \"loud\"\n= 2\n"},
		{[]string{"run", "--log-format", "xml"}, "! zook: server run: --log-format is text or json, not \"xml\"\n= 2\n"},
		{[]string{"run", file}, "! zook: server run: " + file + ":2: clientPort: \"x\" is not a number from 0 to 65535\n= 1\n"},
		{[]string{"run", "/nowhere/zoo.cfg"}, "! zook: server run: /nowhere/zoo.cfg: no such file or directory\n= 1\n"},
		{[]string{"run", "a", "b"}, "! zook: server run: one argument too many, \"b\"; usage: zook server run [zoo.cfg]\n= 2\n"},
		{[]string{"purge", file}, "! zook: server purge: -n: the number of snapshots to keep, at least 3\n= 2\n"},
		{[]string{"init", "--configfile", file, file}, "! zook: server init: --configfile and the argument are the same: one of them is enough\n= 2\n"},
	} {
		if got := zook(t.Context(), "", "", append([]string{"server"}, c.words...)...); got != c.says {
			t.Errorf("%q:\n%swant\n%s", c.words, got, c.says)
		}
	}
	got := zook(t.Context(), "", "", "server", "run", "--log-format", "json", "--listen", "127.0.0.1:99999")
	var line struct{ Level, Msg, Reason string }
	lines := strings.Split(got, "\n! ")
	last, _, _ := strings.Cut(lines[len(lines)-1], "\n")
	if err := json.Unmarshal([]byte(last), &line); err != nil || line.Level != "ERROR" || !strings.Contains(line.Reason, "99999") || !strings.HasSuffix(got, "\n= 1\n") {
		t.Errorf("as JSON: %v, %q", err, got)
	}
}
