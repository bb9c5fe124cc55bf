package commands

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zook/server"
)

// examineConfig tells what reading zoo.cfg has found.
func (d *doctor) examineConfig() {
	for _, p := range d.file.Problems {
		s, text := isWarning, p.Key+" "+p.Text
		switch {
		case p.Key == "":
			text = p.Text
		case p.Fatal:
			text = p.Key + ": " + p.Text
		}
		switch {
		case p.Fatal:
			s = isError
		case p.Absent:
			s = isNote
		}
		d.say(s, p.Place, "", "%s", text)
	}
}

// examineRisks tells of settings that are meant for a while, or that open a door.
func (d *doctor) examineRisks() {
	at := func(key string) string {
		if _, place, ok := d.file.Given(key); ok {
			return place
		}
		return d.file.Path
	}
	for _, r := range []struct {
		on       bool
		key, say string
		do       string
	}{
		{d.cfg.NoForceSync, "forceSync", "a crash of the machine loses writes that were acknowledged", "set forceSync=yes"},
		{d.cfg.SkipACL, "skipACL", "every client may do everything", "set skipACL=no"},
		{d.cfg.TrustEmptySnapshot, "snapshot.trust.empty", "logs without a snapshot are taken for everything there is", "only an upgrade from before 3.5 needs it"},
		{d.cfg.NoTreeDigest, "digest.enabled", "damage of the tree is not noticed", ""},
	} {
		if r.on {
			d.say(isWarning, at(r.key), r.do, "%s: %s", r.key, r.say)
		}
	}
	if st, err := os.Stat(d.file.Path); err == nil && isReadableByAll(st) {
		for _, v := range d.file.Effective() {
			if v.Secret && v.Value != "" && strings.HasPrefix(v.Place, d.file.Path+":") {
				d.say(isWarning, v.Place, "chmod o-r "+d.file.Path, "%s is a secret, and every user of this machine may read the file", v.Key)
			}
		}
	}
	if dir := d.cfg.DataDir; dir == os.TempDir() || strings.HasPrefix(dir, os.TempDir()+string(filepath.Separator)) {
		d.say(isWarning, at("dataDir"), "choose another", "dataDir is in %s, which many systems empty", os.TempDir())
	}
	if !slices.Contains(d.cfg.Words, "mntr") && !slices.Contains(d.cfg.Words, "*") && d.cfg.Admin.Addr == "" {
		d.say(isNote, at("4lw.commands.whitelist"), "add mntr to 4lw.commands.whitelist", "zook check, top and exporter ask for mntr, which is not allowed, and there is no AdminServer")
	}
	for key, dir := range map[string]string{"dataDir": d.file.Config.DataDir, "dataLogDir": d.file.Config.DataLogDir} {
		if dir != "" && !filepath.IsAbs(dir) {
			d.say(isWarning, at(key), "write a path that begins with /", "%s=%s depends on where the server is started", key, dir)
		}
	}
}

// examineScripts tells of shell scripts that zkServer.sh runs and zook does not.
func (d *doctor) examineScripts() {
	for _, name := range []string{"java.env", "zookeeper-env.sh"} {
		file := filepath.Join(filepath.Dir(d.file.Path), name)
		b, err := os.ReadFile(file)
		if err == nil && (bytes.Contains(b, []byte("-Dzookeeper.")) || bytes.Contains(b, []byte("-Djute.")) || bytes.Contains(b, []byte("ZOO_"))) {
			d.say(isWarning, file, "move its -D to zoo.cfg, and set its variables for zook", "zkServer.sh runs this script, and zook does not")
		}
	}
}

