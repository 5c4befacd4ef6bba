"""Computes from recordings what a report says: set-up and phases, nearest-rank percentiles in milliseconds.

Shares nothing with the program: it reads docs/reference/events.md's format. Usage: percentiles.py FILE...
"""
import json
import math
import sys


def ms(seconds):
    return round(seconds * 1e6) / 1000


def rank(values, p):
    values = sorted(values)
    return values[max(0, math.ceil(p / 100 * len(values)) - 1)]


def summary(values):
    return {"n": len(values), "min_ms": min(values), "p50_ms": rank(values, 50), "p95_ms": rank(values, 95),
            "p99_ms": rank(values, 99), "max_ms": max(values)}


setups, phases = [], {}
for name in sys.argv[1:]:
    paired, opened, running = 0.0, None, {}
    with open(name, encoding="utf-8") as lines:
        next(lines)  # the header
        for line in lines:
            event = json.loads(line)
            kind, at = event["type"], event["at"]
            if kind == "phase.start":
                running[event["phase"], event.get("subject", "")] = at
            elif kind == "phase.end":
                key = event["phase"], event.get("subject", "")
                begun = running.pop(key, None)
                if begun is None or event["outcome"] != "ok":
                    continue
                phases.setdefault(key, []).append(ms(at - begun))
                if key[0] in ("dial", "wait"):
                    paired = max(paired, at)
            elif kind == "channel.open" and opened is None:
                opened = at
    if opened is not None:
        setups.append(ms(opened - paired))

json.dump({"setup": summary(setups), "phases": [{"phase": n, "subject": s, "times": summary(v)} for (n, s), v in phases.items()]}, sys.stdout)
