package server

import "strings"

// absentKeys are those of Apache's that have no meaning here, and why. One that ends in a
// dot stands for all that begin with it.
var absentKeys = []struct {
	why  string
	keys []string
}{
	{"it is for members of an ensemble, which are not served yet", []string{
		"observerMasterPort", "peerType", "quorumListenOnAllIPs", "connectToLearnerMasterLimit", "leaderServes", "cnxTimeout",
		"quorumCnxnTimeoutMs", "tcpKeepAlive", "electionPortBindRetry", "syncEnabled", "observer.", "observerMaster.", "localSessionsEnabled",
		"localSessionsUpgradingEnabled", "leader.", "learner.", "follower.", "leaderConnectDelayDuringRetryMs", "maxTimeToWaitForEpoch",
		"maxConcurrentSnapSyncs", "maxConcurrentDiffSyncs", "fastleader.", "forward_learner_requests_to_commit_processor_disabled",
		"commitLogCount", "snapshotSizeFactor", "forceSnapshotSync", "sslQuorum", "sslQuorumReloadCertFiles", "portUnification",
		"quorum.", "kerberos.canonicalizeHostNames", "multiAddress.", "oraclePath", "messageTracker.", "db.autocreate", "ssl.quorum."}},
	{"it tunes threads and buffers of Java", []string{
		"nio.", "commitProcessor.", "request_throttler.", "intBufferStartingSizeBytes", "advancedFlowControlEnabled", "netty.advancedFlowControl.enabled",
		"jvm.pause."}},
	{"answers are not kept", []string{"maxResponseCacheSize", "maxGetChildrenResponseCacheSize"}},
	{"there is one table of watches", []string{"watchManagerName", "watcherCleanThreadsNum", "watcherCleanThreshold",
		"watcherCleanIntervalInSeconds", "maxInProcessingDeadWatchers", "bitHashCacheSize"}},
	{"writes that arrive during a sync share the next one, and none waits for company", []string{
		"flushDelay", "maxWriteQueuePollTime", "maxBatchSize"}},
	{"maxCnxns and maxClientCnxns limit connections", []string{
		"connection_throttle_", "connectionMaxTokens", "connectionTokenFillTime", "connectionTokenFillCount", "connectionFreezeTime",
		"connectionDropIncrease", "connectionDropDecrease", "connectionDecreaseRatio"}},
	{"requests are bounded by not reading more of them (globalOutstandingLimit), and none is dropped", []string{
		"request_throttle_", "request_stale_", "requestThrottleLimit", "requestThrottleStallTime", "requestThrottleDropStale",
		"requestStaleLatencyCheck", "requestStaleConnectionCheck", "throttled_op_wait_time", "throttledOpWaitTime"}},
	{"large requests always have a budget (largeRequestMaxBytes), and nobody is disconnected for one", []string{"largeRequestThreshold"}},
	{"the backlog is always the longest that the system allows (net.core.somaxconn)", []string{"clientPortListenBacklog"}},
	{"a handshake takes nobody else's time, and ends after 10 s", []string{
		"netty.server.outstandingHandshake.limit", "outstandingHandshake.limit", "netty.server.earlyDropSecureConnectionHandshakes"}},
	{"there is one way to serve connections, and it speaks TLS", []string{"serverCnxnFactory"}},
	{"it chooses between libraries of Java", []string{"ssl.sslProvider", "ssl.handshakeDetectionTimeoutMillis", "fips-mode"}},
	{"there is no audit log; zook log, blame and who-deleted read who changed what from the transaction logs", []string{"audit."}},
	{"there is no Kerberos", []string{"kerberos.removeHostFromPrincipal", "kerberos.removeRealmFromPrincipal", "requireKerberosConfig", "security.auth_to_local"}},
	{"a transaction may be larger than its request", []string{"jute.maxbuffer.extrasize"}},
	{"TTL nodes as 3.5.3 wrote them are not read", []string{"emulate353TTLNodes"}},
	{"an ACL is checked once, before a request goes to the log", []string{"enableEagerACLCheck"}},
	{"any client can send the header", []string{"IPAuthenticationProvider.usexforwardedfor"}},
	{"the AdminServer speaks HTTP/1.1", []string{"admin.httpVersion"}},
	{"metrics over HTTPS are on the AdminServer (admin.forceHttps)", []string{"metricsProvider.httpsPort", "metricsProvider.ssl."}},
	{"requests are not counted by path", []string{"pathStats."}},
	{"it is for Apache's own tests", []string{"test.", "testingonly."}},
}

// absentReason is why a key of Apache's has no meaning here, "" if it is none of them.
func absentReason(key string) string {
	for _, group := range absentKeys {
		for _, k := range group.keys {
			if key == k || strings.HasPrefix(key, k) && strings.ContainsAny(k[len(k)-1:], "._") {
				return group.why
			}
		}
	}
	return ""
}
