package server

import (
	"cmp"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"zook/datadir"
	"zook/datatree"
	"zook/fourletter"
)

// adminCommands are the commands of Apache's AdminServer.
//
// Names and fields: Commands.java.
var adminCommands []adminCommand

func init() { // not in the declaration: the list of commands is what one of them shows
	adminCommands = []adminCommand{
		{names: []string{"configuration", "conf", "config"}, run: adminConf},
		{names: []string{"connection_stat_reset", "crst"}, run: adminCrst},
		{names: []string{"connections", "cons"}, run: adminCons},
		{names: []string{"dirs"}, run: adminDirs},
		{names: []string{"dump"}, run: adminDump},
		{names: []string{"environment", "env", "envi"}, early: true, run: adminEnvi},
		{names: []string{"get_trace_mask", "gtmk"}, early: true, run: adminGetTraceMask},
		{names: []string{"hash"}, run: adminHash},
		{names: []string{"initial_configuration", "icfg"}, run: adminInitialConfig},
		{names: []string{"is_read_only", "isro"}, run: adminIsro},
		{names: []string{"last_snapshot", "lsnp"}, run: adminLastSnapshot},
		{names: []string{"leader", "lead"}, run: adminLeader},
		{names: []string{"monitor", "mntr"}, run: adminMntr},
		{names: []string{"observer_connection_stat_reset", "orst"}, run: adminNothing},
		{names: []string{"observers", "obsr"}, run: adminObservers},
		{names: []string{"restore", "rest"}, post: true, guarded: true, run: adminRestore},
		{names: []string{"ruok"}, run: adminNothing},
		{names: []string{"server_stats", "srvr"}, run: adminSrvr},
		{names: []string{"set_trace_mask", "stmk"}, early: true, run: adminSetTraceMask},
		{names: []string{"shed_connections", "shed"}, post: true, guarded: true, run: adminShed},
		{names: []string{"snapshot", "snap"}, guarded: true, run: adminSnapshot},
		{names: []string{"stat_reset", "srst"}, run: adminSrst},
		{names: []string{"stats", "stat"}, run: adminStat},
		{names: []string{"system_properties", "sysp"}, early: true, run: adminSystemProperties},
		{names: []string{"voting_view"}, run: adminVotingView},
		{names: []string{"watch_summary", "wchs"}, run: adminWchs},
		{names: []string{"watches", "wchc"}, run: adminWchc},
		{names: []string{"watches_by_path", "wchp"}, run: adminWchp},
		{names: []string{"zabstate"}, early: true, run: adminZabState},
	}
}

func adminNothing(*adminServer, *http.Request) adminAnswer { return tell() }

// Behaviour: ZooKeeperServerConf.toMap.
func adminConf(a *adminServer, _ *http.Request) adminAnswer {
	conf := a.srv.conf()
	var o jsonObject
	for _, key := range []struct{ name, word string }{
		{"client_port", "clientPort"}, {"data_dir", "dataDir"}, {"data_log_dir", "dataLogDir"}, {"tick_time", "tickTime"},
		{"max_client_cnxns", "maxClientCnxns"}, {"min_session_timeout", "minSessionTimeout"},
		{"max_session_timeout", "maxSessionTimeout"}, {"server_id", "serverId"},
		{"client_port_listen_backlog", "clientPortListenBacklog"},
	} {
		value, _ := conf.Get(key.word)
		if strings.HasPrefix(key.name, "data_") {
			o = append(o, jsonField{key.name, value})
		} else {
			o = append(o, jsonField{key.name, jsonNumber(value)})
		}
	}
	return adminAnswer{fields: o}
}

func adminCrst(a *adminServer, _ *http.Request) adminAnswer {
	a.srv.resetConnections()
	return tell()
}

func adminSrst(a *adminServer, _ *http.Request) adminAnswer {
	a.srv.resetStats()
	return tell()
}

// jsonConns is connections; brief is what stats tells of them. Behaviour:
// ServerCnxn.getConnectionInfo.
func jsonConns(conns []fourletter.Conn, brief bool) []jsonObject {
	list := make([]jsonObject, 0, len(conns))
	for i := range conns {
		c := &conns[i]
		o := jsonObject{
			{"remote_socket_address", c.Addr},
			{"interest_ops", c.Interest},
			{"outstanding_requests", c.Queued},
			{"packets_received", c.Received},
			{"packets_sent", c.Sent},
		}
		if !brief {
			o = append(o, jsonObject{
				{"session_id", c.Session},
				{"last_operation", c.LastOp},
				{"established", c.Established},
				{"session_timeout", c.Timeout},
				{"last_cxid", c.LastCxid},
				{"last_zxid", c.LastZxid},
				{"last_response_time", c.LastResponse},
				{"last_latency", c.LastLatency},
				{"min_latency", c.MinLatency},
				{"avg_latency", int64(c.AvgLatency)},
				{"max_latency", c.MaxLatency},
			}...)
		}
		list = append(list, o)
	}
	return list
}

