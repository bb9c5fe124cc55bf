package commands

import (
	"fmt"
	"io"
	"strings"
	"time"

	"zook/jute"
)

// sessionLife sums up what logs tell of a session.
type sessionLife struct {
	Type    string `json:"type"` // "summary", to tell it from transactions
	Session Hex    `json:"session"`
	// Server is the id of the server that opened it: the highest byte of the session's
	// (format: SessionTrackerImpl).
	Server  int    `json:"server"`
	Opened  *Time  `json:"opened,omitempty"` // nil if that was before the logs
	Zxid    *Hex   `json:"openedZxid,omitempty"`
	Timeout *int32 `json:"timeout,omitempty"` // milliseconds
	Ended   *Time  `json:"ended,omitempty"`   // nil while it is open
	EndZxid *Hex   `json:"endedZxid,omitempty"`
	End     string `json:"end"`             // sessionClosed, sessionExpired or open
	First   *Time  `json:"first,omitempty"` // of its transactions
	Last    *Time  `json:"last,omitempty"`

	Writes     int64 `json:"writes"` // operations that changed something, those in multis one by one
	Creates    int64 `json:"creates"`
	Sets       int64 `json:"sets"`
	ACLs       int64 `json:"setAcls"`
	Deletes    int64 `json:"deletes"`
	Multis     int64 `json:"multis"`
	Bytes      int64 `json:"bytes"` // of data written
	Refused    int64 `json:"refused"`
	Ephemerals int64 `json:"ephemerals"` // that it created
	// Lost is how many ephemerals were deleted with it; nil where it ended without a
	// word of that, before 3.6.
	Lost *int64 `json:"lost,omitempty"`
}

const endOpen = "open"

func newSessionLife(id int64) *sessionLife {
	return &sessionLife{Type: "summary", Session: Hex(id), Server: int(uint64(id) >> 56), End: endOpen, Lost: new(int64)}
}

// add takes in a transaction of the session.
func (l *sessionLife) add(v *jute.TxnView) {
	t := &v.Header
	if l.Last = new(Time(t.Time)); l.First == nil {
		l.First = l.Last
	}
	switch {
	case t.Type == jute.OpCreateSession:
		l.Opened, l.Zxid, l.Timeout = new(Time(t.Time)), new(Hex(t.Zxid)), new(v.Timeout)
	case t.Type == jute.OpCloseSession:
		if l.Ended == nil {
			l.Ended, l.EndZxid, l.End = new(Time(t.Time)), new(Hex(t.Zxid)), closeCause(t)
			if l.Lost = nil; v.HasClosed {
				l.Lost = new(int64(len(v.Closed)))
			}
		}
	case t.Type == jute.OpError, v.Failed():
		l.Refused++
		return
	case t.Type == jute.OpMulti:
		l.Multis++
	}
	for i := range v.Ops {
		l.count(&v.Ops[i])
	}
}

func (l *sessionLife) count(o *jute.OpView) {
	switch o.Type {
	case jute.OpCheck:
		return
	case jute.OpSetData, jute.OpReconfig:
		l.Sets++
	case jute.OpSetACL:
		l.ACLs++
	case jute.OpDelete, jute.OpDeleteContainer:
		l.Deletes++
	default:
		l.Creates++
		if o.Ephemeral {
			l.Ephemerals++
		}
	}
	l.Writes++
	l.Bytes += int64(len(o.Data))
}

// Text writes a line for programs:
//
//	SESSION OPENED ENDED END NAME=VALUE...
func (l *sessionLife) Text(w io.Writer, s Style) {
	if s.Terminal {
		l.writeBlock(w, s)
		return
	}
	timeout, lost := "-", "-"
	if l.Timeout != nil {
		timeout = fmt.Sprint(*l.Timeout)
	}
	if l.Lost != nil {
		lost = fmt.Sprint(*l.Lost)
	}
	fmt.Fprintf(w, "%v %s %s %s timeout=%s writes=%d creates=%d sets=%d setAcls=%d deletes=%d multis=%d bytes=%d refused=%d ephemerals=%d lost=%s\n",
		l.Session, dashed(l.Opened), dashed(l.Ended), l.End, timeout, l.Writes, l.Creates, l.Sets, l.ACLs, l.Deletes, l.Multis,
		l.Bytes, l.Refused, l.Ephemerals, lost)
}

