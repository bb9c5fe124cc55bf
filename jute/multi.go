package jute

import "fmt"

// A multi and its answer are operations between headers, without a count:
//
//	MultiHeader{type, false, -1} | body | … | MultiHeader{-1, true, -1}

// multiEnd ends both directions.
var multiEnd = MultiHeader{Type: OpError, Done: true, Err: -1}

// Op is one operation of a multi: its body is the request of that type.
type Op struct {
	Type OpCode
	Body Record
}

// MultiRequest is the body of multi (all writes and checks) and of multiRead
// (getData and getChildren).
type MultiRequest struct{ Ops []Op }

// newOpBody returns an empty request for an operation that a multi may hold.
func newOpBody(t OpCode) Record {
	switch t {
	case OpCreate, OpCreate2, OpCreateContainer:
		return &CreateRequest{}
	case OpCreateTTL:
		return &CreateTTLRequest{}
	case OpDelete:
		return &DeleteRequest{}
	case OpSetData:
		return &SetDataRequest{}
	case OpCheck:
		return &CheckVersionRequest{}
	case OpGetChildren:
		return &GetChildrenRequest{}
	case OpGetData:
		return &GetDataRequest{}
	}
	return nil
}

// Append appends the encoded record to b.
func (r *MultiRequest) Append(b []byte) []byte {
	for _, op := range r.Ops {
		h := MultiHeader{Type: op.Type, Err: -1}
		b = op.Body.Append(h.Append(b))
	}
	return multiEnd.Append(b)
}

// Decode reads the record.
func (r *MultiRequest) Decode(d *Decoder) {
	r.Ops = nil
	for {
		var h MultiHeader
		h.Decode(d)
		if d.Err() != nil || h.Done {
			return
		}
		body := newOpBody(h.Type)
		if body == nil {
			d.Fail(fmt.Errorf("%v cannot be part of a multi", h.Type))
			return
		}
		body.Decode(d)
		r.Ops = append(r.Ops, Op{h.Type, body})
	}
}

// OpResult is the result of one operation of a multi. Body is the response of
// that type, nil for delete and check; a failed one has Type OpError and Err.
type OpResult struct {
	Type OpCode
	Err  ErrCode
	Body Record
}

// MultiResponse answers multi and multiRead.
type MultiResponse struct{ Results []OpResult }

func newResultBody(t OpCode) (body Record, ok bool) {
	switch t {
	case OpCreate:
		return &CreateResponse{}, true
	case OpCreate2, OpCreateContainer, OpCreateTTL:
		return &Create2Response{}, true
	case OpSetData:
		return &SetDataResponse{}, true
	case OpGetChildren:
		return &GetChildrenResponse{}, true
	case OpGetData:
		return &GetDataResponse{}, true
	case OpDelete, OpCheck:
		return nil, true
	}
	return nil, false
}

// Append appends the encoded record to b.
func (r *MultiResponse) Append(b []byte) []byte {
	for _, res := range r.Results {
		h := MultiHeader{Type: res.Type, Err: res.Err}
		b = h.Append(b)
		switch {
		case res.Type == OpError:
			b = (&ErrorResponse{res.Err}).Append(b)
		case res.Body != nil:
			b = res.Body.Append(b)
		}
	}
	return multiEnd.Append(b)
}

// Decode reads the record.
func (r *MultiResponse) Decode(d *Decoder) {
	r.Results = nil
	for {
		var h MultiHeader
		h.Decode(d)
		if d.Err() != nil || h.Done {
			return
		}
		res := OpResult{Type: h.Type}
		if h.Type == OpError {
			var e ErrorResponse
			e.Decode(d)
			res.Err = e.Err
		} else {
			body, ok := newResultBody(h.Type)
			if !ok {
				d.Fail(fmt.Errorf("%v cannot be part of a multi response", h.Type))
				return
			}
			if body != nil {
				body.Decode(d)
				res.Body = body
			}
		}
		r.Results = append(r.Results, res)
	}
}
