"""A single call of Taskwire's protocol by hand, for what is too short to start a program for."""

import socket
import struct

METHOD = b"taskwire.v1.ServerService/Ping"
REQUEST_ID = 0x8000_0001


def ping(path):
    """Whether a server at the socket answers a ping."""
    call = b"\x0a" + bytes([len(METHOD)]) + METHOD
    request = struct.pack("!I", REQUEST_ID) + b"\x0a" + bytes([len(call)]) + call
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        # Who speaks, REQ to REP, then messages with a type and a length.
        connection.sendall(b"\0SP\0" + struct.pack("!HH", 0x30, 0))
        if receive(connection, 8) != b"\0SP\0" + struct.pack("!HH", 0x31, 0):
            return False
        connection.sendall(struct.pack("!BQ", 1, len(request)) + request)
        _, length = struct.unpack("!BQ", receive(connection, 9))
        answer = receive(connection, length)
    # A reply with a body, and no status that would say what is wrong.
    return answer[:4] == request[:4] and answer[4] == 0x0A and answer[6] == 0x12


def receive(connection, count):
    """Exactly so many bytes."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionResetError("the server hung up")
        data += part
    return data
