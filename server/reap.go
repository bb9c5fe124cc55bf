package server

import (
	"time"

	"zook/datatree"
	"zook/jute"
)

// reap deletes containers and TTL nodes that are due, one after the other and no
// faster than ContainerMaxPerMinute.
//
// Behaviour: ContainerManager.java.
func (s *Server) reap() {
	defer s.running.Done()
	check := time.NewTicker(s.cfg.ContainerCheckInterval)
	defer check.Stop()
	pause := time.Minute / time.Duration(s.cfg.ContainerMaxPerMinute)
	for {
		select {
		case <-s.stopping:
			return
		case now := <-check.C:
			for _, path := range s.tree.Due(now, s.cfg.ContainerMaxNeverUsed) {
				s.requests.put(request{op: jute.OpDeleteContainer,
					body: jute.Marshal(&jute.DeleteContainerRequest{Path: path})})
				select {
				case <-s.stopping:
					return
				case <-time.After(pause):
				}
			}
		}
	}
}

// deleteContainer is submitted by the server itself. The znode may have come back
// into use since it was found to be due.
func (d *draft) deleteContainer(r *jute.DeleteContainerRequest) (jute.Record, jute.ErrCode) {
	parent, err := d.deletableParent(r.Path)
	if err != jute.ErrOK {
		return nil, err
	}
	n, err := d.look(r.Path)
	if err != jute.ErrOK {
		return nil, err
	}
	if n.NumChildren > 0 {
		return nil, jute.ErrNotEmpty
	}
	if !datatree.IsDue(&n.Stat, time.UnixMilli(d.txn.Header.Time), d.p.cfg.ContainerMaxNeverUsed) {
		return nil, jute.ErrBadVersion
	}
	d.drop(r.Path, n, parent)
	return &jute.DeleteTxn{Path: r.Path}, jute.ErrOK
}
