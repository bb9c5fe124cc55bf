package commands

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"zook/internal/zktest"
)

// collisions are 3 to the power of n words that have the same hash.
func collisions(n int) []string {
	words := []string{""}
	for range n {
		var longer []string
		for _, w := range words {
			longer = append(longer, w+"Aa", w+"BB", w+"C#")
		}
		words = longer
	}
	return words
}

func numbered(format string, n int) []string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf(format, i)
	}
	return words
}

func shuffled(words []string) []string {
	r := rand.New(rand.NewSource(int64(len(words))))
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	return words
}

// crowded are words whose spread hashes agree in their low bits, some wholly.
func crowded(r *rand.Rand, n int, mask int32) (words []string) {
	for tries := 0; len(words) < n && tries < 1000*n; tries++ {
		w := fmt.Sprintf("%x", r.Intn(1<<20))
		hash := javaHash([]byte(w))
		if (hash^int32(uint32(hash)>>16))&mask > 2 {
			continue
		}
		if r.Intn(3) == 0 {
			w += []string{"AaAa", "BBBB", "AaBB", "BBAa"}[r.Intn(4)]
		}
		words = append(words, w)
	}
	return words
}

// oddWords are of odd characters, and of bytes that are none.
func oddWords(r *rand.Rand, n int) (words []string) {
	parts := []string{"a", "ü", "€", "😀", "\uffff", "\ue000", "\x00", " ", "\xff", "\xed\xa0\x80", "\xe2\x82", "\xf0\x9f\x98", "\xc0", "\xf4\x90\x80\x80", "Aa", "BB"}
	for range n {
		w := ""
		for range r.Intn(4) {
			w += parts[r.Intn(len(parts))]
		}
		words = append(words, w)
	}
	return words
}

// orderOf is the order of words in a set of 8 bins, and whether it had more than
// lists.
func orderOf(t *testing.T, words []string) (order []int32, trees bool) {
	texts := make([][]byte, len(words))
	for i, w := range words {
		texts[i] = javaText([]byte(w))
	}
	compare := func(a, b int32) int { return javaCompare(texts[a], texts[b]) }
	m := newJavaMap(8, compare)
	var hashes []int32
	for _, text := range texts {
		hashes = append(hashes, javaHash(text))
		m.add(javaHash(text))
	}
	m.each(func(i int32) { order = append(order, i) })

	lists := javaLists{bins: 8}
	simple, ok := lists.order(hashes, nil)
	twice := false
	if ok {
		lists.eachPair(hashes, simple, func(a, b int32) { twice = twice || compare(a, b) == 0 })
	}
	if ok && (twice != (len(order) < len(words)) || !twice && !slices.Equal(simple, order)) {
		t.Errorf("%.200q: the order of lists is another", words)
	}
	return order, !ok
}

// javaOrders are orders that Java 17 once gave; of long ones the CRC-32.
var javaOrders = []struct {
	name  string
	words []string
	order string
}{
	{"few", strings.Fields("zookeeper brokers config admin consumers controller_epoch"), "[3 4 5 1 0 2]"},
	{"same hash", collisions(3), "[7 3 0 1 2 4 5 6 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26]"},
	{"not ASCII", strings.Fields("größe naïve 日本 😀 \uffff \ue000"), "[3 5 0 2 1 4]"},
	{"numbers", numbered("n%d", 100_000), "0x18e57ecd"},
	{"sequence", numbered("seq-%010d", 50_000), "0x98bc07bd"},
	{"collisions", shuffled(collisions(8)), "0x1b5197f4"},
}

func TestJavaMapOrder(t *testing.T) {
	for _, c := range javaOrders {
		order, _ := orderOf(t, c.words)
		got := fmt.Sprint(order)
		if len(order) > 30 {
			got = fmt.Sprintf("%#x", crc32.ChecksumIEEE([]byte(got)))
		}
		if got != c.order {
			t.Errorf("%s: got %s, want %s", c.name, got, c.order)
		}
	}
}

// Maps of every kind of keys are in Java's own order: small and large, sequential,
// random, with so many of one hash or in one bin that Java makes trees of them,
// and takes them apart when the table grows.
func TestJavaMapOrderIsJavas(t *testing.T) {
	if _, err := exec.LookPath("javac"); err != nil {
		zktest.NeedPeer(t, "no javac: apt-get install default-jdk-headless")
	}
	r := rand.New(rand.NewSource(1))
	sets := [][]string{{}, numbered("lock-%010d", 100_000), numbered("%x-abcdef", 50_000)}
	for _, c := range javaOrders {
		sets = append(sets, c.words)
	}
	for i := range 40 {
		sets = append(sets, numbered("n%d", 3*i), shuffled(numbered("c_%d-lock", 10*i)))
	}
	for n := range 9 {
		mixed := append(collisions(n), numbered("%d", n*1000)...)
		sets = append(sets, collisions(n), shuffled(collisions(n)), shuffled(mixed))
	}
	for range 400 {
		sets = append(sets, crowded(r, r.Intn(300), 1<<r.Intn(12)-1), oddWords(r, r.Intn(300)))
	}
	var in bytes.Buffer
	put := func(v any) { binary.Write(&in, binary.BigEndian, v) }
	const longs = 200
	put(int32(len(sets) + longs))
	for _, words := range sets {
		put([]int32{8, int32(len(words))})
		for _, w := range words {
			put(int32(len(w)))
			in.WriteString(w)
		}
	}
	var ids [][]int64
	for range longs {
		set := []int64{}
		for range r.Intn(400) {
			set = append(set, []int64{0x100000000000000 | r.Int63n(500), int64(r.Uint64()), r.Int63n(2000)<<16 ^ r.Int63n(4)<<32}[r.Intn(3)])
		}
		ids = append(ids, set)
		put([]int32{0, int32(len(set))})
		put(set)
	}
	cmd := zktest.Java(t, nil, "testdata/MapOrder.java")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(out), "\n")
	withTrees := 0
	for i, words := range sets {
		order, trees := orderOf(t, words)
		if trees {
			withTrees++
		}
		if got := strings.Trim(fmt.Sprint(order), "[]"); got != strings.TrimSpace(want[i]) {
			t.Errorf("set %d of %d: %.200q are in another order", i, len(words), words)
		}
	}
	if withTrees < 50 {
		t.Errorf("only %d of the sets had trees", withTrees)
	}
	for i, set := range ids {
		m := newJavaMap(16, func(a, b int32) int { return cmp.Compare(set[a], set[b]) })
		for _, id := range set {
			m.add(javaHashLong(id))
		}
		order := []int32{}
		m.each(func(i int32) { order = append(order, i) })
		if got := strings.Trim(fmt.Sprint(order), "[]"); got != strings.TrimSpace(want[len(sets)+i]) {
			t.Errorf("%x are in another order", set)
		}
	}
}
