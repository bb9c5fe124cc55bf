package server

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// adminSnapshot takes a snapshot, and sends it unless the query says streaming=false.
//
// Behaviour: Commands.SnapshotCommand.
func adminSnapshot(a *adminServer, r *http.Request) adminAnswer {
	if ans, ok := a.mayCopy(!a.cfg.NoSnapshot, "admin.snapshot.enabled", a.snapshots, a.srv.stats.snapshotsLimited); !ok {
		return ans
	}
	start := time.Now()
	file, zxid, err := a.srv.takeSnapshot()
	if err != nil {
		a.srv.stats.snapshotErrors.add(1)
		a.log.Error("AdminServer: no snapshot", "from", r.RemoteAddr, "reason", err.Error())
		return adminAnswer{status: http.StatusInternalServerError, refusal: "no snapshot: " + err.Error()}
	}
	ans := adminAnswer{file: file, header: map[string]string{"last_zxid": "0x" + strconv.FormatUint(uint64(zxid), 16)}}
	if info, err := file.Stat(); err == nil {
		ans.header["snapshot_size"] = strconv.FormatInt(info.Size(), 10)
	}
	a.log.Info("AdminServer: a snapshot", "from", r.RemoteAddr, "zxid", hex(zxid), "took", time.Since(start))
	if streaming := r.URL.Query()["streaming"]; len(streaming) > 0 && !strings.EqualFold(streaming[0], "true") {
		file.Close()
		ans.file = nil
	}
	return ans
}

// adminRestore replaces the tree by that of the snapshot in the body.
//
// Behaviour: Commands.RestoreCommand.
func adminRestore(a *adminServer, r *http.Request) adminAnswer {
	if ans, ok := a.mayCopy(!a.cfg.NoRestore, "admin.restore.enabled", a.restores, a.srv.stats.restoresLimited); !ok {
		return ans
	}
	if !a.restoring.TryLock() {
		return adminAnswer{status: http.StatusTooManyRequests, refusal: "another restore is on its way"}
	}
	defer a.restoring.Unlock()
	zxid, err := a.srv.restore(r.Context(), r.Body)
	if err != nil {
		a.srv.stats.restoreErrors.add(1)
		a.log.Error("AdminServer: nothing restored", "from", r.RemoteAddr, "reason", err.Error())
		return adminAnswer{status: http.StatusInternalServerError, refusal: "nothing restored: " + err.Error()}
	}
	return tell(jsonField{"last_zxid", zxid})
}

// mayCopy reports whether a command that reads or writes the whole tree is possible
// now; otherwise what to answer.
func (a *adminServer) mayCopy(enabled bool, key string, limit *rateLimiter, limited *counter) (adminAnswer, bool) {
	switch {
	case !enabled:
		return adminAnswer{status: http.StatusServiceUnavailable, refusal: key + " is false"}, false
	case a.srv.cfg.NoLastZxid:
		return adminAnswer{status: http.StatusInternalServerError, refusal: "serializeLastProcessedZxid.enabled is false"}, false
	case !limit.allow():
		limited.add(1)
		return adminAnswer{status: http.StatusTooManyRequests, refusal: "too soon after the last one: admin.rateLimiterIntervalInMS"}, false
	}
	return adminAnswer{}, true
}

// patientReader gives a client the idle timeout for each piece that it sends.
type patientReader struct {
	io.ReadCloser
	control *http.ResponseController
	timeout time.Duration
}

func (r *patientReader) Read(p []byte) (int, error) {
	r.control.SetReadDeadline(time.Now().Add(r.timeout))
	return r.ReadCloser.Read(p)
}
