"""What other people's programs make of the four-letter words: zktop's own parser of
stat, and kazoo. Prints what must be the same of every server."""
import re
import sys

import zktop
from kazoo.client import KazooClient

addr = sys.argv[1]
client = KazooClient(hosts=addr)
client.start()
client.create("/scraped", b"data", ephemeral=True)

server = zktop.ZKServer(addr, 0)
print("zktop", server.unavailable, server.mode, server.node_count, server.zxid, server.outstanding,
      re.match(r"\d+\.\d+\.\d+$", server.version) is not None, float(server.avg_latency) >= 0)
for session in sorted(server.sessions, key=lambda s: s.interest_ops):
    print("zktop session", session.host, session.interest_ops, session.queued, session.recved)

for word in "ruok", "isro", "srvr", "conf", "wchs", "dirs", "gtmk":
    reply = client.command(word.encode())
    print("kazoo", word, re.findall(r"^([\w /]+?)(?:=|: ?)", reply, re.M) or reply)
print("kazoo version", client.server_version() > (3, 4))
client.stop()
print("done")
