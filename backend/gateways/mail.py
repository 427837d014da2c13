"""Outgoing mail by SMTP, or into an outbox folder when no mail server is configured."""

import asyncio
import smtplib
import ssl
import uuid
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit


class SmtpMailer:
    """The mailer of `ports/mailer.py` over SMTP, one connection per mail, in a thread.

    `smtp://` (port 25, or 587 when a user is given) upgrades with STARTTLS where the server offers it and refuses to
    send a password without it, except to this machine; `smtps://` (port 465) is TLS from the start.

    Args:     url: `smtp[s]://[user:password@]host[:port]`. sender: address in From. timeout_s: per network step.
    Raises:   ValueError when the URL is none of these; never with the password in it.
    """

    def __init__(self, url: str, sender: str, *, timeout_s: float = 20.0) -> None:
        self._server = _server(url)
        self._sender = sender
        self._timeout_s = timeout_s

    async def send(self, *, to: str, subject: str, body: str) -> None:
        """Deliver to the mail server.

        Raises:   OSError when it cannot be reached or refuses (smtplib's errors are OSErrors); worth another try.
                  ValueError when an address or the subject cannot stand in a mail header.
        """
        mail = build_mail(sender=self._sender, to=to, subject=subject, body=body)
        await asyncio.to_thread(self._deliver, mail)

    def _deliver(self, mail: EmailMessage) -> None:
        smtp = _connect(self._server, self._timeout_s)
        try:
            _log_in(smtp, self._server)
            smtp.send_message(mail)
            # A server that took the mail and fails to say goodbye must not make us send it again.
            with suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()


class OutboxMailer:
    """Writes each mail to `<folder>/<uuid>.eml`, readable by this user only: for trying out without a mail server."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, *, to: str, subject: str, body: str) -> None:
        """Write one file; raises as `SmtpMailer.send` does."""
        mail = build_mail(sender=self._sender, to=to, subject=subject, body=body)
        await asyncio.to_thread(self._write, mail.as_bytes(policy=SMTP_POLICY))

    def _write(self, mail: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f".{uuid.uuid4().hex}.part"
        part.touch(mode=0o600, exist_ok=False)
        part.write_bytes(mail)
        part.replace(self._folder / f"{uuid.uuid4()}.eml")


def build_mail(*, sender: str, to: str, subject: str, body: str) -> EmailMessage:
    """Build a plain-text mail in UTF-8.

    Raises:   ValueError when an address is none or a header would hold a line break (header injection).
    """
    if any(mark in subject for mark in "\r\n\0"):
        raise ValueError("a mail's subject must be one line")
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = _address(sender)
    mail["To"] = _address(to)
    mail["Subject"] = subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body)
    return mail


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except Exception:
        # The parser raises many kinds, some of them IndexError.
        raise ValueError("not an e-mail address") from None


class _Server:
    def __init__(self, tls: bool, host: str, port: int, user: str, password: str) -> None:
        self.tls, self.host, self.port, self.user, self.password = tls, host, port, user, password


def _server(url: str) -> _Server:
    wrong = ValueError("STORELOOM_SMTP_URL must look like smtp://user:password@host:587 or smtps://…")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise wrong
    tls = parts.scheme == "smtps"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return _Server(tls, parts.hostname, port or (465 if tls else 587 if user else 25), user, password)


def _connect(server: _Server, timeout_s: float) -> smtplib.SMTP:
    if server.tls:
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(server.host, server.port, timeout=timeout_s, context=context)
    return smtplib.SMTP(server.host, server.port, timeout=timeout_s)


def _log_in(smtp: smtplib.SMTP, server: _Server) -> None:
    smtp.ehlo()
    if not server.tls and smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    elif not server.tls and server.user and server.host not in ("localhost", "127.0.0.1", "::1"):
        raise OSError("the mail server offers no STARTTLS: the password was not sent; use smtps://")
    if server.user:
        smtp.login(server.user, server.password)
