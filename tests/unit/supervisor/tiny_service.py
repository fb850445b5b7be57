"""A real process for the supervisor's tests: answers health checks, and dies, hangs or multiplies when told to."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Health(BaseHTTPRequestHandler):
    ready_at = 0.0

    def do_GET(self) -> None:
        self.send_response(200 if time.monotonic() >= self.ready_at else 503)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, format: str, *args: object) -> None:
        return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ready-after", type=float, default=0.0)
    parser.add_argument("--die-after", type=float)
    parser.add_argument("--say", default="started")
    parser.add_argument("--deaf", action="store_true", help="take no notice of SIGTERM")
    parser.add_argument("--with-child", action="store_true")
    arguments = parser.parse_args()
    print(arguments.say, flush=True)
    if arguments.deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if arguments.with_child:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(f"child {child.pid}", flush=True)
    if arguments.die_after is not None:
        threading.Timer(arguments.die_after, lambda: os._exit(3)).start()
    Health.ready_at = time.monotonic() + arguments.ready_after
    HTTPServer(("127.0.0.1", arguments.port), Health).serve_forever()


if __name__ == "__main__":
    main()
