package server

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"

	"zook/jute"
)

// x509Scheme is the subject of a client's certificate, as RFC 2253 writes it. TLS
// has checked the certificate before.
//
// Behaviour: X509AuthenticationProvider.
type x509Scheme struct {
	super string // the subject that is the super user; "" is nobody
}

func (s x509Scheme) authenticate(from peer, _ []byte) ([]jute.ID, verdict) {
	if len(from.certs) == 0 {
		return nil, refused
	}
	name, err := nameOf2253(from.certs[0].RawSubject)
	if err != nil || name == "" && !isNamedOtherwise(from.certs[0]) {
		return nil, refused
	}
	ids := []jute.ID{{Scheme: "x509", ID: name}}
	if s.super != "" && name == s.super {
		ids = append(ids, jute.ID{Scheme: superScheme, ID: name})
	}
	return ids, accepted
}

// isNamedOtherwise reports whether a certificate says that its name is in another
// place than the subject. Java takes one without a subject for damaged otherwise.
func isNamedOtherwise(cert *x509.Certificate) bool {
	subjectAltName := asn1.ObjectIdentifier{2, 5, 29, 17}
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(subjectAltName) && e.Critical })
}

func (x509Scheme) valid(id string) bool        { return isX500Name(id) }
func (x509Scheme) matches(id, acl string) bool { return id == acl }
func (x509Scheme) proves() bool                { return true }
func (x509Scheme) userName(id string) string   { return id }
