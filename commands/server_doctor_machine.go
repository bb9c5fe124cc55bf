package commands

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// examinePorts looks whether the ports can be had.
func (d *doctor) examinePorts() {
	keys := map[string]string{} // by port
	for _, p := range sortedPairs(d.cfg.Ports()) {
		key, addr := p.key, p.value
		_, port, err := net.SplitHostPort(addr)
		if err == nil && port != "0" {
			if other := keys[port]; other != "" {
				d.say(withoutPort(other), d.file.Path, "choose another port for one of them", "%s and %s are both %s", other, key, port)
				continue
			}
			keys[port] = key
		}
		d.examinePort(key, addr)
	}
}

// withoutPort is how bad it is if the port of a key cannot be had: without AdminServer a
// server starts all the same.
func withoutPort(key string) gravity {
	if key == "admin.serverPort" {
		return isWarning
	}
	return isError
}

func (d *doctor) examinePort(key, addr string) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		l.Close()
		return
	}
	about, bad := key+" "+addr, withoutPort(key)
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		by := "somebody"
		if pid := portOwner(addr); pid != 0 {
			by = "process " + strconv.Itoa(pid)
			if command := commandLine(pid); command != "" {
				by += " (" + cutTo(command, 60) + ")"
			}
		}
		d.say(bad, about, "choose another port, or stop it", "the port is taken, by %s", by)
	case errors.Is(err, syscall.EACCES):
		d.say(bad, about, "choose a port above 1023, or give it CAP_NET_BIND_SERVICE", "%s may not listen on it", d.account.name)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		d.say(bad, about, "choose one of its own", "the address is not of this machine")
	case errors.As(err, &dns):
		d.say(bad, about, "enter it in DNS or /etc/hosts, or write the address", "the name cannot be resolved")
	default:
		d.say(bad, about, "", "%v", err)
	}
}

// examineLimits looks at what the process may have.
func (d *doctor) examineLimits() {
	limit, err := openFiles()
	if err != nil {
		return
	}
	const few = 4096
	switch wanted := uint64(max(d.cfg.MaxConns, 0)); {
	case wanted+100 > limit && wanted > 0:
		d.say(isWarning, "open files", "raise ulimit -n, or LimitNOFILE= of the service", "%d may be open, and maxCnxns is %d", limit, wanted)
	case limit < few:
		d.say(isWarning, "open files", "raise ulimit -n, or LimitNOFILE= of the service", "%d may be open: that many connections and files", limit)
	}
}

// examineClock looks at the clock and the name of the machine.
func (d *doctor) examineClock() {
	if d.now.Year() < 2024 {
		d.say(isError, "clock", "set the clock", "it says %v", Time(d.now.UnixMilli()))
	} else if known, synced := clockState(); known && !synced {
		d.say(isNote, "clock", "run chronyd, ntpd or systemd-timesyncd", "nobody keeps it in time")
	}
	host, err := os.Hostname()
	if err != nil {
		d.say(isNote, "hostname", "", "%v", err)
		return
	}
	if _, err := addressesOf(context.Background(), host); err != nil {
		d.say(isNote, "hostname "+host, "enter it in DNS or /etc/hosts", "it cannot be resolved, which Apache's tools and peers may wait for")
	}
}

type pair struct{ key, value string }

func sortedPairs(m map[string]string) (pairs []pair) {
	for k, v := range m {
		pairs = append(pairs, pair{k, v})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	return pairs
}

// cutTo cuts a text where it is too long for a line.
func cutTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return cutTo(string(line), 60)
}

func parseEpoch(b []byte) (int64, error) {
	return strconv.ParseInt(strings.TrimSpace(firstLine(b)), 10, 64)
}
