"""The protocol of nng's REQ sockets by hand, for what is too short or too busy for the library."""

import contextlib
import socket
import struct

REQ, REP = 0x30, 0x31
FIRST_NUMBER = 0x8000_0000  # of requests: the highest bit ends the list of those that a device adds


class Connection:
    """A connection with any number of requests in flight, each with a number."""

    def __init__(self, stream, replies):
        self.stream = stream
        self.replies = replies

    def send(self, number, request):
        """Sends a request."""
        head = struct.pack("!BQI", 1, 4 + len(request), FIRST_NUMBER | number)
        self.stream.sendall(head + request)

    def receive(self):
        """The next reply, with the number of its request."""
        _, length, number = struct.unpack("!BQI", self.read(13))
        return number ^ FIRST_NUMBER, self.read(length - 4)

    def greet(self):
        """Says who speaks, and hears who answers."""
        self.stream.sendall(greeting(REQ))
        if self.read(8) != greeting(REP):
            raise ConnectionError("whoever listens there is no REP socket")

    def read(self, count):
        """Exactly so many bytes."""
        data = self.replies.read(count)
        if len(data) < count:
            raise ConnectionResetError("the server hung up")
        return data


def greeting(protocol):
    """The first bytes of a connection."""
    return b"\0SP\0" + struct.pack("!HH", protocol, 0)


@contextlib.contextmanager
def connect(path, patience=10):
    """A connection to the server at a socket, where nothing takes longer than so many seconds."""
    with socket.socket(socket.AF_UNIX) as stream, stream.makefile("rb") as replies:
        stream.settimeout(patience)
        stream.connect(path)
        connection = Connection(stream, replies)
        connection.greet()
        yield connection
