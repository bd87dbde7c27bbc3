"""E-mail over SMTP (RFC 5321): tells that somebody is needed, and never votes. A link in it leads to a login."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage

from lockgate.channels.telling import asks
from lockgate.services.approvals import RequestView
from lockgate.services.views import instant

TIMEOUT_S = 15.0
STARTTLS, IMPLICIT, PLAIN = "starttls", "implicit", "none"


@dataclass(frozen=True, slots=True)
class Mail:
    """One server, one sender, those who are told."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    console_url: str
    tls: str = STARTTLS
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = "mail"

    async def tell(self, message_id: str, view: RequestView) -> str:
        """One message to all of them, while somebody is needed."""
        return await asyncio.to_thread(self._send, self.message(message_id, view)) if asks(view) else ""

    def message(self, message_id: str, view: RequestView) -> EmailMessage:
        """Sent twice, it has one Message-ID. It says nothing that the requester wrote."""
        what = "A broken glass" if view.kind == "glass" else f"A request of {view.risk} risk"
        made = EmailMessage()
        made["From"], made["To"] = self.sender, ", ".join(self.to)
        made["Subject"] = f"[lockgate] {what} on {view.connection}"
        made["Message-ID"] = f"<{message_id}@{self.sender.rpartition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(
            f"{what} on {view.connection} needs {', '.join(view.asked) or 'a look'}.\n\n"
            f"who: {view.principal}\nwhat: {view.operation}\n"
            f"until: {instant(view.review_by_at or view.decide_by_at)}\n\n"
            f"Look at it, logged in: {self.console_url.rstrip('/')}/{view.id}\n"
        )
        return made

    def _send(self, message: EmailMessage) -> str:
        context = ssl.create_default_context()
        try:
            with self._connect(context) as server:
                if self.tls == STARTTLS:
                    server.starttls(context=context)  # SMTPNotSupportedError where it is not offered: nothing goes out
                if self.user:
                    server.login(self.user, self.password)
                refused = server.send_message(message, self.sender, list(self.to))
        except (smtplib.SMTPException, OSError) as error:
            return type(error).__name__
        # Whoever was taken has it: another try would send it to them again.
        return "" if len(refused) < len(self.to) else "SMTPRecipientsRefused"

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.tls == IMPLICIT:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
