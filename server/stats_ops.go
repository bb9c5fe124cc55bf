package server

import "zook/jute"

// opKind is a kind of request as statistics know it.
//
// Behaviour: FinalRequestProcessor.java.
type opKind struct {
	word    string // of lop in cons
	counter string // of mntr; "" for none
	update  bool   // its latency is one of updates
	ops     []jute.OpCode
}

// Kinds that have no name: what an unknown request was, and what an update that was
// refused was.
const (
	kindUnknown = iota
	kindRefused
	kindPing
)

var opKinds = []opKind{
	kindUnknown: {word: "NA"},
	kindRefused: {word: "NA", update: true},
	kindPing:    {"PING", "op_count_ping", false, []jute.OpCode{jute.OpPing}},
	{"SESS", "op_count_create_session", true, []jute.OpCode{jute.OpCreateSession}},
	{"MULT", "op_count_multi", true, []jute.OpCode{jute.OpMulti}},
	{"MLTR", "op_count_multi_read", false, []jute.OpCode{jute.OpMultiRead}},
	{"CREA", "op_count_create", true, []jute.OpCode{jute.OpCreate, jute.OpCreate2, jute.OpCreateContainer, jute.OpCreateTTL}},
	{"DELE", "op_count_delete", true, []jute.OpCode{jute.OpDelete}},
	{"SETD", "op_count_set_data", true, []jute.OpCode{jute.OpSetData}},
	{"RECO", "op_count_reconfig", true, []jute.OpCode{jute.OpReconfig}},
	{"SETA", "op_count_set_acl", true, []jute.OpCode{jute.OpSetACL}},
	{"CLOS", "op_count_close_session", true, []jute.OpCode{jute.OpCloseSession}},
	{"SYNC", "op_count_sync", false, []jute.OpCode{jute.OpSync}},
	{"CHEC", "op_count_check", true, []jute.OpCode{jute.OpCheck}},
	{"EXIS", "op_count_exists", false, []jute.OpCode{jute.OpExists}},
	{"GETD", "op_count_get_data", false, []jute.OpCode{jute.OpGetData}},
	{"SETW", "op_count_set_watches", false, []jute.OpCode{jute.OpSetWatches}},
	{"STW2", "op_count_set_watches", false, []jute.OpCode{jute.OpSetWatches2}},
	{"ADDW", "op_count_add_watch", false, []jute.OpCode{jute.OpAddWatch}},
	{"GETA", "op_count_get_acl", false, []jute.OpCode{jute.OpGetACL}},
	{"GETC", "op_count_get_children", false, []jute.OpCode{jute.OpGetChildren, jute.OpGetChildren2}},
	{"GETACN", "op_count_get_all_children_number", false, []jute.OpCode{jute.OpGetAllChildrenNumber}},
	{"CHKW", "op_count_check_watches", false, []jute.OpCode{jute.OpCheckWatches}},
	{"REMW", "op_count_remove_watches", false, []jute.OpCode{jute.OpRemoveWatches}},
	{"HOMI", "op_count_who_am_i", false, []jute.OpCode{jute.OpWhoAmI}},
	{"GETE", "op_count_get_ephemerals", false, []jute.OpCode{jute.OpGetEphemerals}},
}

// lowestOp is the lowest op code on the wire, -11.
const lowestOp = jute.OpCloseSession

// kindByOp has the index in opKinds of each op code, from lowestOp on.
var kindByOp = func() (kinds [128]uint8) {
	for i, k := range opKinds {
		for _, op := range k.ops {
			kinds[op-lowestOp] = uint8(i)
		}
	}
	return kinds
}()

// kindOf returns the index in opKinds of a request that was answered with err.
func kindOf(op jute.OpCode, err jute.ErrCode) uint8 {
	if op < lowestOp || int(op-lowestOp) >= len(kindByOp) {
		return kindUnknown
	}
	kind := kindByOp[op-lowestOp]
	if err != jute.ErrOK && opKinds[kind].update {
		return kindRefused
	}
	return kind
}
