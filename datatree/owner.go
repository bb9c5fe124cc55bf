package datatree

// Kind is what an ephemeralOwner says of a znode.
type Kind int

// The kinds of znode.
const (
	KindPersistent Kind = iota
	KindEphemeral
	KindContainer
	KindTTL
)

// MaxTTL is the longest TTL in milliseconds, about 34 years.
const MaxTTL = 1<<40 - 1

// ContainerOwner is the ephemeralOwner of a container.
const ContainerOwner int64 = -1 << 63

const (
	extendedMask int64 = -1 << 56 // 0xff in the first byte
	reservedMask int64 = 0xffff << 40
)

// TTLOwner is the ephemeralOwner of a TTL node; ttl is in milliseconds, from 1
// to MaxTTL. Format: EphemeralType.java, of 3.5.4 and later.
func TTLOwner(ttl int64) int64 { return extendedMask | ttl }

// OwnerKind tells what an ephemeralOwner says, and the TTL in milliseconds.
// Session ids never begin with 0xff, as server ids end at 254.
func OwnerKind(owner int64) (k Kind, ttl int64) {
	switch {
	case owner == 0:
		return KindPersistent, 0
	case owner == ContainerOwner:
		return KindContainer, 0
	case owner&extendedMask == extendedMask && owner&reservedMask == 0:
		return KindTTL, owner & MaxTTL
	}
	return KindEphemeral, 0
}