// examineEnsemble looks at server.N and myid.
func (d *doctor) examineEnsemble(ctx context.Context) {
	members := d.file.Members
	if len(members) == 0 {
		return
	}
	id, err := server.ReadMyID(d.cfg.DataDir)
	file := filepath.Join(d.cfg.DataDir, "myid")
	own := slices.IndexFunc(members, func(m server.Member) bool { return m.ID == id })
	if err == nil && own == -1 {
		d.say(isError, file, "write the number of this server to it", "it says %d, and there is no server.%d", id, id)
	}
	voters := 0
	used := map[string]int64{}
	for _, m := range members {
		if !m.Observer {
			voters++
		}
		d.examineMember(ctx, m, used, err == nil && m.ID == id)
	}
	if voters > 1 && voters%2 == 0 {
		d.say(isNote, d.file.Path, "use an odd number", "%d servers vote: no more of them may fail than of %d", voters, voters-1)
	}
	if voters > 1 {
		for _, key := range []string{"initLimit", "syncLimit"} {
			if _, _, ok := d.file.Given(key); !ok {
				d.say(isError, d.file.Path, "set "+key+"=10", "%s is not set, and an ensemble needs it", key)
			}
		}
	}
}

// examineMember looks at one server.N. used are the addresses of those before.
func (d *doctor) examineMember(ctx context.Context, m server.Member, used map[string]int64, own bool) {
	name := fmt.Sprintf("server.%d", m.ID)
	here := false
	for _, h := range m.Hosts {
		for _, port := range []int{h.Port, h.ElectionPort} {
			addr := net.JoinHostPort(h.Host, fmt.Sprint(port))
			if other, ok := used[addr]; ok {
				d.say(isError, m.Place, "give it a port of its own", "%s and server.%d both have %s", name, other, addr)
			}
			used[addr] = m.ID
		}
		ips, err := addressesOf(ctx, h.Host)
		if err != nil {
			d.say(isError, m.Place, "enter it in DNS or /etc/hosts, or write the address", "%s: %s cannot be resolved", name, h.Host)
		}
		here = here || err != nil || slices.ContainsFunc(ips, isOwnAddress)
	}
	if own && !here {
		d.say(isError, m.Place, "write the right number to myid, or the right address here", "myid says that %s is this server, and its address is of another machine", name)
	}
}

// addressesOf finds the addresses of a name.
func addressesOf(ctx context.Context, host string) ([]net.IP, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	var ips []net.IP
	for _, a := range addrs {
		ips = append(ips, a.IP)
	}
	return ips, nil
}

// isOwnAddress reports whether an address is of this machine.
func isOwnAddress(ip net.IP) bool {
	addrs, err := net.InterfaceAddrs()
	return err != nil || ip.IsUnspecified() || ip.IsLoopback() || slices.ContainsFunc(addrs, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}

// soon is when a certificate's end is worth a word.
const soon = 30 * 24 * time.Hour

// examineStores looks at keys and certificates.
func (d *doctor) examineStores() {
	for _, s := range d.cfg.Stores() {
		about := s.Store.File
		if about == "" {
			about = d.file.Path
		}
		if s.Err != nil {
			d.say(isError, about, "", "%s: %v", s.Key, s.Err)
			continue
		}
		isKeyStore := strings.HasSuffix(s.Key, "keyStore.location")
		for _, c := range s.Certs {
			switch left := c.NotAfter.Sub(d.now); {
			case left < 0:
				worse := isWarning // of those that are trusted some may go
				if isKeyStore {
					worse = isError
				}
				d.say(worse, about, "renew it", "the certificate of %s has expired, at %s", c.Subject, Time(c.NotAfter.UnixMilli()))
			case left < soon:
				d.say(isWarning, about, "renew it", "the certificate of %s expires at %s", c.Subject, Time(c.NotAfter.UnixMilli()))
			case c.NotBefore.After(d.now):
				d.say(isError, about, "look at the clock", "the certificate of %s is valid from %s on", c.Subject, Time(c.NotBefore.UnixMilli()))
			}
		}
		if st, err := os.Stat(s.Store.File); err == nil && isKeyStore && isReadableByAll(st) {
			d.say(isWarning, about, "chmod o-r "+about, "every user of this machine may read this key")
		}
	}
}
