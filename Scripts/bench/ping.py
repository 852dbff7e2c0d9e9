"""A single call of Taskwire's protocol by hand, for what is too short to start a program for."""

import wire

METHOD = b"taskwire.v1.ServerService/Ping"


def ping(path, token=""):
    """Whether a server at the socket answers a ping."""
    call = field(1, METHOD) + (field(5, token.encode()) if token else b"")
    try:
        with wire.connect(path) as connection:
            connection.send(1, field(1, call))
            _, answer = connection.receive()
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    # A reply with a body, and no status that would say what is wrong.
    return answer[0] == 0x0A and answer[2] == 0x12


def field(number, data):
    """A field of a Protobuf message, with less than 128 bytes."""
    return bytes([number << 3 | 2, len(data)]) + data
