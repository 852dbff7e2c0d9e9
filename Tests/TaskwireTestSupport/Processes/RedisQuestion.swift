import Foundation

/// One command to a Redis of this machine, as cheap as it has to be for a test that asks again and again.
struct RedisQuestion {
    /// Redis said less than a whole reply.
    private struct Incomplete: Error {}

    private var bytes: ArraySlice<UInt8> = []
    private let descriptor: Int32

    /// What Redis replies, one element a line; empty where it does not answer.
    static func ask(_ arguments: [String], port: UInt16) -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var time = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return "" }
        let parts = arguments.map { "$\($0.utf8.count)\r\n\($0)\r\n" }
        let request = Array(("*\(arguments.count)\r\n" + parts.joined()).utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return ""
        }
        var question = RedisQuestion(descriptor: descriptor)
        return (try? question.reply()) ?? ""
    }

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Source: Redis serialization protocol specification, RESP2.
    private mutating func reply() throws -> String {
        let line = try line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "$":
            guard let count = Int(rest), count >= 0 else { return "" }
            let text = try take(count)
            _ = try take(2)
            return text
        case "*":
            return try (0..<max(0, Int(rest) ?? 0)).map { _ in try reply() }.joined(separator: "\n")
        default:
            return rest
        }
    }

    private mutating func line() throws -> String {
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\r")), bytes.endIndex > end + 1 {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes = bytes[(end + 2)...]
                return line
            }
            try receive()
        }
    }

    private mutating func take(_ count: Int) throws -> String {
        while bytes.count < count { try receive() }
        defer { bytes = bytes.dropFirst(count) }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private mutating func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { throw Incomplete() }
        bytes += buffer.prefix(count)
    }
}
