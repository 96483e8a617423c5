"""A server of one file on this machine, which can cut a download short."""

from __future__ import annotations

import hashlib
import re
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backends.tabular.fetch import PublishedTable


class Server:
    """Serves one file and remembers from which byte it was asked; ``cut`` closes the connection after so many bytes."""

    def __init__(self, content: bytes) -> None:
        self.content, self.cut, self.ranges = content, len(content), True
        self.starts: list[int] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def published(self) -> PublishedTable:
        url = f"http://127.0.0.1:{self.http.server_address[1]}/v3.tfrecord"
        return PublishedTable(url, hashlib.sha256(self.content).hexdigest(), 0.0)

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers ranges as RFC 9110 says, or ignores them."""

    def __init__(self, owner: Server, *arguments: object) -> None:
        self.owner = owner
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked and self.owner.ranges else 0
        self.owner.starts.append(start)
        if start >= len(self.owner.content):
            self.send_error(416)
            return
        self.send_response(206 if asked and self.owner.ranges else 200)
        self.send_header("Content-Length", str(len(self.owner.content) - start))
        self.end_headers()
        self.wfile.write(self.owner.content[start : self.owner.cut])

    def log_message(self, *arguments: object) -> None:
        """Nothing on the terminal."""
