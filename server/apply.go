package server

import (
	"slices"

	"zook/datatree"
	"zook/jute"
)

// apply takes committed batches into the tree and answers those of their requests
// whose connection is here. It is the engine's callback, so it runs alone.
func (s *Server) apply(batches []batch) {
	for _, b := range batches {
		s.applyBatch(b)
	}
	s.releaseAnswers()
}

func (s *Server) applyBatch(b batch) {
	s.stats.applying(b.txns)
	for _, txn := range b.txns {
		if s.Err() != nil {
			return
		}
		res, err := s.tree.Apply(txn)
		if err != nil {
			s.fail(err)
			return
		}
		if txn.Header.Zxid%digestInterval == 0 {
			digest, zxid := s.tree.Digest()
			s.stats.digests.note(zxid, digest)
		}
		s.applied(txn, res)
	}
	if n := len(b.txns); n > 0 {
		s.prep.applied(b.txns[n-1].Header.Zxid)
		s.countForSnapshot(n)
	}
	for _, w := range b.syncs {
		if w.op == opResume {
			s.welcome(w.session)
		} else if c := s.connOf(w.session); c != nil {
			s.answer(c, w, datatree.Result{Type: jute.OpSync})
		}
	}
	if b.alone != nil {
		s.releaseAnswers() // it may take long
		b.alone.run()
		close(b.alone.done)
	}
}

// applied does what a transaction means beyond the tree.
func (s *Server) applied(txn *jute.Txn, res datatree.Result) {
	h := &txn.Header
	if h.Type == jute.OpCreateSession {
		s.sessions.open(h.ClientID, txn.Body.(*jute.CreateSessionTxn).Timeout)
		s.welcome(h.ClientID)
		return
	}
	if h.Type == jute.OpCloseSession {
		s.sessions.remove(h.ClientID)
	}
	if c := s.connOf(h.ClientID); c != nil {
		s.answer(c, waiting{h.ClientID, h.Cxid, h.Type}, res)
		if h.Type == jute.OpCloseSession {
			c.out.end() // where the client did not ask for it
		}
	}
}

// maxGathered is how many answers gather before they are sent. What is applied together
// is mostly fewer, so that each client gets its answers in one write; without a limit,
// the first would wait for the last of very many.
const maxGathered = 1024

// answer answers a write. The answer is sent by releaseAnswers.
func (s *Server) answer(c *conn, w waiting, res datatree.Result) {
	if !c.gathers {
		c.gathers = true
		c.out.gather()
		s.gathering = append(s.gathering, c)
	}
	c.complete(w, res)
	if s.gathered++; s.gathered == maxGathered {
		s.releaseAnswers()
	}
}

func (s *Server) releaseAnswers() {
	for i, c := range s.gathering {
		c.gathers = false
		c.out.release()
		s.gathering[i] = nil
	}
	s.gathering, s.gathered = s.gathering[:0], 0
}

// answerWrite replies to a request whose transaction has been applied.
func (c *conn) answerWrite(op *clientOp) {
	res := op.res
	if res.Type == jute.OpError { // a multi that failed is not of this type
		c.reply(op, res.Err, nil)
		return
	}
	switch op.op {
	case jute.OpCreate:
		rec := jute.CreateResponse{Path: res.Path}
		c.replyWith(op, res.Err, rec.Append)
	case jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
		rec := jute.Create2Response{Path: res.Path, Stat: res.Stat}
		c.replyWith(op, res.Err, rec.Append)
	case jute.OpSetData:
		rec := jute.SetDataResponse{Stat: res.Stat}
		c.replyWith(op, res.Err, rec.Append)
	case jute.OpSetACL:
		c.reply(op, res.Err, &jute.SetACLResponse{Stat: res.Stat})
	case jute.OpSync:
		var q jute.SyncRequest
		if jute.Unmarshal(op.body, &q) != nil {
			res.Err = jute.ErrMarshallingError
		}
		c.reply(op, res.Err, &jute.SyncResponse{Path: q.Path})
	case jute.OpMulti:
		// The reply is in order even when the multi failed: what went wrong
		// is in its results.
		c.reply(op, jute.ErrOK, multiResponse(res, op.body))
	default:
		c.reply(op, res.Err, nil)
	}
	if op.op == jute.OpCloseSession {
		c.out.end() // what the client asked for behind it has no session
	}
}

// multiResponse is the answer to a multi, whose request is body: it says which creates
// were a create2, as transactions do not.
func multiResponse(res datatree.Result, body []byte) jute.Record {
	var q jute.MultiRequest
	if slices.ContainsFunc(res.Multi, func(r datatree.Result) bool { return r.Type == jute.OpCreate }) {
		jute.Unmarshal(body, &q) // it could be read before
	}
	out := &jute.MultiResponse{Results: make([]jute.OpResult, 0, len(res.Multi))}
	for i, r := range res.Multi {
		if r.Type == jute.OpCreate && i < len(q.Ops) && q.Ops[i].Type == jute.OpCreate2 {
			r.Type = jute.OpCreate2
		}
		o := jute.OpResult{Type: r.Type}
		switch r.Type {
		case jute.OpCreate:
			o.Body = &jute.CreateResponse{Path: r.Path}
		case jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL:
			o.Type = jute.OpCreate2 // as Apache answers each of them
			o.Body = &jute.Create2Response{Path: r.Path, Stat: r.Stat}
		case jute.OpSetData:
			o.Body = &jute.SetDataResponse{Stat: r.Stat}
		case jute.OpError:
			o.Err = r.Err
		}
		out.Results = append(out.Results, o)
	}
	return out
}
