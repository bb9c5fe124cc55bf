package server

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// stats is what the server counts, over all connections.
//
// Names and meanings: ServerMetrics.java and ServerStats.java; times are in
// milliseconds.
type stats struct {
	started       time.Time
	metrics       []metric     // all but the gauges
	authFailed    counter      // TLS handshakes that failed; srst leaves it
	tlsHandshakes atomic.Int64 // on their way
	mask          atomic.Int64 // of stmk; nothing is traced
	digests       digestLog

	mu      sync.Mutex
	traffic traffic // sums since the start or srst

	ops                                                     []*counter // by kind; nil for none
	allOps                                                  *counter
	bytesReceived, responseBytes, watchBytes                *counter
	connectionRequests, revalidations                       *counter
	connectionsRejected, connectionsDropped                 *counter
	sessionsExpired, sessionlessExpired                     *counter
	prepQueued, syncQueued                                  *counter
	changesQueued, changesRemoved                           *counter
	staleDropped, staleReplies                              *counter
	digestMismatches, unrecoverable                         *counter
	tlsHandshakesFailed                                     *counter
	ensembleAuthSuccess, ensembleAuthFail, ensembleAuthSkip *counter
	snapshotErrors, snapshotsLimited                        *counter
	restoreErrors, restoresLimited, insecureAdmin           *counter
	fsyncTime, snapshotTime, restoreTime                    *summary
	dbInitTime, startupTxns                                 *summary
	readLatency, updateLatency, propagation                 *summary
	nodeCreatedWatch, nodeDeletedWatch                      *summary
	nodeChangedWatch, nodeChildrenWatch                     *summary
	prepQueueTime, prepQueueSize, prepTime, proposalTime    *summary
	closeSessionPrepTime                                    *summary
	syncQueueTime, syncQueueSize, syncBatch, syncTime       *summary
	syncFlushTime, syncQueueAndFlushTime                    *summary
	readPerNamespace, writePerNamespace, quotaExceeded      *spreadSet
}

// metric is one of what the server counts; one of the pointers is set.
type metric struct {
	name        string
	counter     *counter
	summary     *summary
	percentiles bool // of the summary, too
	set         *spreadSet
	counts      bool // the set is one of counters
}

// Metrics of Apache's that nothing here changes: ensembles, Netty, the caches and the
// throttling that this server does not have. They are told all the same, as Apache
// tells those of parts that are not in use.
var (
	idleCounters = strings.Fields(`looking_count diff_count snap_count commit_count add_dead_watcher_stall_time
		dead_watchers_queued dead_watchers_cleared response_packet_cache_hits response_packet_cache_misses
		response_packet_get_children_cache_hits response_packet_get_children_cache_misses revalidate_count
		request_commit_queued throttled_ops
		learner_proposal_received_count learner_commit_received_count proposal_count
		quit_leading_due_to_disloyal_voter stale_requests request_throttle_wait_count large_requests_rejected
		tls_handshake_exceeded cnxn_closed_without_zk_server_running skip_learner_request_to_next_processor_count
		requests_not_forwarded_to_commit_processor`)
	idleSummaries = strings.Fields(`follower_sync_time observer_sync_time election_time connection_token_deficit
		inflight_snap_count inflight_diff_count unavailable_time leader_unavailable_time requests_in_session_queue
		pending_session_queue_size reads_after_write_in_session_queue reads_issued_from_session_queue
		session_queues_drained time_waiting_empty_pool_in_commit_processor_read_ms
		write_batch_time_in_commit_processor concurrent_request_processing_in_commit_processor
		read_commit_proc_req_queued write_commit_proc_req_queued commit_commit_proc_req_queued read_commit_proc_issued
		write_commit_proc_issued commit_process_time netty_queued_buffer_capacity learner_request_processor_queue_size
		socket_closing_time startup_snap_load_time startup_txns_load_time`)
	idlePercentiles = strings.Fields(`dead_watchers_cleaner_latency read_commitproc_time_ms write_commitproc_time_ms
		local_write_committed_time_ms server_write_committed_time_ms om_proposal_process_time_ms
		om_commit_process_time_ms read_final_proc_time_ms write_final_proc_time_ms proposal_latency
		proposal_ack_creation_latency commit_propagation_latency quorum_ack_latency request_throttle_queue_time_ms
		jvm_pause_time_ms`)
)

