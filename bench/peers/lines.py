"""Run by another engine's interpreter: texts on standard input; spans, and the time they took, on standard output."""

import json
import resource
import sys
import time


def serve(what, find):
    """`what` says which version with which parts; `find` gives `(start, end, label)` of a text."""
    find("Seen by Dr. Ana Okonjo on 3/4/2024; call 802-555-0139.")
    items = [json.loads(line) for line in sys.stdin.buffer]
    answers, failed = [], 0
    start = time.process_time()
    for item in items:
        try:
            spans = [(begin, end, label) for begin, end, label in find(item["text"])]
        except Exception:
            spans, failed = [], failed + 1
        answers.append({"id": item["id"], "spans": spans})
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"what": what, "seconds": seconds, "memory_mb": round(memory), "failed": failed}))
    for answer in answers:
        print(json.dumps(answer))