func (l *sessionLife) writeBlock(w io.Writer, s Style) {
	fmt.Fprintf(w, "\n%s\n", s.Paint(fmt.Sprintf("Session %v", l.Session), yellow))
	opened := "before the logs begin"
	if l.Opened != nil {
		opened = fmt.Sprintf("%v, %v", l.Opened, l.Zxid)
	}
	if l.Timeout != nil {
		opened += fmt.Sprintf(", timeout %v", time.Duration(*l.Timeout)*time.Millisecond)
	}
	opened += fmt.Sprintf(", by server %d", l.Server)
	ended := map[string]string{causeClosed: "closed by its client", causeExpired: "expired", endOpen: "no, open when the logs end"}[l.End]
	if l.Ended != nil {
		ended = fmt.Sprintf("%v, %v, %s", l.Ended, l.EndZxid, ended)
	}
	var parts []string
	for _, p := range []struct {
		n    int64
		what string
	}{{l.Creates, "creates"}, {l.Sets, "sets"}, {l.ACLs, "ACLs"}, {l.Deletes, "deletes"}, {l.Multis, "multis"}} {
		if p.n > 0 {
			parts = append(parts, s.Count(p.n)+" "+p.what)
		}
	}
	writes := s.Count(l.Writes)
	if len(parts) > 0 {
		writes += ": " + strings.Join(parts, ", ") + "; " + withUnit(s.Size(l.Bytes)) + " of data"
	}
	ephemerals := s.Count(l.Ephemerals) + " created"
	if l.Lost != nil {
		ephemerals += fmt.Sprintf(", %s deleted with it", s.Count(*l.Lost))
	}
	for _, f := range [][2]string{{"Opened", opened}, {"Ended", ended}, {"Writes", writes}, {"Ephemerals", ephemerals}, {"Refused", s.Count(l.Refused)}} {
		fmt.Fprintf(w, "%-12s %s\n", f[0]+":", f[1])
	}
}

func (l *sessionLife) Row(s Style) ([]string, [][]string) {
	timeout := "-"
	if l.Timeout != nil {
		timeout = (time.Duration(*l.Timeout) * time.Millisecond).String()
	}
	return []string{"session", "opened", "timeout", "ended", "how", "writes", "data", "ephemerals", "refused"}, [][]string{{
		l.Session.String(), dashed(l.Opened), timeout, dashed(l.Ended), l.End, s.Count(l.Writes), s.Size(l.Bytes),
		s.Count(l.Ephemerals), s.Count(l.Refused)}}
}

// sessionTxn is a transaction of a session that is not about a znode: its beginning,
// its end, and what was refused.
type sessionTxn struct {
	pastTxn
	Cause  string       `json:"cause,omitempty"`
	Err    jute.ErrCode `json:"err,omitempty"`
	Reason string       `json:"error,omitempty"` // of Err
}

func newSessionTxn(v *jute.TxnView) *sessionTxn {
	t := &v.Header
	x := &sessionTxn{pastTxn: changeBy(t, t.Type, "").pastTxn}
	switch t.Type {
	case jute.OpCreateSession:
		x.Timeout = new(v.Timeout)
	case jute.OpCloseSession:
		x.Cause = closeCause(t)
	case jute.OpError:
		x.Err = v.Err
	case jute.OpMulti:
		for i := range v.Ops {
			if e := v.Ops[i].Err; v.Ops[i].Type == jute.OpError && e != jute.ErrOK && x.Err == jute.ErrOK {
				x.Err, x.Multi = e, &inMulti{i + 1, len(v.Ops)}
			}
		}
	}
	if x.Err != jute.ErrOK {
		x.Reason = x.Err.Error()
	}
	return x
}

func (x *sessionTxn) detail() string {
	switch {
	case x.Cause != "":
		return "cause=" + x.Cause
	case x.Err != jute.ErrOK && x.Multi != nil:
		return fmt.Sprintf("refused %d (%s) at operation %d of %d", int32(x.Err), x.Reason, x.Multi.Op, x.Multi.Of)
	case x.Err != jute.ErrOK:
		return fmt.Sprintf("refused %d (%s)", int32(x.Err), x.Reason)
	case x.Timeout != nil:
		return "timeout=" + (time.Duration(*x.Timeout) * time.Millisecond).String()
	}
	return ""
}

func (x *sessionTxn) Text(w io.Writer, s Style) {
	x.writeHead(w, s)
	if d := x.detail(); d != "" {
		fmt.Fprint(w, " "+d)
	}
	fmt.Fprintln(w)
}

// Row has the columns of a pastChange.
func (x *sessionTxn) Row(s Style) ([]string, [][]string) {
	columns, _ := (&pastChange{}).Row(s)
	return columns, [][]string{{dashed(x.Time), dashed(x.Zxid), dashed(x.Session), x.kind(), "", "", "", x.detail()}}
}
