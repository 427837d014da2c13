"""Mail over a real socket and into the outbox; nothing in a header that does not belong there."""

import logging
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from backend.gateways.mail import OutboxMailer, SmtpMailer, build_mail

BODY = "Follow this link: https://example.test/s3cret-link\n.\nÄ 🙂\n"


class SmtpServer(socketserver.ThreadingTCPServer):
    """Speaks just enough SMTP; keeps what it was given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, refuse: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), SmtpSession)
        self.commands: list[str] = []
        self.mails: list[bytes] = []
        self.refuse = refuse


class SmtpSession(socketserver.StreamRequestHandler):
    server: SmtpServer

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            command = line.decode().strip()
            self.server.commands.append(command)
            self.answer(command.split(" ")[0].upper())

    def answer(self, verb: str) -> None:
        if verb == "EHLO":
            self.wfile.write(b"250-here\r\n250-AUTH PLAIN\r\n250-SMTPUTF8\r\n250 8BITMIME\r\n")
        elif verb == "DATA":
            self.wfile.write(b"354 go on\r\n")
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line[1:] if line.startswith(b".") else line)
            self.server.mails.append(b"".join(lines))
            self.wfile.write(b"250 taken\r\n")
        elif verb == "RCPT" and self.server.refuse:
            self.wfile.write(b"550 no such user\r\n")
        elif verb == "QUIT":
            self.wfile.write(b"421 too busy to say goodbye\r\n")
        else:
            self.wfile.write(b"235 ok\r\n" if verb == "AUTH" else b"250 ok\r\n")


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def url(server: SmtpServer, user: str = "") -> str:
    return f"smtp://{user}127.0.0.1:{server.server_address[1]}"


async def test_a_mail_arrives_as_it_was_written(server: SmtpServer) -> None:
    await SmtpMailer(url(server), "hub@shop.test").send(to="ann@shop.test", subject="Grüße", body=BODY)
    mail = message_from_bytes(server.mails[0], policy=default)
    assert (mail["From"], mail["To"], mail["Subject"]) == ("hub@shop.test", "ann@shop.test", "Grüße")
    assert mail.get_content().replace("\r\n", "\n") == BODY


async def test_the_user_of_the_url_logs_in(server: SmtpServer) -> None:
    await SmtpMailer(url(server, "hub:p%40ss@"), "hub@shop.test").send(to="ann@shop.test", subject="x", body="y")
    assert any(command.startswith("AUTH PLAIN") for command in server.commands)
    assert len(server.mails) == 1


async def test_a_mail_server_that_is_away_is_an_os_error() -> None:
    with pytest.raises(OSError):
        await SmtpMailer("smtp://127.0.0.1:1", "hub@shop.test").send(to="ann@shop.test", subject="x", body="y")


async def test_a_mail_server_that_refuses_is_an_os_error(server: SmtpServer) -> None:
    server.refuse = True
    with pytest.raises(OSError):
        await SmtpMailer(url(server), "hub@shop.test").send(to="ann@shop.test", subject="x", body="y")


@pytest.mark.parametrize("text", ["", "http://host", "smtp://", "smtp://host:port", "smtp://user:s3cret@"])
def test_a_wrong_url_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="STORELOOM_SMTP_URL") as refusal:
        SmtpMailer(text, "hub@shop.test")
    assert "s3cret" not in str(refusal.value)


async def test_without_a_server_mails_lie_in_the_outbox(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    await OutboxMailer(outbox, "hub@shop.test").send(to="ann@shop.test", subject="Hello", body=BODY)
    path = next(iter(outbox.iterdir()))
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0
    assert message_from_bytes(path.read_bytes(), policy=default).get_content().replace("\r\n", "\n") == BODY


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("ann@shop.test", "x\r\nBcc: eve@evil.test"),
        ("ann@shop.test\r\nBcc: eve@evil.test", "x"),
        ("ann", "x"),
        ("", "x"),
        ("a@b.test, eve@evil.test", "x"),
    ],
)
def test_nothing_slips_into_the_headers(to: str, subject: str) -> None:
    with pytest.raises(ValueError):
        build_mail(sender="hub@shop.test", to=to, subject=subject, body="x")


async def test_no_body_is_logged(server: SmtpServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await SmtpMailer(url(server), "hub@shop.test").send(to="ann@shop.test", subject="x", body=BODY)
    assert "s3cret-link" not in caplog.text
