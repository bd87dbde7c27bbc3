"""Framing of protocol messages over a chunk of bytes; compiled, since every byte of every client passes here.

Pure Python too (slower), with equal results. Nothing here understands SQL: it only finds where messages end, and
whether a chunk consists of nothing but runs of statements that were decided before.
"""

import cython

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.wire._literals import key_of


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
def _length(p: cython.p_uchar, at: cython.Py_ssize_t) -> cython.longlong:
    return (
        (cython.cast(cython.longlong, p[at]) << 24)
        | (cython.cast(cython.longlong, p[at + 1]) << 16)
        | (cython.cast(cython.longlong, p[at + 2]) << 8)
        | cython.cast(cython.longlong, p[at + 3])
    )


def split(data: bytes, longest: cython.longlong):
    """All whole messages of a chunk: `([(type, start, end), …], where the unfinished rest starts)`."""
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = 0
    length: cython.longlong
    found = []
    while size - at >= 5:
        length = _length(p, at + 1)
        if length < 4 or length > longest:
            raise ProtocolError("a message has an impossible length")
        if at + 1 + length > size:
            break
        found.append((p[at], at, at + 1 + length))
        at += 1 + length
    return found, at


def run_end(data: bytes, start: cython.Py_ssize_t, kind: cython.int):
    """Where the run of whole messages of one type that begins at `start` ends: `(end, messages)`."""
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = start
    count: cython.Py_ssize_t = 0
    length: cython.longlong
    while size - at >= 5 and p[at] == kind:
        length = _length(p, at + 1)
        if length < 4:
            raise ProtocolError("a message has an impossible length")
        if at + 1 + length > size:
            break
        at += 1 + length
        count += 1
    return at, count


def scan_client(data: bytes, allowed: dict, texts: dict):
    """`(rounds, runs)` of the chunk, if it is nothing but whole rounds of runs decided before; otherwise `(0, None)`.

    A round is a Query whose key (`_literals`) is in `texts`; or Bind of an allowed statement name into the unnamed
    portal, then Describe or Execute of that portal, then Sync. Counts each run on its Shape, and only once the whole
    chunk has qualified. `runs` is what `scan_server` awaits: the Shapes in the order of their runs, None behind each
    round.
    """
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = 0
    end: cython.Py_ssize_t
    name: cython.Py_ssize_t
    length: cython.longlong
    kind: cython.int
    rounds: cython.int = 0
    bound: cython.bint = False
    open_round: cython.bint = False
    shape = None
    ran = []
    while at < size:
        if size - at < 5:
            return 0, None
        kind = p[at]
        length = _length(p, at + 1)
        end = at + 1 + length
        if length < 4 or end > size:
            return 0, None
        if kind == 66:  # B: unnamed portal, then the statement's name
            if length < 7 or p[at + 5] != 0:
                return 0, None
            name = at + 6
            while name < end and p[name] != 0:
                name += 1
            if name >= end:
                return 0, None
            shape = allowed.get(data[at + 6 : name])
            if shape is None:
                return 0, None
            bound = open_round = True
        elif kind == 69:  # E of the unnamed portal
            if not bound or length < 9 or p[at + 5] != 0:
                return 0, None
            ran.append(shape)
        elif kind == 68:  # D of the unnamed portal
            if not bound or length != 6 or p[at + 5] != 80 or p[at + 6] != 0:
                return 0, None
        elif kind == 83:  # S
            if length != 4:
                return 0, None
            rounds += 1
            ran.append(None)
            bound = open_round = False
        elif kind == 81:  # Q
            if open_round or length < 6 or p[end - 1] != 0:
                return 0, None
            key = key_of(data, at + 5, end - 1)
            if key is None:
                return 0, None
            shape = texts.get(key)
            if shape is None:
                return 0, None
            rounds += 1
            ran.append(shape)
            ran.append(None)
        else:
            return 0, None
        at = end
    if open_round or rounds == 0:
        return 0, None
    for shape in ran:
        if shape is not None:
            shape.runs += 1
    return rounds, ran


def scan_server(data: bytes, start: cython.Py_ssize_t, most: cython.int, awaited):
    """Answers of statements on the fast path: `(end, ReadyForQuery messages)` of the prefix that needs no look.

    Stops before an error, a notice, a notification, a parameter change or anything unknown, and after `most` Zs.
    `awaited` is a deque of what `scan_client` gave for them: rows and bytes are counted on its first Shape, which a
    completion takes off; what is left of a round at its Z has failed, or was skipped behind what did. Rows that no run
    awaits are a ProtocolError.
    """
    p: cython.p_uchar = data
    size: cython.Py_ssize_t = len(data)
    at: cython.Py_ssize_t = start
    length: cython.longlong
    kind: cython.int
    ready: cython.int = 0
    rows: cython.longlong = 0
    volume: cython.longlong = 0
    while size - at >= 5 and ready < most:
        kind = p[at]
        # 1 2 3 bind/parse/close complete, C command complete, D row, I empty, T fields, n no data, s suspended, Z ready
        if not (
            kind == 68
            or kind == 50
            or kind == 67
            or kind == 90
            or kind == 84
            or kind == 110
            or kind == 73
            or kind == 115
            or kind == 49
            or kind == 51
        ):
            break
        length = _length(p, at + 1)
        if length < 4:
            raise ProtocolError("a message has an impossible length")
        if at + 1 + length > size:
            break
        at += 1 + length
        if kind == 68:
            rows += 1
            volume += 1 + length
        elif kind == 67 or kind == 73 or kind == 115:
            shape = _first(awaited)
            shape.completed += 1
            if rows:
                shape.rows += rows
                shape.bytes += volume
                rows = volume = 0
            awaited.popleft()
        elif kind == 90:
            ready += 1
            while True:
                if not awaited:
                    raise ProtocolError("the upstream is ready though nobody asked")
                if awaited.popleft() is None:
                    break
    if rows:
        shape = _first(awaited)
        shape.rows += rows
        shape.bytes += volume
    return at, ready


def _first(awaited):
    shape = awaited[0] if awaited else None
    if shape is None:
        raise ProtocolError("the upstream answered a run that nobody asked for")
    return shape
