"""A client of the taskwire.v1 protocol that knows nothing but Protos/: pynng carries, protobuf encodes."""

import secrets

import pynng
from taskwire.v1 import rpc_pb2, task_service_pb2


class CallFailed(Exception):
    """The server answered with a status other than OK."""

    def __init__(self, status):
        super().__init__(f"{status.reason}: {status.message}")
        self.status = status


class Client:
    """One connection to one server; a request at a time."""

    def __init__(self, url, timeout_seconds=20, token="", tls_config=None):
        timeouts = {"recv_timeout": timeout_seconds * 1000, "send_timeout": timeout_seconds * 1000}
        self.token = token
        self.socket = pynng.Req0(tls_config=tls_config, **timeouts)
        self.socket.dial(url, block=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def exchange(self, request):
        """Sends a Request and returns the Response."""
        return rpc_pb2.Response.FromString(self.exchange_bytes(request.SerializeToString()))

    def exchange_bytes(self, data):
        self.socket.send(data)
        return self.socket.recv()

    def call(self, method, request, *, request_id=None, service="TaskService"):
        """Calls a method and returns its reply; every call gets a request id, which reads ignore."""
        call = self.make_call(method, request, request_id=request_id, service=service)
        response = self.exchange(rpc_pb2.Request(call=call))
        return self.read_reply(method, response.reply)

    def make_call(self, method, request, *, request_id=None, service="TaskService"):
        return rpc_pb2.Call(
            token=self.token,
            method=f"taskwire.v1.{service}/{method}",
            body=request.SerializeToString(),
            request_id=secrets.token_bytes(16) if request_id is None else request_id,
        )

    @staticmethod
    def read_reply(method, reply):
        if reply.status.code != 0:
            raise CallFailed(reply.status)
        return getattr(task_service_pb2, f"{method}Reply").FromString(reply.body)
