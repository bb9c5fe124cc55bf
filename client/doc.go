// Package client is a session with a live ZooKeeper ensemble, of any version
// from 3.4 on.
//
// It stands on github.com/go-zookeeper/zk, which dials, shakes hands, keeps the
// session's id and password, pings, reconnects and closes. What go-zookeeper
// lacks is added on the same connection and the same session:
//
//   - every operation of the protocol: create2 with its stat, persistent and
//     recursive watches, removeWatches, checkWatches, multiRead, getEphemerals,
//     getAllChildrenNumber, whoAmI;
//   - every error code exactly as the server sent it, as a jute.ErrCode;
//   - a context for every operation, and no lock held across a round trip;
//   - every watch event, in order: go-zookeeper's channel holds six and drops
//     what comes on top;
//   - all watches set again after a reconnect, with what was missed;
//   - SASL DIGEST-MD5;
//   - a chroot; hosts of which some do not resolve or do not answer; TLS; and,
//     when there is no connection, an error that says why, host by host.
//
// # The path of a frame
//
// go-zookeeper is given a net.Conn of ours, which sees whole frames both ways:
//
//	Get, Set, AddWatch …                go-zookeeper
//	      │ xid 0x60000000…          ping -2, close 1… │ ▲ its replies
//	      ▼                                            ▼ │
//	┌─ frameConn ───────────────────────────────────────────────────┐
//	│  send: whole frames, in one buffer, written by one goroutine  │
//	│  route, by the xid of what arrives:                           │
//	│     0x60000000…  the call that waits in inflight              │
//	│     -1           the watch table, then OnEvent                │
//	│     -8           nobody: the answer to setWatches             │
//	│     others       go-zookeeper                                 │
//	└───────────────────────────────────────────────────────────────┘
//	                            ▲ │
//	                            │ ▼  TCP or TLS
//
// There is no second reader: frames are routed while go-zookeeper reads. On a
// new connection the order is
//
//  1. go-zookeeper's ConnectRequest, into which we write the last zxid: it does
//     not see the replies that carry it;
//  2. the login by SASL, then the session's identities, and a wait until all are
//     accepted;
//  3. setWatches, or setWatches2 if there are persistent watches, with the last
//     zxid, so that the server tells at once of what one-shot watches missed;
//  4. the requests that have waited for a connection, and then new ones.
//
// # When the connection ends
//
// Operations in flight return jute.ErrConnectionLoss: a write may have been done
// or not. Others wait for the next connection as long as their context allows.
// If the server no longer knows the session, those that wait return
// jute.ErrSessionExpired, OnState hears StateExpired, and a new session is
// opened: ephemeral nodes and one-shot watches went with the old one; persistent
// watches are set again, as whoever set them asked to be told until further
// notice.
package client