func newStats() *stats {
	s := &stats{started: time.Now()}
	s.mask.Store(306) // as Apache's: requests, received packets, sessions, warnings
	s.countRequests()
	s.connectionRequests, s.revalidations = s.counter("connection_request_count"), s.counter("connection_revalidate_count")
	s.connectionsRejected, s.connectionsDropped = s.counter("connection_rejected"), s.counter("connection_drop_count")
	s.sessionsExpired, s.sessionlessExpired = s.counter("stale_sessions_expired"), s.counter("sessionless_connections_expired")
	s.prepQueued, s.syncQueued = s.counter("prep_processor_request_queued"), s.counter("sync_processor_request_queued")
	s.changesQueued, s.changesRemoved = s.counter("outstanding_changes_queued"), s.counter("outstanding_changes_removed")
	s.staleDropped, s.staleReplies = s.counter("stale_requests_dropped"), s.counter("stale_replies")
	s.digestMismatches, s.unrecoverable = s.counter("digest_mismatches_count"), s.counter("unrecoverable_error_count")
	s.tlsHandshakesFailed = s.counter("unsuccessful_handshake")
	s.ensembleAuthSuccess, s.ensembleAuthFail = s.counter("ensemble_auth_success"), s.counter("ensemble_auth_fail")
	s.ensembleAuthSkip = s.counter("ensemble_auth_skip")
	s.snapshotErrors, s.snapshotsLimited = s.counter("snapshot_error_count"), s.counter("snapshot_rate_limited_count")
	s.restoreErrors, s.restoresLimited = s.counter("restore_error_count"), s.counter("restore_rate_limited_count")
	s.insecureAdmin = s.counter("insecure_admin_count")

	s.fsyncTime, s.snapshotTime, s.restoreTime = s.summary("fsynctime"), s.summary("snapshottime"), s.summary("restore_time")
	s.dbInitTime = s.summary("dbinittime")
	s.startupTxns = s.summary("startup_txns_loaded")
	s.nodeCreatedWatch, s.nodeDeletedWatch = s.summary("node_created_watch_count"), s.summary("node_deleted_watch_count")
	s.nodeChangedWatch, s.nodeChildrenWatch = s.summary("node_changed_watch_count"), s.summary("node_children_watch_count")
	s.prepQueueSize, s.prepTime = s.summary("prep_processor_queue_size"), s.summary("prep_process_time")
	s.proposalTime = s.summary("proposal_process_time")
	s.syncQueueSize, s.syncBatch = s.summary("sync_processor_queue_size"), s.summary("sync_processor_batch_size")
	s.syncTime = s.summary("sync_process_time")

	s.readLatency, s.updateLatency = s.percentiles("readlatency"), s.percentiles("updatelatency")
	s.propagation = s.percentiles("propagation_latency")
	s.prepQueueTime, s.closeSessionPrepTime = s.percentiles("prep_processor_queue_time_ms"), s.percentiles("close_session_prep_time")
	s.syncQueueTime, s.syncFlushTime = s.percentiles("sync_processor_queue_time_ms"), s.percentiles("sync_processor_queue_flush_time_ms")
	s.syncQueueAndFlushTime = s.percentiles("sync_processor_queue_and_flush_time_ms")

	s.readPerNamespace, s.writePerNamespace = &spreadSet{}, &spreadSet{}
	s.quotaExceeded = &spreadSet{}
	s.metrics = append(s.metrics, metric{name: "write_per_namespace", set: s.writePerNamespace},
		metric{name: "read_per_namespace", set: s.readPerNamespace},
		metric{name: "quota_exceeded_error_per_namespace", set: s.quotaExceeded, counts: true})
	for _, name := range idleCounters {
		s.counter(name)
	}
	for _, name := range idleSummaries {
		s.summary(name)
	}
	for _, name := range idlePercentiles {
		s.percentiles(name)
	}
	return s
}

// countRequests makes the counters of requests, which connections tell of with join.
func (s *stats) countRequests() {
	s.allOps = s.counter("op_count_total")
	s.ops = make([]*counter, len(opKinds))
	byName := map[string]*counter{}
	for i, k := range opKinds {
		if k.counter != "" && byName[k.counter] == nil {
			byName[k.counter] = s.counter(k.counter)
		}
		s.ops[i] = byName[k.counter]
	}
	s.bytesReceived, s.responseBytes = s.counter("bytes_received_count"), s.counter("response_bytes")
	s.watchBytes = s.counter("watch_bytes")
}

func (s *stats) counter(name string) *counter {
	c := &counter{}
	s.metrics = append(s.metrics, metric{name: name, counter: c})
	return c
}

func (s *stats) summary(name string) *summary {
	sum := &summary{}
	s.metrics = append(s.metrics, metric{name: name, summary: sum})
	return sum
}

func (s *stats) percentiles(name string) *summary {
	sum := s.summary(name)
	s.metrics[len(s.metrics)-1].percentiles = true
	return sum
}

// join takes over what a connection has counted.
func (s *stats) join(t *traffic, answers []answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traffic.join(t)
	s.bytesReceived.add(t.bytesReceived)
	s.responseBytes.add(t.responseBytes)
	s.watchBytes.add(t.watchBytes)
	if len(answers) == 0 {
		return
	}
	s.readLatency.mu.Lock()
	defer s.readLatency.mu.Unlock()
	s.updateLatency.mu.Lock()
	defer s.updateLatency.mu.Unlock()
	var kinds [32]int64
	for _, a := range answers {
		kinds[a.kind()]++
		if opKinds[a.kind()].update {
			s.updateLatency.addLocked(a.took(), 1)
		} else {
			s.readLatency.addLocked(a.took(), 1)
		}
	}
	for kind, n := range kinds[:len(opKinds)] {
		if c := s.ops[kind]; c != nil && n > 0 {
			c.add(n)
			s.allOps.add(n)
		}
	}
}

// latency is that of all requests.
func (s *stats) latency() spread {
	all, _ := s.readLatency.read()
	updates, _ := s.updateLatency.read()
	all.join(updates)
	return all
}

// read returns the sums.
func (s *stats) read() traffic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.traffic
}

// reset begins to count anew (srst).
func (s *stats) reset() {
	s.mu.Lock()
	s.traffic = traffic{}
	s.mu.Unlock()
	for _, m := range s.metrics {
		switch {
		case m.counter != nil:
			m.counter.n.Store(0)
		case m.summary != nil:
			m.summary.reset()
		default:
			m.set.reset()
		}
	}
}
