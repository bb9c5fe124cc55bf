package commands

import (
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// in1900 is when 1900 began, in seconds since the epoch.
const in1900 = -2208988800

// javaTime is a time in the local zone as Java has it: before 1900 there is but the
// standard time of today.
func javaTime(seconds int64) time.Time {
	t := time.Unix(seconds, 0)
	if seconds >= in1900 {
		return t
	}
	name, offset := t.Zone()
	if now, ok := thisYear(t.Location(), false); ok {
		_, offset = now.Zone()
		name = javaZone(now)
	}
	return t.In(time.FixedZone(name, offset))
}

// javaZone is the short name of t's zone. Java knows one name for a zone's standard
// time and one for its daylight time, at any time. For most zones they are those
// that the zone database has today; for some, where that has but an offset, Java
// has names of its own, and for others "GMT+03:00".
func javaZone(t time.Time) string {
	names := zoneNames.Load()
	if names == nil || names.location != t.Location() {
		names = namesOf(t.Location())
		zoneNames.Store(names)
	}
	name := names.standard
	if t.IsDST() {
		name = names.daylight
	}
	if name == "" {
		name, _ = t.Zone()
	}
	if name[0] != '+' && name[0] != '-' {
		return name
	}
	return "GMT" + t.Format("-07:00")
}

// javaZoneNames are the names of a location's zones; "" for none.
type javaZoneNames struct {
	location           *time.Location
	standard, daylight string
}

// zoneNames are those that were asked for last.
var zoneNames atomic.Pointer[javaZoneNames]

func namesOf(l *time.Location) *javaZoneNames {
	names := &javaZoneNames{location: l}
	id := zoneID(l)
	for line := range strings.Lines(strings.TrimSpace(javaZones)) {
		if f := strings.Fields(line); slices.Contains(f[2:], id) {
			names.standard, names.daylight = f[0], f[1]
			return names
		}
	}
	if t, ok := thisYear(l, false); ok {
		names.standard, _ = t.Zone()
	}
	if t, ok := thisYear(l, true); ok {
		names.daylight, _ = t.Zone()
	}
	return names
}

// thisYear is a time about now with or without daylight saving.
func thisYear(l *time.Location, dst bool) (t time.Time, ok bool) {
	t = time.Now().In(l)
	if t.IsDST() != dst {
		if _, t = t.ZoneBounds(); t.IsZero() {
			return t, false
		}
	}
	return t, t.IsDST() == dst
}

// zoneID is the name of a location in the zone database.
func zoneID(l *time.Location) string {
	if l.String() != "Local" {
		return l.String()
	}
	link, _ := os.Readlink("/etc/localtime")
	_, id, _ := strings.Cut(link, "zoneinfo/")
	return id
}

// javaZones are the zones for which Java has other names than the zone database:
// for standard time, for daylight time, and which they are.
const javaZones = `ACT ACST America/Eirunepe America/Porto_Acre America/Rio_Branco Brazil/Acre
ACWST ACWDT Australia/Eucla
AFT AFST Asia/Kabul
ALMT ALMST Asia/Almaty
AMT AMST America/Boa_Vista America/Campo_Grande America/Cuiaba America/Manaus America/Porto_Velho Asia/Yerevan Brazil/West
ANAT ANAST Asia/Anadyr
AQTT AQTST Asia/Aqtau Asia/Aqtobe
ART ARST America/Argentina/Buenos_Aires America/Argentina/Catamarca America/Argentina/ComodRivadavia America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia America/Buenos_Aires America/Catamarca America/Cordoba America/Jujuy America/Mendoza America/Rosario
AST ADT Asia/Aden Asia/Baghdad Asia/Bahrain Asia/Kuwait Asia/Qatar Asia/Riyadh
AWST AWDT Antarctica/Casey
AZOT AZOST Atlantic/Azores
AZT AZST Asia/Baku
BDT BDST Asia/Dacca Asia/Dhaka
BNT BNST Asia/Brunei
BOT BOST America/La_Paz
BRT BRST America/Araguaina America/Bahia America/Belem America/Fortaleza America/Maceio America/Recife America/Santarem America/Sao_Paulo Brazil/East
BST BST Pacific/Bougainville
BTT BTST Asia/Thimbu Asia/Thimphu
CCT CCST Indian/Cocos
CHAST CHADT NZ-CHAT Pacific/Chatham
CHOT CHOST Asia/Choibalsan
CHUT CHUST Pacific/Chuuk Pacific/Truk Pacific/Yap
CKT CKHST Pacific/Rarotonga
CLT CLST America/Santiago Antarctica/Palmer Chile/Continental
COT COST America/Bogota
CVT CVST Atlantic/Cape_Verde
CXT CXST Indian/Christmas
DAVT DAVST Antarctica/Davis
DDUT DDUST Antarctica/DumontDUrville
EAST EASST Chile/EasterIsland Pacific/Easter
ECT ECST America/Guayaquil
EET EEST Asia/Amman Asia/Damascus
EGT EGST America/Scoresbysund
FJT FJST Pacific/Fiji
FKT FKST Atlantic/Stanley
FNT FNST America/Noronha Brazil/DeNoronha
GALT GALST Pacific/Galapagos
GAMT GAMST Pacific/Gambier
GET GEST Asia/Tbilisi
GFT GFST America/Cayenne
GILT GILST Pacific/Tarawa
GMT CEST Antarctica/Troll
GST GDT Asia/Dubai Asia/Muscat Atlantic/South_Georgia
GYT GYST America/Guyana
HAST HADT America/Adak America/Atka Pacific/Johnston US/Aleutian
HOVT HOVST Asia/Hovd
ICT ICST Asia/Bangkok Asia/Ho_Chi_Minh Asia/Phnom_Penh Asia/Saigon Asia/Vientiane
IOT IOST Indian/Chagos
IRKT IRKST Asia/Irkutsk
IRST IRDT Asia/Tehran Iran
IST IDT Asia/Colombo
KGT KGST Asia/Bishkek
KOST KOSST Pacific/Kosrae
KRAT KRAST Asia/Krasnoyarsk Asia/Novokuznetsk
LHST LHDT Australia/LHI Australia/Lord_Howe
LINT LINST Pacific/Kiritimati
MAGT MAGST Asia/Magadan
MART MARST Pacific/Marquesas
MAWT MAWST Antarctica/Mawson
MHT MHST Kwajalein Pacific/Kwajalein Pacific/Majuro
MMT MMST Asia/Rangoon Asia/Yangon
MSK MSD Europe/Minsk
MUT MUST Indian/Mauritius
MVT MVST Indian/Maldives
MYT MYST Asia/Kuala_Lumpur Asia/Kuching
NCT NCST Pacific/Noumea
NFT NFST Pacific/Norfolk
NOVT NOVST Asia/Novosibirsk
NPT NPST Asia/Kathmandu Asia/Katmandu
NRT NRST Pacific/Nauru
NUT NUST Pacific/Niue
OMST OMSST Asia/Omsk
ORAT ORAST Asia/Oral
PET PEST America/Lima
PETT PETST Asia/Kamchatka
PGT PGST Pacific/Port_Moresby
PHOT PHOST Pacific/Enderbury
PMST PMDT America/Miquelon
PONT PONST Pacific/Pohnpei Pacific/Ponape
PST PDT Pacific/Pitcairn
PWT PWST Pacific/Palau
PYT PYST America/Asuncion
QOST QOSST Asia/Qostanay
QYZT QYZST Asia/Qyzylorda
RET REST Indian/Reunion
ROTT ROTST Antarctica/Rothera
SAKT SAKST Asia/Sakhalin
SAMT SAMST Europe/Samara
SBT SBST Pacific/Guadalcanal
SCT SCST Indian/Mahe
SGT SGST Asia/Singapore Singapore
SRET SREDT Asia/Srednekolymsk
SRT SRST America/Paramaribo
SYOT SYOST Antarctica/Syowa
TAHT TAHST Pacific/Tahiti
TFT TFST Indian/Kerguelen
TJT TJST Asia/Dushanbe
TKT TKST Pacific/Fakaofo
TLT TLST Asia/Dili
TMT TMST Asia/Ashgabat Asia/Ashkhabad
TOT TOST Pacific/Tongatapu
TRT TRST Asia/Istanbul Europe/Istanbul Turkey
TVT TVST Pacific/Funafuti
ULAT ULAST Asia/Ulaanbaatar Asia/Ulan_Bator
UYT UYST America/Montevideo
UZT UZST Asia/Samarkand Asia/Tashkent
VET VEST America/Caracas
VLAT VLAST Asia/Ust-Nera Asia/Vladivostok
VOST VOSST Antarctica/Vostok
VUT VUST Pacific/Efate
WAKT WAKST Pacific/Wake
WET WEST Africa/Casablanca Africa/El_Aaiun
WFT WFST Pacific/Wallis
WGT WGST America/Godthab America/Nuuk
WSST WSDT Pacific/Apia
XJT XJDT Asia/Kashgar Asia/Urumqi
YAKT YAKST Asia/Chita Asia/Khandyga Asia/Yakutsk
YEKT YEKST Asia/Yekaterinburg
`
