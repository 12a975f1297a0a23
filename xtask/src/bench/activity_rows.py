# Writes a million entries of alice's into the trail of a server that does not run, as it would have written them.
# Arguments: the database, how many entries, then ids of grants.

import hashlib
import sqlite3
import sys
import time

database, count, grants = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
TOOLS = ["mail_search", "mail_read", "mail_read", "mail_thread", "mail_organize", "mail_draft", "mail_send"]


def text(value):
    octets = value.encode()
    return len(octets).to_bytes(8, "big") + octets


def rows():
    previous = bytes(32)
    begin = int(time.time() * 1000) - count * 2000
    for seq in range(1, count + 1):
        grant, tool = grants[seq % 7 % len(grants)], TOOLS[seq % len(TOOLS)]
        outcome = "not_found" if seq % 50 == 0 else "ok"
        targets = ",".join(f'"mail/@inbox:{seq * 10 + part}@s44we8"' for part in range(seq % 4))
        targets, at, client = f"[{targets}]", begin + seq * 2000, "agent 1"
        undo = f"chg_{seq:032x}" if tool == "mail_organize" else ""
        octets = seq % 9000
        covered = ["alice", grant, "personal", tool, targets, outcome, client, undo, str(octets)]
        hashed = hashlib.sha256(previous + seq.to_bytes(8, "big") + at.to_bytes(16, "big") + b"".join(map(text, covered)))
        own = hashed.digest()
        yield ("alice", seq, grant, client, "personal", tool, targets, outcome, octets, undo, at, 2, previous, own)
        previous = own


connection = sqlite3.connect(database)
connection.execute("PRAGMA synchronous = OFF")
connection.execute("DELETE FROM audit WHERE user_name = 'alice'")
connection.executemany(
    "INSERT INTO audit (user_name, seq, grant_id, client, door, tool, targets, outcome, octets, undo, at, form, prev_hash, hash)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    rows(),
)
last = connection.execute("SELECT seq, hash FROM audit WHERE user_name = 'alice' ORDER BY seq DESC LIMIT 1").fetchone()
connection.execute("DELETE FROM audit_chains WHERE user_name = 'alice'")
connection.execute("INSERT INTO audit_chains (user_name, seq, hash) VALUES ('alice', ?, ?)", last)
connection.commit()
