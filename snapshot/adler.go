package snapshot

import "encoding/binary"

// The checksum is most of the work of reading a snapshot, and hash/adler32 takes it
// byte for byte. This is the same sum, eight bytes at a time.

const (
	adlerMod = 65521
	// adlerWords are as many as lanes of 16 bits can add up.
	adlerWords = 20
	adlerBlock = 8 * adlerWords
	// adlerMost is how many bytes may come between two reductions: far fewer than
	// 64 bits could hold.
	adlerMost = 4096 * adlerBlock
)

// addAdler is the Adler-32 checksum of bytes whose checksum is sum, with p behind
// them. That of none is 1.
func addAdler(sum uint32, p []byte) uint32 {
	s1, s2 := uint64(sum&0xffff), uint64(sum>>16)
	for len(p) > 0 {
		part := p[:min(len(p), adlerMost)]
		p = p[len(part):]
		for len(part) >= adlerBlock {
			plain, weighted := adlerSums((*[adlerBlock]byte)(part))
			s2 += adlerBlock*s1 + weighted
			s1 += plain
			part = part[adlerBlock:]
		}
		for _, c := range part {
			s1 += uint64(c)
			s2 += s1
		}
		s1 %= adlerMod
		s2 %= adlerMod
	}
	return uint32(s2<<16 | s1)
}

// adlerSums returns the sum of the bytes of a block, and their sum when the last
// counts once, the one before it twice, and so on. Words are added up in lanes of 16
// bits, the even bytes and the odd ones.
func adlerSums(p *[adlerBlock]byte) (plain, weighted uint64) {
	const lanes = 0x00ff00ff00ff00ff
	var even, odd uint64   // the bytes
	var even8, odd8 uint64 // and those that count eight times more for each word behind them
	for i := 0; i < adlerBlock; i += 8 {
		w := binary.LittleEndian.Uint64(p[i : i+8])
		even8 += even
		odd8 += odd
		even += w & lanes
		odd += w >> 8 & lanes
	}
	for i := uint64(8); i > 0; i -= 2 {
		e, o := even&0xffff, odd&0xffff
		plain += e + o
		weighted += i*e + (i-1)*o + 8*(even8&0xffff+odd8&0xffff)
		even, odd, even8, odd8 = even>>16, odd>>16, even8>>16, odd8>>16
	}
	return plain, weighted
}
