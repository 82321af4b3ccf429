"""What wait-for-healthy.sh says of services that become ready, and of one that does not."""

import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WAIT = Path(__file__).resolve().parents[1] / "ci/wait-for-healthy.sh"
REASONS = b'{"status":"not_ready","reasons":[{"code":"BROKER_UNREACHABLE"}]}'


class Service(BaseHTTPRequestHandler):
    """/ready is 200, /starting from the second look on, /broken never."""

    looks = 0

    def do_GET(self):
        if self.path == "/starting":
            Service.looks += 1
        ready = self.path == "/ready" or (self.path == "/starting" and Service.looks > 1)
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"{}" if ready else REASONS)

    def log_message(self, *_):
        pass


class WaitTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}"
        threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def wait(self, code, *arguments):
        run = subprocess.run([WAIT, *arguments], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, code, run.stdout + run.stderr)
        return run

    def test_ready_at_once_and_ready_later(self):
        run = self.wait(0, f"{self.url}/ready", f"{self.url}/starting")
        self.assertIn("/ready is ready", run.stdout)
        self.assertIn("/starting is ready", run.stdout)

    def test_one_that_is_never_ready_says_why_and_so_does_one_that_is_not_there(self):
        run = self.wait(75, "--timeout", "6", f"{self.url}/broken", "http://127.0.0.1:1/ready", f"{self.url}/ready")
        self.assertRegex(run.stderr, r"… \d+ s, waiting for .*/broken http://127.0.0.1:1/ready")
        self.assertIn("/broken: 503", run.stderr)
        self.assertIn("BROKER_UNREACHABLE", run.stderr)
        self.assertIn("http://127.0.0.1:1/ready: no answer: curl: (7)", run.stderr)

    def test_mistyped(self):
        self.assertIn("which URLs?", self.wait(64).stderr)
        self.assertIn("--timeout needs seconds", self.wait(64, "--timeout", "1m", self.url).stderr)


if __name__ == "__main__":
    unittest.main()
