"""Clients of another language that are killed with calls in flight leave nothing at the server."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import unittest

import support
from taskwire.v1 import task_service_pb2 as service
from taskwire_client import Client

# On each transport; HOSTILE_ATTACKS is what Tests/HostileTests go by, too.
KILLS = max(10, int(os.environ.get("HOSTILE_ATTACKS", "0")) // 50)


class KilledClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="tw-"))
        script = os.path.join(os.path.dirname(__file__), "../../Scripts/test-certificates.sh")
        subprocess.run([script, cls.folder], check=True)

    def test_killed_clients_leave_no_connection(self):
        tls = f"tls+tcp://127.0.0.1:0,cert={self.folder}/server.pem,key={self.folder}/server-key.pem"
        with support.server_process(listen=[tls]) as (server, urls):
            for url in urls:
                with self.subTest(url=url.split(":")[0]), Client(urls[0]) as client:
                    before = self.left(server, client)
                    for _ in range(KILLS):
                        self.kill_client(url)
                    self.assert_left(before, server, client)

    def kill_client(self, url):
        """Runs a client until it is busy, and kills it."""
        arguments = [url.replace("127.0.0.1", "localhost"), f"{self.folder}/ca.pem"]
        program = os.path.join(os.path.dirname(__file__), "busy_client.py")
        with subprocess.Popen(
            [sys.executable, program, *arguments[: 2 if url.startswith("tls") else 1]],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            self.assertEqual(process.stdout.readline(), "busy\n")
            process.kill()
        self.assertEqual(process.returncode, -9)

    @staticmethod
    def left(server, client):
        """The sockets of the server's process, and the connections that it counts."""
        stats = client.call("GetStats", service.GetStatsRequest(), service="ServerService")
        sockets = 0
        for descriptor in os.scandir(f"/proc/{server.pid}/fd"):
            # Some are closed meanwhile.
            with contextlib.suppress(FileNotFoundError):
                sockets += os.readlink(descriptor.path).startswith("socket:")
        return sockets, stats.connections

    def assert_left(self, before, server, client):
        deadline = time.monotonic() + 20
        while True:
            after = self.left(server, client)
            if after[0] <= before[0] and after[1] <= before[1]:
                return
            self.assertLess(time.monotonic(), deadline, f"sockets and connections: {before} before, now {after}")
            time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