func (a *adminServer) connections(brief bool) jsonObject {
	plain, secure := a.srv.consByPort()
	return jsonObject{{"connections", jsonConns(plain, brief)}, {"secure_connections", jsonConns(secure, brief)}}
}

func adminCons(a *adminServer, _ *http.Request) adminAnswer {
	return adminAnswer{fields: a.connections(false)}
}

func adminDirs(a *adminServer, _ *http.Request) adminAnswer {
	d := a.srv.dirs()
	return tell(jsonField{"datadir_size", d.DataDirSize}, jsonField{"logdir_size", d.LogDirSize})
}

// adminDump tells when sessions expire in milliseconds since 1970; Apache counts them
// from some moment that only its machine knows.
func adminDump(a *adminServer, _ *http.Request) adminAnswer {
	var expiries, ephemerals jsonObject
	for _, e := range a.srv.expiries() {
		expiries = append(expiries, jsonField{strconv.FormatInt(e.at.UnixMilli(), 10), e.sessions})
	}
	for _, e := range a.srv.ephemerals() {
		ephemerals = append(ephemerals, jsonField{strconv.FormatInt(e.Session, 10), e.Paths})
	}
	return tell(jsonField{"expiry_time_to_session_ids", expiries}, jsonField{"session_id_to_ephemeral_paths", ephemerals})
}

func jsonPairs(pairs fourletter.Pairs) jsonObject {
	var o jsonObject
	for _, p := range pairs {
		o = append(o, jsonField{p.Name, p.Value})
	}
	return o
}

func adminEnvi(a *adminServer, _ *http.Request) adminAnswer {
	return adminAnswer{fields: jsonPairs(a.srv.envi().Pairs)}
}

// adminSystemProperties tells the configuration in effect, which is what those of
// ZooKeeper are in Apache's server. There is no Java to have others.
func adminSystemProperties(a *adminServer, _ *http.Request) adminAnswer {
	values := map[string]string{}
	for _, group := range keys {
		for key, st := range group {
			if st.show != nil && !st.secret {
				values["zookeeper."+key] = st.show(&a.srv.cfg)
			}
		}
	}
	var o jsonObject
	for _, key := range slices.Sorted(maps.Keys(values)) {
		o = append(o, jsonField{key, values[key]})
	}
	return adminAnswer{fields: o}
}

func adminGetTraceMask(a *adminServer, _ *http.Request) adminAnswer {
	return tell(jsonField{"tracemask", jsonNumber(a.srv.traceMask())})
}

func adminSetTraceMask(a *adminServer, r *http.Request) adminAnswer {
	given := r.URL.Query()["traceMask"]
	if len(given) == 0 {
		return tell(jsonField{"error", "setTraceMask requires long traceMask argument"})
	}
	mask, err := strconv.ParseInt(given[0], 10, 64)
	if err != nil {
		return tell(jsonField{"error", "setTraceMask requires long traceMask argument, got " + given[0]})
	}
	a.srv.stats.mask.Store(mask)
	return tell(jsonField{"tracemask", mask})
}

func adminHash(a *adminServer, _ *http.Request) adminAnswer {
	digests := []jsonObject{}
	for _, d := range a.srv.hash() {
		digests = append(digests, jsonObject{{"zxid", d.Zxid}, {"digest", d.Digest}, {"digest_version", datatree.DigestVersion}})
	}
	return tell(jsonField{"digests", digests})
}

func adminInitialConfig(a *adminServer, _ *http.Request) adminAnswer {
	return tell(jsonField{"initial_configuration", a.srv.cfg.InitialConfig})
}

func adminIsro(*adminServer, *http.Request) adminAnswer { return tell(jsonField{"read_only", false}) }

// adminLastSnapshot tells of the newest snapshot on disk.
func adminLastSnapshot(a *adminServer, _ *http.Request) adminAnswer {
	zxid, at := int64(-1), int64(-1)
	if f, when, ok := a.srv.lastSnapshot(); ok {
		zxid, at = f.Zxid, when.Unix()
	}
	return tell(jsonField{"zxid", strconv.FormatUint(uint64(zxid), 16)}, jsonField{"timestamp", at})
}

