package server

import (
	"bufio"
	"encoding/asn1"
	encodinghex "encoding/hex"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zook/internal/zktest"
)

// Names of certificates are written, and those in ACLs checked, as Java does.
func TestNamesAreJavas(t *testing.T) {
	if _, err := exec.LookPath("javac"); err != nil {
		zktest.NeedPeer(t, "no javac: apt-get install default-jdk-headless")
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	var questions, ours []string
	for _, s := range append(namesByHand, randomNames(rnd, 3000)...) {
		if strings.Contains(s, `\\`) {
			continue // Java takes what follows it for escaped, at times
		}
		questions = append(questions, "text "+encodinghex.EncodeToString([]byte(s)))
		ours = append(ours, map[bool]string{true: "valid", false: "refused"}[isX500Name(s)])
	}
	for range 1000 {
		der := randomDER(t, rnd)
		questions = append(questions, "der "+encodinghex.EncodeToString(der))
		if name, err := nameOf2253(der); err != nil {
			ours = append(ours, "refused")
		} else {
			ours = append(ours, encodinghex.EncodeToString([]byte(name)))
		}
	}
	cmd := zktest.Java(t, nil, filepath.Join("testdata", "X500Names.java"))
	cmd.Stdin = strings.NewReader(strings.Join(questions, "\n") + "\n")
	answers := bufio.NewScanner(strings.NewReader(output(t, cmd)))
	for i, q := range questions {
		if !answers.Scan() {
			t.Fatal("Java has no more answers")
		}
		if java := answers.Text(); java != ours[i] {
			kind, b, _ := strings.Cut(q, " ")
			t.Errorf("%s %s: Java says %s, we %s", kind, unhex(b), unhex(java), unhex(ours[i]))
		}
	}
}

// unhex is what hexadecimal stands for, and anything else as it is.
func unhex(s string) string {
	b, err := encodinghex.DecodeString(s)
	if err != nil {
		return s
	}
	return fmt.Sprintf("%q", b)
}

var namesByHand = []string{
	"", " ", ",", "CN=a", "cn=a", " CN = a ", "CN=a,O=b", "CN=a, O=b", "CN=a;O=b", "CN=a,", ",CN=a", "CN=a,,O=b", "CN", "CN=", "=a", "CN=a=b",
	"CN=a+OU=b", "CN=a+", "+CN=a", "XX=a", "1.2.3=a", "OID.1.2.3=a", "oid.1.2.3=a", "1=a", "1.2.=a", ".1.2=a", "3.1=a", "1.40=a", "2.999=a",
	`CN=a\,b`, `CN=a\b`, `CN=a\`, `CN=a\41`, `CN="a,b"`, `CN="a`, `CN="a"b`, `CN="a" `, `CN=a"b`, "CN=a<b", "CN=#0c0161", "CN=#0c01", "CN=#", "CN=#zz",
	"CN=#0c0161 ", "CN=#0c 0161", "EMAILADDRESS=a@b", "E=a", "T=a", "S=a", "SERIALNUMBER=1", "DNQ=1", "CN=ä", "C=Österreich", "anyone", "user:hash", "CN=a\nO=b",
}

// randomNames are put together from what names are made of.
func randomNames(rnd *rand.Rand, n int) []string {
	bits := []string{"CN", "ou", "1.2.3", "OID.2.5.4.3", "=", "=", "=", ",", ";", "+", `\`, `"`, " ", "#", "0c", "a", "b c", `\,`, `\2C`, "<", "ä", "\n", "DC", "x"}
	names := make([]string, n)
	for i := range names {
		var b strings.Builder
		for range 1 + rnd.IntN(4) {
			if rnd.IntN(3) > 0 {
				b.WriteString([]string{"CN=", "OU=", "O = "}[rnd.IntN(3)])
			}
			for range rnd.IntN(4) {
				b.WriteString(bits[rnd.IntN(len(bits))])
			}
			if rnd.IntN(2) > 0 {
				b.WriteString(",")
			}
		}
		names[i] = strings.TrimSuffix(b.String(), ",")
	}
	return names
}

// randomDER is a name of up to four parts, of all types of values.
func randomDER(t testing.TB, rnd *rand.Rand) []byte {
	t.Helper()
	types := []asn1.ObjectIdentifier{{2, 5, 4, 3}, {2, 5, 4, 6}, {2, 5, 4, 7}, {2, 5, 4, 8}, {2, 5, 4, 9}, {2, 5, 4, 10}, {2, 5, 4, 11},
		{0, 9, 2342, 19200300, 100, 1, 25}, {0, 9, 2342, 19200300, 100, 1, 1}, {2, 5, 4, 5}, {1, 2, 840, 113549, 1, 9, 1}, {1, 2, 3, 4}}
	tags := []int{asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagT61String, asn1.TagIA5String, asn1.TagBMPString, asn1.TagGeneralString, 28, asn1.TagOctetString, asn1.TagInteger}
	texts := []string{"a", "zook client", " a", "a ", "  ", "#a", "a#b", `a,b+c"d\e<f>g;h=i`, "ä ö", "a\x00b", "\r a", "", "日本", "o'neil", "a\nb", "\xff\xfe", "*.example.org"}
	var name []attributeSET
	for range rnd.IntN(5) {
		var rdn attributeSET
		for range 1 + rnd.IntN(5)/4 {
			text := []byte(texts[rnd.IntN(len(texts))])
			tag := tags[max(rnd.IntN(2*len(tags))-len(tags), 0)]
			if tag == asn1.TagBMPString && len(text)%2 == 1 || tag == 28 && len(text)%4 > 0 || tag == asn1.TagInteger && len(text) == 0 {
				tag = asn1.TagUTF8String
			}
			rdn = append(rdn, attribute{types[rnd.IntN(len(types))], asn1.RawValue{Tag: tag, Bytes: text}})
		}
		name = append(name, rdn)
	}
	der, err := asn1.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// FuzzNames: any bytes are a name or not, and what we make of a certificate's name is
// one that an ACL may hold.
func FuzzNames(f *testing.F) {
	rnd := rand.New(rand.NewPCG(6, 6))
	for _, name := range append(namesByHand, randomNames(rnd, 50)...) {
		f.Add([]byte(name))
	}
	for range 50 {
		f.Add(randomDER(f, rnd))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		isX500Name(string(b))
		name, err := nameOf2253(b)
		isControl := func(c rune) bool { return c < ' ' || c == '\uFFFD' }
		if err == nil && !strings.ContainsFunc(name, isControl) && !isX500Name(name) {
			t.Errorf("%q is written and not read", name)
		}
	})
}
