"""A mail server that delivers nothing: what Odoo sends is written to a folder, one file
a mail."""

import email
import email.policy
import itertools
import socketserver
import threading
import time


class _Conversation(socketserver.StreamRequestHandler):
    """Enough of SMTP for a client that only wants to get rid of a mail."""

    timeout = 60

    def handle(self):
        self._answer("220 ready")
        sender, recipients = "", []
        while line := self.rfile.readline(65536):
            text = line.decode("utf-8", "replace").strip()
            verb = text[:4].upper()
            if verb == "EHLO":
                self._answer("250-mail sink\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif verb == "MAIL":
                sender = text.partition(":")[2]
                self._answer("250 ok")
            elif verb == "RCPT":
                recipients.append(text.partition(":")[2])
                self._answer("250 ok")
            elif verb == "DATA":
                self._answer("354 go on")
                self.server.keep(sender, recipients, self._data())
                sender, recipients = "", []
                self._answer("250 kept")
            elif verb == "QUIT":
                self._answer("221 bye")
                return
            else:
                self._answer("250 ok")

    def _data(self):
        lines = []
        while (line := self.rfile.readline()) and line.rstrip(b"\r\n") != b".":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _answer(self, text):
        self.wfile.write(f"{text}\r\n".encode())


class MailSink(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback while it is used in a ``with``
    statement."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.folder = folder
        self.port = self.server_address[1]
        self.count = itertools.count(1)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.shutdown()
        self.server_close()

    def keep(self, sender, recipients, data):
        self.folder.mkdir(parents=True, exist_ok=True)
        to = ", ".join(recipients)
        envelope = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {to}\r\n".encode()
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{self.port}-{next(self.count):04}.eml"
        (self.folder / name).write_bytes(envelope + data)

    def mails(self):
        """Return what was sent, oldest first."""
        files = sorted(self.folder.glob(f"*-{self.port}-*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files
        ]
