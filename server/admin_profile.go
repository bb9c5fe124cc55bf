package server

import (
	"net/http"
	"net/http/pprof"
	"net/netip"
)

// serveProfile serves Go's profiles, to this machine alone: they show what is in memory.
func serveProfile(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || !ownHost(r) {
		refuse(w, http.StatusForbidden, "only for clients on this machine")
		return
	}
	switch r.URL.Path {
	case "/debug/pprof/cmdline":
		pprof.Cmdline(w, r)
	case "/debug/pprof/profile":
		pprof.Profile(w, r)
	case "/debug/pprof/symbol":
		pprof.Symbol(w, r)
	case "/debug/pprof/trace":
		pprof.Trace(w, r)
	default:
		pprof.Index(w, r)
	}
}
