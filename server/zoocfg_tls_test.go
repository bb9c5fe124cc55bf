package server

import (
	"reflect"
	"strings"
	"testing"
)

// securityConfigs are lines behind dataDir=/d, with what they mean or why they are wrong.
var securityConfigs = []struct {
	name, lines string
	want        Config
	err         string
}{
	{name: "both ports", lines: "clientPort=2181\nsecureClientPort=2281", want: Config{Addr: ":2181", SecureAddr: ":2281"}},
	{name: "the secure one alone", lines: "secureClientPort=2281\nsecureClientPortAddress=::1", want: Config{SecureAddr: "[::1]:2281"}},
	{name: "an address alone", lines: "secureClientPortAddress=::1", err: "zoo.cfg:2: secureClientPortAddress: secureClientPort is not set"},
	{name: "all of TLS", lines: `clientPort=0
secureClientPort=0
client.portUnification=true
client.certReload=true
ssl.keyStore.location=/k.pem
ssl.keyStore.type=PEM
ssl.keyStore.password=pw
ssl.keyStore.passwordPath=/k.pw
ssl.trustStore.location=/t.p12
ssl.trustStore.type=PKCS12
zookeeper.ssl.trustStore.password=
ssl.trustStore.passwordPath=/t.pw
ssl.clientAuth=want
ssl.protocol=TLSv1.2
ssl.enabledProtocols=TLSv1.2,TLSv1.3
ssl.ciphersuites=TLS_AES_128_GCM_SHA256
ssl.clientHostnameVerification=true
ssl.allowReverseDnsLookup=true
ssl.crl=false
ssl.ocsp=false
ssl.authProvider=x509`, want: Config{Addr: ":0", SecureAddr: ":0", TLS: TLS{
		KeyStore: Store{"/k.pem", "PEM", "pw", "/k.pw"}, TrustStore: Store{"/t.p12", "PKCS12", "", "/t.pw"}, ClientAuth: "want",
		Protocol: "TLSv1.2", Protocols: []string{"TLSv1.2", "TLSv1.3"}, CipherSuites: []string{"TLS_AES_128_GCM_SHA256"},
		VerifyHost: true, ReverseLookup: true, Reload: true, OnPlainPort: true}}},
	{name: "no host is verified", lines: "ssl.clientHostnameVerification=true\nssl.hostnameVerification=false", want: Config{Addr: ":2181"}},
	{name: "revocation is not looked at", lines: "ssl.crl=true", err: `zoo.cfg:2: ssl.crl: "true" is not false`},
	{name: "nor asked for", lines: "ssl.ocsp=true", err: `zoo.cfg:2: ssl.ocsp: "true" is not false`},
	{name: "a class", lines: "ssl.context.supplier.class=a.b", err: "zoo.cfg:2: ssl.context.supplier.class: a Java class cannot be loaded"},
	{name: "another provider", lines: "ssl.authProvider=mine", err: "zoo.cfg:2: ssl.authProvider"},
	{name: "clientAuth", lines: "ssl.clientAuth=yes", err: `zoo.cfg:2: ssl.clientAuth: "yes" is not none, want or need`},
	{name: "a version", lines: "ssl.protocol=TLS", err: `zoo.cfg:2: ssl.protocol: there is no "TLS"`},
	{name: "versions", lines: "ssl.enabledProtocols=TLSv1.1,TLSv1.3", err: "zoo.cfg:2: ssl.enabledProtocols"},

	{name: "all of authentication", lines: `DigestAuthenticationProvider.superDigest=super:xQJmxLMiHGwaqBvst5y6rkB6HQs=
zookeeper.DigestAuthenticationProvider.digestAlg=SHA3-256
DigestAuthenticationProvider.enabled=false
X509AuthenticationProvider.superUser=CN=root
authProvider.1=org.apache.zookeeper.server.auth.X509AuthenticationProvider
authProvider.ens=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider
authProvider.2=org.apache.zookeeper.server.auth.IPAuthenticationProvider
ensembleAuthName=a, b
enforce.auth.enabled=true
enforce.auth.schemes=x509,ip
skipACL=yes`, want: Config{Addr: ":2181", SuperDigest: "super:xQJmxLMiHGwaqBvst5y6rkB6HQs=", DigestAlgorithm: "SHA3-256", NoDigest: true,
		X509SuperUser: "CN=root", AuthSchemes: []string{"x509", "ensemble", "ip"}, EnsembleNames: []string{"a", "b"},
		EnforceAuth: []string{"x509", "ip"}, SkipACL: true}},
	{name: "enforced only if enabled", lines: "enforce.auth.schemes=digest\nskipACL=no", want: Config{Addr: ":2181"}},
	{name: "enforced without schemes", lines: "enforce.auth.enabled=true", err: "zoo.cfg:2: enforce.auth.enabled: enforce.auth.schemes is not set"},
	{name: "a scheme that is not there", lines: "enforce.auth.enabled=true\nenforce.auth.schemes=x509", err: `zoo.cfg:3: enforce.auth.schemes: the scheme "x509", which`},
	{name: "a scheme of TLS", lines: "secureClientPort=1\nenforce.auth.enabled=true\nenforce.auth.schemes=x509", want: Config{SecureAddr: ":1", EnforceAuth: []string{"x509"}}},
	{name: "a class of somebody's", lines: "authProvider.1=com.example.Auth", err: `zoo.cfg:2: authProvider.1: a Java class cannot be loaded here, and "com.example.Auth" is none`},
	{name: "a password for a digest", lines: "DigestAuthenticationProvider.superDigest=secret", err: "zoo.cfg:2: DigestAuthenticationProvider.superDigest: it is not user:base64"},
	{name: "a digest that is not known", lines: "DigestAuthenticationProvider.digestAlg=RipeMD160", err: `zoo.cfg:2: DigestAuthenticationProvider.digestAlg: there is no digest "RipeMD160"`},
	{name: "skipACL is yes or no", lines: "skipACL=true", err: `zoo.cfg:2: skipACL: "true" is neither yes nor no`},
}

func TestReadSecurityConfig(t *testing.T) {
	for _, c := range securityConfigs {
		t.Run(c.name, func(t *testing.T) {
			got, warnings, err := parseConfig("dataDir=/d\n"+c.lines, nil)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("%v, want %s", err, c.err)
				}
				return
			}
			c.want.DataDir = "/d"
			if err != nil || len(warnings) > 0 || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, %q\n got %+v\nwant %+v", err, warnings, got, c.want)
			}
		})
	}
}