func (s *Server) lastSnapshot() (f datadir.File, when time.Time, ok bool) {
	files, err := s.dir.Snapshots()
	if err != nil || len(files) == 0 {
		return f, when, false
	}
	f = files[len(files)-1]
	info, err := os.Stat(f.Path)
	if err != nil {
		return f, when, false
	}
	return f, info.ModTime(), true
}

func adminLeader(*adminServer, *http.Request) adminAnswer {
	return tell(jsonField{"error", "server is not initialized"}) // as a standalone Apache says
}

func adminMntr(a *adminServer, _ *http.Request) adminAnswer {
	var o jsonObject
	for _, p := range a.srv.mntr().Pairs {
		if _, err := strconv.ParseFloat(p.Value, 64); err == nil && p.Name != "version" {
			o = append(o, jsonField{p.Name, jsonNumber(p.Value)})
		} else {
			o = append(o, jsonField{p.Name, p.Value})
		}
	}
	return adminAnswer{fields: o}
}

func adminObservers(*adminServer, *http.Request) adminAnswer {
	return tell(jsonField{"synced_observers", 0}, jsonField{"observers", []string{}})
}

func adminVotingView(*adminServer, *http.Request) adminAnswer {
	return tell(jsonField{"current_config", jsonObject{}})
}

func adminZabState(*adminServer, *http.Request) adminAnswer {
	return tell(jsonField{"voting", false}, jsonField{"zabstate", ""})
}

// Behaviour: Commands.SrvrCommand, ServerStats.java, BufferStats.java.
func adminSrvr(a *adminServer, _ *http.Request) adminAnswer {
	srvr, dirs, mntr := a.srv.srvr(), a.srv.dirs(), a.srv.mntr()
	measured := func(name string) jsonNumber {
		v, _ := mntr.Get(name)
		return jsonNumber(cmp.Or(v, "0"))
	}
	sizes := jsonObject{
		{"last_buffer_size", measured("last_client_response_size")},
		{"min_buffer_size", measured("min_client_response_size")},
		{"max_buffer_size", measured("max_client_response_size")},
	}
	return tell(
		jsonField{"version", srvr.Version},
		jsonField{"read_only", srvr.ReadOnly},
		jsonField{"server_stats", jsonObject{
			{"packets_sent", srvr.Sent},
			{"packets_received", srvr.Received},
			{"fsync_threshold_exceed_count", a.srv.engine.slowSyncs.Load()},
			{"client_response_stats", sizes},
			{"data_dir_size", dirs.DataDirSize},
			{"log_dir_size", dirs.LogDirSize},
			{"provider_null", false},
			{"server_state", srvr.Mode},
			{"last_processed_zxid", srvr.Zxid},
			{"outstanding_requests", srvr.Outstanding},
			{"avg_latency", srvr.AvgLatency},
			{"max_latency", srvr.MaxLatency},
			{"min_latency", srvr.MinLatency},
			{"num_alive_client_connections", srvr.Connections},
			{"uptime", measured("uptime")},
			{"auth_failed_count", measured("auth_failed_count")},
			{"non_mtlsremote_conn_count", measured("non_mtls_remote_conn_count")},
			{"non_mtlslocal_conn_count", measured("non_mtls_local_conn_count")},
		}},
		jsonField{"client_response", sizes},
		jsonField{"node_count", srvr.Znodes},
	)
}

func adminStat(a *adminServer, r *http.Request) adminAnswer {
	ans := adminSrvr(a, r)
	ans.fields = append(ans.fields, a.connections(true)...)
	return ans
}

func adminWchs(a *adminServer, _ *http.Request) adminAnswer {
	w := a.srv.wchs()
	return tell(jsonField{"num_connections", w.Connections}, jsonField{"num_paths", w.Paths},
		jsonField{"num_total_watches", w.Watches})
}

func adminWchc(a *adminServer, _ *http.Request) adminAnswer {
	var o jsonObject
	for s := range a.srv.wchc() {
		o = append(o, jsonField{strconv.FormatInt(s.Session, 10), slices.Clone(s.Paths)})
	}
	return tell(jsonField{"session_id_to_watched_paths", o})
}

func adminWchp(a *adminServer, _ *http.Request) adminAnswer {
	var o jsonObject
	for p := range a.srv.wchp() {
		o = append(o, jsonField{p.Path, slices.Clone(p.Sessions)})
	}
	return tell(jsonField{"path_to_session_ids", o})
}
