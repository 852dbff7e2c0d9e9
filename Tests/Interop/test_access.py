"""Tokens and TLS, from a client in another language."""

import os
import subprocess
import tempfile
import unittest

import pynng
import support
from taskwire.v1 import task_service_pb2 as service
from taskwire_client import CallFailed, Client

UNAUTHENTICATED = 16
PERMISSION_DENIED = 7


class AccessTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="tw-"))
        script = os.path.join(os.path.dirname(__file__), "../../Scripts/test-certificates.sh")
        subprocess.run([script, folder], check=True)
        cls.tokens = {}
        for principal in ("alice", "bob", "worker:alice"):
            created = support.taskwire("", "token", "create", principal, "--tokens", f"{folder}/tokens")
            cls.tokens[principal] = created.stdout.decode().strip()
        tls = f"tls+tcp://127.0.0.1:0,cert={folder}/server.pem,key={folder}/server-key.pem,ca={folder}/ca.pem"
        cls.folder = folder
        cls.urls = cls.enterClassContext(support.server("--tokens", f"{folder}/tokens", listen=[tls]))

    def assert_refused(self, code, call):
        with self.assertRaises(CallFailed) as caught:
            call()
        self.assertEqual(caught.exception.status.code, code)

    def tls_config(self, identity):
        return pynng.TLSConfig(
            pynng.TLSConfig.MODE_CLIENT,
            server_name="localhost",
            ca_files=[f"{self.folder}/ca.pem"],
            cert_key_file=self.combined(identity),
        )

    def combined(self, identity):
        """A file with a certificate and its key, as nng wants it."""
        path = f"{self.folder}/{identity}-both.pem"
        with open(path, "w", encoding="utf-8") as both:
            for part in (f"{identity}.pem", f"{identity}-key.pem"):
                with open(f"{self.folder}/{part}", encoding="utf-8") as file:
                    both.write(file.read())
        return path

    def test_token(self):
        for url in self.urls[:2]:
            with self.subTest(url=url.split(":")[0]):
                with Client(url) as stranger:
                    self.assert_refused(
                        UNAUTHENTICATED, lambda: stranger.call("CreateTask", service.CreateTaskRequest())
                    )
                with Client(url, token=self.tokens["alice"]) as alice:
                    task = alice.call("CreateTask", service.CreateTaskRequest()).task
                    self.assertEqual(task.owner, "alice")
                with Client(url, token=self.tokens["bob"]) as bob:
                    with self.assertRaises(CallFailed) as caught:
                        bob.call("GetTask", service.GetTaskRequest(task_id=task.id))
                    self.assertEqual(caught.exception.status.reason, "TASK_NOT_FOUND")
                with Client(url, token=self.tokens["worker:alice"]) as worker:
                    claim = service.ClaimTaskRequest(task_id=task.id, worker="w", lease_ms=60_000)
                    self.assertTrue(worker.call("ClaimTask", claim).lease_token)
                    self.assert_refused(
                        PERMISSION_DENIED, lambda: worker.call("CreateTask", service.CreateTaskRequest())
                    )

    def test_tls(self):
        url = self.urls[2].replace("127.0.0.1", "localhost")
        with Client(url, token=self.tokens["alice"], tls_config=self.tls_config("client")) as alice:
            task = alice.call("CreateTask", service.CreateTaskRequest()).task
            self.assertEqual(task.owner, "alice")
        with self.assertRaises(pynng.NNGException):
            Client(url, tls_config=self.tls_config("other-client")).call("Ping", service.PingRequest())


if __name__ == "__main__":
    unittest.main()
