// Package txnlog reads and writes ZooKeeper's transaction logs, the files
// version-2/log.<zxid> of a data directory. It streams, and knows no tree.
//
// Reader reads one log, Stream several, and Tail those of a running server as they are
// written. Checker tells what is wrong with transactions whose checksums are right. Repair
// and Chop make new logs of damaged ones; no log is changed but by its Writer.
//
// A log is a header, records, and zeros up to the end of the file, because the
// writer lengthens the file ahead of itself:
//
//	+--------+--------+-- … --+--------+-----------------+
//	| header | record |       | record | 00 00 … 00      |
//	+--------+--------+-- … --+--------+-----------------+
//
// All integers are big-endian. The header is 16 bytes, a jute.FileHeader:
//
//	+------------------+------------+-------------------------+
//	| magic "ZKLG" (4) | 2      (4) | database id, 0      (8) |
//	+------------------+------------+-------------------------+
//
// and a record is
//
//	+--------------+------------+--- length bytes -----------------+----------+
//	| checksum (8) | length (4) | TxnHeader (32) | body | [digest] | 0x42 (1) |
//	+--------------+------------+----------------------------------+----------+
//
// where the checksum is the Adler32 of the length bytes only, with four zero
// bytes before it; TxnHeader is session id (8), cxid (4), zxid (8), time in
// milliseconds (8) and op code (4); the body is the jute record of that op code;
// the digest (version 4, tree digest 8) is there since ZooKeeper 3.6. The 'B' at
// the end tells a record that was written to its end from one that a crash cut.
//
// The name's zxid, in hex without leading zeros, is that of the first record.
// Records are in the order of their zxids; nothing in a file points to the next.
//
// # How a log ends
//
// A log ends cleanly at the end of the file, or where only zeros follow. After a
// crash, what was not yet synced may be there in part, so the last record may be
// cut by the end of the file or hold zeros in place of what was lost. Reader
// calls this a torn tail: nobody was told that these bytes are safe, and a
// server may go on from the record before. Everything else that does not check
// is damage: above all, a fault with a whole record anywhere behind it, and a
// changed byte in the last record. A disk that lost power while it wrote several
// records out of their order can leave the same as damage does; since that cannot
// be told apart, it counts as damage. Both kinds are a *CorruptError, told apart
// by its field Torn. Apache's servers are less strict: they take a record that is
// cut, or does not end in 'B', for the end of the log wherever it stands.
//
// Format: FileTxnLog.java, FilePadding.java and Util.java of Apache ZooKeeper.
package txnlog

import (
	"fmt"
	"strconv"
	"strings"

	"zook/jute"
)

const (
	headerSize = 16   // of the file
	prefixSize = 12   // checksum and length, before a record's transaction
	recordMin  = 32   // a transaction is at least its TxnHeader
	endOfTxn   = 0x42 // 'B', behind every transaction
	version    = 2
)

// FileName is the name of the log whose first transaction is zxid.
func FileName(zxid int64) string { return "log." + strconv.FormatInt(zxid, 16) }

// ParseName returns the zxid in the name of a log; ok is false for any other name.
func ParseName(name string) (zxid int64, ok bool) {
	hex, ok := strings.CutPrefix(name, "log.")
	if !ok {
		return 0, false
	}
	u, err := strconv.ParseUint(hex, 16, 63)
	return int64(u), err == nil
}

// Record is one transaction as the file holds it.
type Record struct {
	Offset int64 // where the record begins in the file
	Header jute.TxnHeader
	// Raw is the encoded transaction, its header included. It is valid until the
	// reader's next call.
	Raw []byte
	// Damaged says, under Reader.KeepDamaged, that the checksum is wrong: nothing
	// of the record can be trusted, its header included.
	Damaged *CorruptError

	file string
}

// Txn decodes the transaction. Buffers in it alias Raw. The error is a
// *CorruptError: the checksum was right, so this is not what was written.
func (r *Record) Txn() (jute.Txn, error) {
	var txn jute.Txn
	var d jute.Decoder
	d.Reset(r.Raw)
	txn.Decode(&d)
	if err := d.Err(); err != nil {
		return jute.Txn{}, &CorruptError{File: r.file, Offset: r.Offset, Zxid: r.Header.Zxid,
			Reason: fmt.Sprintf("transaction of type %v: %v", r.Header.Type, err)}
	}
	return txn, nil
}

// CorruptError says where a log stops making sense.
type CorruptError struct {
	File   string
	Offset int64  // of the record, or of the part of the header, that is not as it should be
	Zxid   int64  // the last one read; 0 if none was
	Reason string // what is wrong, without the fields above
	// Torn is true for a tail that a crash left: what is before Offset is whole,
	// and no whole record is behind it.
	Torn bool
}

// Error is one line.
func (e *CorruptError) Error() string {
	kind, last := "damaged", "no transaction before it"
	if e.Torn {
		kind = "torn by a crash"
	}
	if e.Zxid != 0 {
		last = fmt.Sprintf("last good zxid 0x%x", uint64(e.Zxid))
	}
	return fmt.Sprintf("%s: %s at offset %d (%s): %s", e.File, kind, e.Offset, last, e.Reason)
}
