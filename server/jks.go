package server

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// A JKS store, which Java made before its version 9 and which programs still make:
//
//	store: 0xfeedfeed, version (1 or 2), number of entries: 4 bytes each
//	       the entries
//	       SHA-1 of the password, "Mighty Aphrodite" and all before
//	entry: 1 (a key) or 2 (a certificate that is trusted): 4 bytes
//	       its name: length in 2 bytes, and the bytes
//	       milliseconds since 1970: 8 bytes
//	       of a key only: the encrypted key, the number of certificates
//	       certificate, or the chain of the key's
//	certificate: from version 2 on its type, as the name; the certificate
//
// Keys and certificates have a length in 4 bytes; numbers are big-endian. The password
// is hashed as UTF-16.
const (
	jksMagic = "\xfe\xed\xfe\xed"
	jksKey   = 1
	jksCert  = 2
	jksSalt  = 20 // at the start of an encrypted key
)

var (
	errJKS = errors.New("it cannot be read as a JKS store")
	// jksCipher is what Java calls its own way to encrypt a key.
	jksCipher = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 42, 2, 17, 1, 1}
)

// jksStore is what is of use in a JKS store: the certificates that are trusted, and
// its first key.
type jksStore struct {
	trusted [][]byte
	key     []byte // encrypted; nil if there is none
	chain   [][]byte
}

func jksKeyPair(content []byte, password string) (none tls.Certificate, err error) {
	s, err := readJKS(content, password)
	if err != nil {
		return none, err
	}
	if s.key == nil {
		return none, errors.New("there is no private key in it")
	}
	if len(s.chain) == 0 {
		return none, errors.New("there is no certificate in it")
	}
	der, err := decryptJKS(s.key, password)
	if err != nil {
		return none, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return none, err
	}
	return keyPairOf(key, s.chain)
}

func jksCertificates(content []byte, password string) ([]*x509.Certificate, error) {
	s, err := readJKS(content, password)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, der := range s.trusted {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("there is no certificate in it that is trusted")
	}
	return certs, nil
}

// readJKS reads a store, whose password has to be right.
func readJKS(content []byte, password string) (*jksStore, error) {
	end := len(content) - sha1.Size
	if end < 0 {
		return nil, errJKS
	}
	sum := jksHash(password, []byte("Mighty Aphrodite"), content[:end])
	r := jksReader{rest: content[:end]}
	magic, version, entries := string(r.bytes(4)), r.number(), r.number()
	if r.failed || magic != jksMagic || version != 1 && version != 2 {
		return nil, errJKS
	}
	if !hmac.Equal(sum, content[end:]) {
		return nil, errors.New("the password is wrong, or the file is damaged")
	}
	r.typed = version == 2
	s := &jksStore{}
	for ; entries > 0 && !r.failed; entries-- {
		r.entry(s)
	}
	if r.failed {
		return nil, errJKS
	}
	return s, nil
}

// jksReader takes a store apart. After a failure all it reads is empty.
type jksReader struct {
	rest   []byte
	typed  bool // certificates have a type
	failed bool
}

func (r *jksReader) bytes(n uint32) []byte {
	if r.failed || uint64(n) > uint64(len(r.rest)) {
		r.failed = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *jksReader) number() uint32 {
	if b := r.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *jksReader) text() {
	if b := r.bytes(2); b != nil {
		r.bytes(uint32(binary.BigEndian.Uint16(b)))
	}
}

func (r *jksReader) certificate() []byte {
	if r.typed {
		r.text()
	}
	return r.bytes(r.number())
}

func (r *jksReader) entry(s *jksStore) {
	kind := r.number()
	r.text()
	r.bytes(8)
	switch kind {
	case jksKey:
		key := r.bytes(r.number())
		var chain [][]byte
		for n := r.number(); n > 0 && !r.failed; n-- {
			chain = append(chain, r.certificate())
		}
		if s.key == nil {
			s.key, s.chain = key, chain
		}
	case jksCert:
		s.trusted = append(s.trusted, r.certificate())
	default:
		r.failed = true
	}
}

// jksHash is the SHA-1 of a password and what follows it.
func jksHash(password string, parts ...[]byte) []byte {
	h := sha1.New()
	for _, u := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(u >> 8), byte(u)})
	}
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// decryptJKS makes an encrypted key PKCS #8. It is a salt, the key under a chain of
// hashes that begins with the salt, and the hash of the key.
func decryptJKS(encrypted []byte, password string) ([]byte, error) {
	var info struct {
		Cipher pkix.AlgorithmIdentifier
		Key    []byte
	}
	if rest, err := asn1.Unmarshal(encrypted, &info); err != nil || len(rest) > 0 || len(info.Key) < jksSalt+sha1.Size {
		return nil, errJKS
	}
	if !info.Cipher.Algorithm.Equal(jksCipher) {
		return nil, fmt.Errorf("its key is encrypted by %v, not as in a JKS store", info.Cipher.Algorithm)
	}
	mask, sum := info.Key[:jksSalt], info.Key[len(info.Key)-sha1.Size:]
	key := append([]byte(nil), info.Key[jksSalt:len(info.Key)-sha1.Size]...)
	for i := range key {
		if i%sha1.Size == 0 {
			mask = jksHash(password, mask)
		}
		key[i] ^= mask[i%sha1.Size]
	}
	if !hmac.Equal(sum, jksHash(password, key)) {
		return nil, errors.New("its key cannot be decrypted: the password is wrong")
	}
	return key, nil
}
