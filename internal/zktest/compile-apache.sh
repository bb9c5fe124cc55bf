#!/usr/bin/env bash
# Compiles the standalone server of another Apache ZooKeeper against Debian's
# libraries, so that tests can compare with it:
#
#	internal/zktest/compile-apache.sh SOURCE CLASSES
#	ZOOK_PEER_CLASSES=CLASSES go test ./server -run 'TestAnswers|TestMixed'
#
# SOURCE is Apache's source, such as a work tree of release-3.9.5; CLASSES an
# absolute path, and becomes a directory of classes. It needs the packages
# zookeeper, default-jdk-headless, javacc, libcommons-io-java and
# libfindbugs-annotations-java.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" | head -n -1; exit 2; }
source=$(cd "$1" && pwd) classes=$2 java=/usr/share/java
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$classes" "$work/gen" "$work/stubs"

# What Debian lacks, and a standalone server does not need: names alone.
stub() { # package, class, what it holds
	mkdir -p "$work/stubs/${1//.//}"
	printf 'package %s; public class %s { %s }\n' "$1" "${2}" "${3:-}" >"$work/stubs/${1//.//}/${2%% *}.java"
}
stub org.apache.yetus.audience InterfaceAudience \
	'public @interface Public {} public @interface Private {} public @interface LimitedPrivate { String[] value(); }'
stub org.apache.yetus.audience InterfaceStability \
	'public @interface Evolving {} public @interface Stable {} public @interface Unstable {}'
stub org.xbill.DNS Record
stub org.xbill.DNS Type 'public static final int SRV = 33;'
stub org.xbill.DNS 'TextParseException extends java.io.IOException'
stub org.xbill.DNS Name 'public String toString(boolean b) { return ""; }'
stub org.xbill.DNS 'SRVRecord extends Record' 'public Name getTarget() { return null; } public Name getName() { return null; }
	public int getPort() { return 0; } public int getPriority() { return 0; } public int getWeight() { return 0; }'
stub org.xbill.DNS Lookup 'public static final int SUCCESSFUL = 0; public Lookup(String s, int t) {} public Record[] run() { return null; }
	public int getResult() { return 0; } public String getErrorString() { return ""; }'
version=$(sed -n 's/^  <version>\([0-9.]*\).*/\1/p' "$source/pom.xml")
IFS=. read -r major minor micro <<<"$version"
mkdir -p "$work/stubs/org/apache/zookeeper/version"
cat >"$work/stubs/org/apache/zookeeper/version/Info.java" <<-END
	package org.apache.zookeeper.version;
	public interface Info {
		int MAJOR = $major; int MINOR = $minor; int MICRO = $micro; int REVISION = -1;
		String QUALIFIER = null; String REVISION_HASH = "unknown"; String BUILD_DATE = "unknown";
	}
END
# The records, by Apache's own compiler of them, whose parser javacc makes.
jute=$source/zookeeper-jute/src/main
parser=$work/jute/org/apache/jute/compiler/generated
mkdir -p "$parser"
java -cp $java/javacc.jar javacc -OUTPUT_DIRECTORY="$parser" "$jute/java/org/apache/jute/compiler/generated/rcc.jj" >/dev/null
javac -nowarn -proc:none -d "$classes" -cp $java/findbugs-annotations.jar -sourcepath "$work/stubs:$jute/java:$work/jute" \
	"$parser"/Rcc.java "$jute"/java/org/apache/jute/*.java
(cd "$work/gen" && java -cp "$classes" org.apache.jute.compiler.generated.Rcc -l java "$jute/resources/zookeeper.jute" >/dev/null)

# Debian's Netty is older than this method's second argument.
patched=$work/patched/org/apache/zookeeper/server/quorum
main=$source/zookeeper-server/src/main/java
mkdir -p "$patched"
sed 's/(Unpooled.wrappedBuffer(litmus), false)/(Unpooled.wrappedBuffer(litmus))/' \
	"$main/org/apache/zookeeper/server/quorum/UnifiedServerSocket.java" >"$patched/UnifiedServerSocket.java"

libraries=$(printf '%s:' $java/netty-{buffer,codec,common,handler,resolver,transport,transport-native-epoll,transport-native-unix-common}.jar \
	$java/jetty9-{http,io,security,server,servlet,util}.jar \
	$java/{commons-cli,commons-io,findbugs-annotations,jackson-annotations,jackson-core,jackson-databind,metrics-core,servlet-api,slf4j-api,snappy-java}.jar)
server=$main/org/apache/zookeeper/server
javac -nowarn -proc:none -Xlint:none -d "$classes" -cp "$classes:$libraries" \
	-sourcepath "$work/patched:$work/stubs:$work/gen:$main" \
	"$server"/{ZooKeeperServerMain,NIOServerCnxnFactory}.java "$server"/{auth,watch}/*.java \
	"$server"/quorum/QuorumPeerMain.java "$server"/admin/DummyAdminServer.java "$main"/org/apache/zookeeper/metrics/impl/*.java
