"""What a chat is remembered by: messages that stand there, codes that link an account, deliveries already seen."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from lockgate.store.tables import metadata

chat_messages = Table(
    "chat_messages",
    metadata,
    Column("id", String(40), primary_key=True),  # what a button carries: a MAC over request, action and view
    Column("channel", String(16), nullable=False),  # slack
    Column("request", String(40), nullable=False),
    Column("place", String(64), nullable=False),  # the room that it stands in
    Column("name", String(64), nullable=False),  # what the service calls the message, empty before it stands
    Column("shown", String(64), nullable=False),  # digest of what it says
    Column("leased_until_at", BigInteger, nullable=False),
)
Index("chat_messages_by_request", chat_messages.c.request, chat_messages.c.channel)

chat_codes = Table(
    "chat_codes",
    metadata,
    Column("id", String(64), primary_key=True),  # a hash of the code
    Column("account", String(256), nullable=False),  # of the chat: slack:TEAM.USER
    Column("called", Text, nullable=False),  # what the chat calls them
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),  # 0 until then
    Column("mac", LargeBinary, nullable=False),  # over all the others, by a key outside the store
)
Index("chat_codes_by_account", chat_codes.c.account)

chat_seen = Table(
    "chat_seen",
    metadata,
    Column("id", String(64), primary_key=True),  # a hash of the signature
    Column("forget_at", BigInteger, nullable=False),
)
Index("chat_seen_by_time", chat_seen.c.forget_at)
