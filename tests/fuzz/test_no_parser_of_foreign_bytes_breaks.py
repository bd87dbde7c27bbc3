"""Whatever bytes come, a parser gives a value or its own error: never another exception, never an endless loop."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import peer_with
from scramp.core import ScramException

from lockgate.errors import AuditError, CatalogError, ConfigError, LockgateError, PolicyError, ProtocolError
from lockgate.gateways.postgres.classify import ParseError, classify, parse
from lockgate.gateways.postgres.lineage.nodetree import NodeTreeError, read
from lockgate.gateways.postgres.masking import constants, masks
from lockgate.gateways.postgres.masking._rows import RowPlan, rewrite
from lockgate.gateways.postgres.masking.copy_rows import CopyRewriter, Options
from lockgate.gateways.postgres.session.inbox import Inbox
from lockgate.gateways.postgres.wire import _frames, frontend
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.parsing import (
    parse_bind,
    parse_data_row,
    parse_execute,
    parse_fields,
    parse_parameter_description,
    parse_parse,
    parse_row_description,
)
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.gateways.postgres.wire.upstream import _login
from lockgate.gateways.postgres.wire.withheld import (
    error_without_words,
    notice_without_words,
    notification_without_payload,
)
from lockgate.phi.operators import Operator
from lockgate.policy.policyset import parse as parse_policies
from lockgate.server.config import load_config
from lockgate.services.catalog import parse_catalog
from lockgate.store import KeyRing

CANARY = b"078-05-1120"
LOOP = asyncio.Runner()
TARGET = parse_target("postgresql://gw@127.0.0.1/clinic", "secret")

chunks = st.binary(max_size=200)
kinds = st.sampled_from(b"QXFdcfSHPBDECRKZTNAt123nsIGWv")
framed = st.builds(lambda kind, body: bytes([kind]) + struct.pack("!I", len(body) + 4) + body, kinds, chunks)
streams = st.one_of(chunks, st.lists(st.one_of(framed, framed, chunks), max_size=8).map(b"".join))
texts = st.text(max_size=200)


@given(streams)
def test_frames(data):
    for scan in (
        lambda: _frames.split(data, 1 << 20),
        lambda: _frames.run_end(data, 0, ord("D")),
        lambda: _frames.scan_client(data, {}, {}),
        lambda: _frames.scan_server(data, 0, 3, deque([None] * 3)),
    ):
        try:
            scan()
        except ProtocolError:
            pass


@given(chunks)
@pytest.mark.parametrize(
    "reader",
    [
        parse_fields,
        parse_parse,
        parse_bind,
        parse_execute,
        parse_parameter_description,
        parse_row_description,
        parse_data_row,
        notification_without_payload,
        error_without_words,
        notice_without_words,
    ],
    ids=lambda reader: reader.__name__,
)
def test_messages(reader, data):
    try:
        reader(data)
    except ProtocolError:
        pass


async def taken(pieces: list[bytes]) -> tuple[list[Any], bool]:
    """All batches that an inbox makes of these chunks, and whether it refused them."""
    inbox, refused = Inbox(lambda on: None), False
    try:
        for piece in pieces:
            inbox.feed(piece)
    except ProtocolError:
        refused = True
    inbox.close()
    found = []
    while (batch := await inbox.batch()) is not None:
        found += batch
    return found, refused


@given(streams, st.lists(st.integers(0, 400), max_size=6))
def test_an_inbox_finds_the_same_messages_in_whatever_chunks_they_come(data, cuts):
    places = sorted({min(c, len(data)) for c in cuts} | {0, len(data)})
    pieces = [data[a:b] for a, b in itertools.pairwise(places)]
    whole, refused = LOOP.run(taken([data]))
    cut, refused_too = LOOP.run(taken(pieces))
    assert refused is refused_too
    if not refused:
        assert whole == cut


@given(streams)
def test_the_startup_packet(data):
    async def run() -> None:
        peer, _ = peer_with(data)
        await frontend.read_startup(peer, None, "127.0.0.1")

    try:
        LOOP.run(run())
    except (ProtocolError, frontend.StartupRefused):
        pass


@given(st.one_of(chunks, texts.map(str.encode)), st.integers(0, 3))
def test_a_startup_packet_of_the_right_length(body, minor):
    packet = struct.pack("!II", len(body) + 8, 3 << 16 | minor) + body

    async def run() -> frontend.Startup | frontend.Cancel:
        return await frontend.read_startup(peer_with(packet)[0], None, "127.0.0.1")

    try:
        assert isinstance(LOOP.run(run()), frontend.Startup)
    except (ProtocolError, frontend.StartupRefused):
        pass


scram = st.one_of(
    chunks,
    st.builds(
        lambda method, rest: struct.pack("!I", method) + rest,
        st.sampled_from([0, 3, 5, 10, 11, 12]),
        st.one_of(chunks, st.sampled_from([b"SCRAM-SHA-256\0\0", b"r=x,s=!!,i=4096", b"r=,s=,i=x", b"e=no", b"v=AA"])),
    ),
).map(lambda body: b"R" + struct.pack("!I", len(body) + 4) + body)


@given(st.one_of(streams, st.lists(st.one_of(scram, framed), max_size=5).map(b"".join)))
def test_a_server_that_is_none_does_not_get_past_the_login(data):
    async def run() -> Any:
        return await _login(peer_with(data)[0], TARGET, {})

    try:
        LOOP.run(run())
    except (LockgateError, ValueError, LookupError, ScramException):
        pass  # `dial` makes UpstreamError of all of them


@given(st.one_of(texts, st.text('{}()[]<>:"\\ aQ1', max_size=80)))
def test_the_node_tree(text):
    try:
        read(text)
    except NodeTreeError:
        pass


@given(
    st.one_of(chunks, texts.map(str.encode), st.text("SELCTFROMselctfrom '\"$;()*,.-/1a", max_size=60).map(str.encode))
)
def test_statements(text):
    try:
        for statement in parse(text):
            classify(statement)
    except ParseError:
        pass


yaml_like = st.one_of(texts, st.text("ab: -[]{}&*!|>'\"#\n0.", max_size=120))


@given(yaml_like)
def test_policies_and_profiles(text):
    for files in ({"a.cedar": text}, {"profiles.yaml": text}):
        try:
            parse_policies(files)
        except PolicyError as error:
            assert str(error)


@given(yaml_like)
def test_the_catalog(text):
    try:
        parse_catalog(text)
    except CatalogError:
        pass


@given(st.one_of(yaml_like.map(str.encode), chunks, yaml_like.map(lambda t: f"connections:\n  a: {t}\n".encode())))
def test_the_configuration(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "lockgate.yaml"
    path.write_bytes(data)
    try:
        load_config(path)
    except ConfigError as error:
        assert str(error)


@given(st.one_of(texts, st.text("abk:=0123456789+/\n", max_size=80)))
def test_the_key_file(text):
    from lockgate.audit import SigningKey

    for reader, own in ((KeyRing.parse, ConfigError), (SigningKey.from_text, AuditError)):
        try:
            reader(text)
        except own:
            pass


OIDS = sorted({*constants.TEXTS, *constants.ELEMENTS, *constants.ELEMENTS.values(), 600, 99_999})
masked_types = st.sampled_from(OIDS)


@given(masked_types, st.sampled_from(sorted(set(Operator) - {Operator.DETECT})), st.integers(0, 1), chunks)
@settings(max_examples=300)
def test_no_format_of_any_type_lets_a_value_through(oid, operator, fmt, around):
    """What is masked holds a canary behind arbitrary bytes: however odd the value, the canary does not come out.

    The detector looks for words, and has its own tests.
    """
    value = around + CANARY
    for cls, label in (("ssn", ""), ("date", "birth"), ("date", "age"), ("geo", "zip"), ("text", "")):
        plan = RowPlan([masks.column_mask(0, operator, cls, label, oid, fmt, b"k" * 16)], 1)
        body = struct.pack("!Hi", 1, len(value)) + value
        message = b"D" + struct.pack("!I", len(body) + 4) + body
        try:
            out, _, _ = rewrite(message, 0, plan)
        except ProtocolError:
            continue
        assert CANARY not in bytes(out)


rows_of_copy = st.builds(lambda before, after: before + CANARY + after, chunks, chunks)


@given(rows_of_copy, st.sampled_from(["text", "csv", "binary"]), st.booleans())
def test_no_copy_row_lets_a_value_through(row, form, begins):
    plan = RowPlan([masks.column_mask(0, "token", "ssn", "", constants.TEXT, 0, b"k" * 16)], 1)
    rewriter = CopyRewriter(plan, Options(form, b"," if form == "csv" else b"\t", b"" if form == "csv" else b"\\N"))
    if form == "binary" and begins:
        rewriter.feed(m.message("d", b"PGCOPY\n\xff\r\n\0" + bytes(8)))
    try:
        out, _ = rewriter.feed(m.message("d", row if form == "binary" else row + b"\n"))
    except ProtocolError:
        return
    assert CANARY not in out


@given(chunks)
def test_no_payload_of_a_notification_passes(payload):
    body = struct.pack("!I", 7) + b"channel\0" + payload + CANARY + b"\0"
    try:
        assert CANARY not in notification_without_payload(body)
    except ProtocolError:
        assert b"\0" in payload
