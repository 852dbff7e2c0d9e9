internal import Glibc

/// The address of a server: `ipc:///path`, `tcp://host:port`, `tls+tcp://host:port` or `abstract://name`.
package struct Address: Hashable, Sendable {
    /// The port of `tcp` and `tls+tcp` addresses that name none.
    package static let defaultPort: UInt16 = 7411

    /// The longest path of a Unix-domain socket, in bytes of UTF-8.
    static let maximumPathLength = 107

    /// The longest name of an `abstract` address, in bytes.
    private static let maximumNameLength = 100

    /// The parts of an address. A host is kept without brackets.
    enum Transport: Hashable, Sendable {
        case ipc(path: String)
        case tcp(host: String, port: UInt16)
        case tls(host: String, port: UInt16)
        /// A Unix-domain socket without a file, which is there for every user of this machine (Linux, unix(7)).
        case abstract(name: String)
    }

    let transport: Transport

    init(_ transport: Transport) {
        self.transport = transport
    }

    /// Reads an address.
    ///
    /// - Throws: ``TransportError`` with the code `addressInvalid` and a sentence that names the bad part.
    package init(_ text: String) throws(TransportError) {
        guard let separator = text.firstRange(of: "://") else {
            throw Self.invalid(
                text,
                "it has no scheme; an address looks like ipc:///run/taskwire.sock or tcp://127.0.0.1:7411"
            )
        }
        let scheme = text[..<separator.lowerBound]
        let rest = text[separator.upperBound...]
        guard !text.utf8.contains(0) else {
            throw Self.invalid(text, "it contains a NUL character")
        }
        switch scheme {
        case "ipc":
            transport = .ipc(path: try Self.path(rest, in: text))
        case "tcp":
            let (host, port) = try Self.hostAndPort(rest, in: text)
            transport = .tcp(host: host, port: port)
        case "tls+tcp":
            let (host, port) = try Self.hostAndPort(rest, in: text)
            transport = .tls(host: host, port: port)
        case "abstract":
            guard !rest.isEmpty, rest.utf8.count <= Self.maximumNameLength,
                rest.utf8.allSatisfy(Self.isNameByte)
            else {
                throw Self.invalid(
                    text,
                    "the name must have 1 to \(Self.maximumNameLength) letters, digits and characters of -._/"
                )
            }
            transport = .abstract(name: String(rest))
        default:
            throw Self.invalid(
                text,
                "\"\(scheme)\" is not a scheme; the schemes are ipc, tcp, tls+tcp and abstract"
            )
        }
    }

    /// The parts of a list, such as `tcp://a:7411,tcp://b:7411`: each but the first follows a comma, with or without
    /// spaces, and has a scheme, as a comma may also be part of a path.
    package static func parts(ofList text: String) -> [String] {
        var parts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if let last = parts.last {
                if part.contains("://") {
                    parts.append(String(part.drop { $0 == " " }))
                } else {
                    parts[parts.count - 1] = "\(last),\(part)"
                }
            } else {
                parts.append(String(part))
            }
        }
        return parts
    }

    /// The address that a client and a server use when they are told none: a socket that only this user can
    /// open, in `XDG_RUNTIME_DIR` or else in a folder of its own under `/tmp`.
    ///
    /// - Throws: ``TransportError`` with the code `addressInvalid` when `XDG_RUNTIME_DIR` cannot be used.
    package static func makeDefault(environment: [String: String]) throws(TransportError) -> Address {
        if let folder = environment["XDG_RUNTIME_DIR"], !folder.isEmpty {
            return try Address("ipc://\(folder)/taskwire.sock")
        }
        return Address(.ipc(path: "/tmp/taskwire-\(getuid())/taskwire.sock"))
    }

    /// Whether it is a socket file.
    package var isIPC: Bool {
        if case .ipc = transport { true } else { false }
    }

    /// The framing of messages on its connections.
    var framing: SPProtocol.Framing {
        switch transport {
        case .ipc, .abstract: .ipc
        case .tcp, .tls: .tcp
        }
    }

    /// Whether connections are encrypted.
    package var isTLS: Bool {
        if case .tls = transport { true } else { false }
    }

    /// The host of a `tcp` or `tls+tcp` address, without brackets.
    package var host: String? {
        switch transport {
        case .tcp(let host, _), .tls(let host, _): host
        case .ipc, .abstract: nil
        }
    }

    /// Whether only programs on this machine can reach the address.
    package var isLocal: Bool {
        switch transport {
        case .ipc, .abstract:
            return true
        case .tcp(let host, _), .tls(let host, _):
            if host == "::1" || host.lowercased() == "localhost" {
                return true
            }
            var address = in_addr()
            // The address is in network byte order: its first byte is the first in memory.
            return unsafe inet_pton(AF_INET, host, &address) == 1
                && UInt32(bigEndian: address.s_addr) >> 24 == 127
        }
    }

    private static func invalid(_ text: String, _ reason: String) -> TransportError {
        TransportError(code: .addressInvalid, message: "The address \"\(text)\" is not valid: \(reason).")
    }

    private static func path(_ text: Substring, in address: String) throws(TransportError) -> String {
        guard text.hasPrefix("/") else {
            throw invalid(address, "the path must be absolute, as in ipc:///run/taskwire.sock")
        }
        guard !text.hasSuffix("/") else {
            throw invalid(address, "the path must name a socket, not a folder")
        }
        guard text.utf8.count <= maximumPathLength else {
            throw invalid(
                address,
                "the path has \(text.utf8.count) bytes and a socket's may have \(maximumPathLength)"
            )
        }
        return String(text)
    }

    private static func hostAndPort(
        _ text: Substring,
        in address: String
    ) throws(TransportError) -> (host: String, port: UInt16) {
        let host: Substring
        let remainder: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw invalid(address, "the bracket before the IPv6 host is never closed")
            }
            host = text[text.index(after: text.startIndex)..<end]
            remainder = text[text.index(after: end)...]
            var parsed = in6_addr()
            guard unsafe inet_pton(AF_INET6, String(host), &parsed) == 1 else {
                throw invalid(address, "\"\(host)\" is not an IPv6 address")
            }
        } else {
            host = text.prefix { $0 != ":" }
            remainder = text[host.endIndex...]
            guard !remainder.dropFirst().contains(":") else {
                throw invalid(address, "an IPv6 host must stand in brackets, as in tcp://[::1]:7411")
            }
            guard !host.isEmpty else {
                throw invalid(address, "it has no host; to listen on every interface write 0.0.0.0")
            }
            guard host.utf8.count <= 253, host.utf8.allSatisfy(isHostByte) else {
                throw invalid(address, "\"\(host)\" is not a host name")
            }
        }
        guard !remainder.isEmpty else {
            return (String(host), defaultPort)
        }
        guard remainder.hasPrefix(":") else {
            throw invalid(address, "\"\(remainder)\" after the host is not a port")
        }
        let digits = remainder.dropFirst()
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
            throw invalid(address, "\"\(digits)\" is not a port; a port is a number from 0 to 65535")
        }
        return (String(host), port)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isHostByte(byte) || byte == UInt8(ascii: "/")
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default:
            false
        }
    }
}

extension Address: CustomStringConvertible {
    /// The address as a URL, with its port written out.
    package var description: String {
        switch transport {
        case .ipc(let path): "ipc://\(path)"
        case .tcp(let host, let port): "tcp://\(Self.bracketed(host)):\(port)"
        case .tls(let host, let port): "tls+tcp://\(Self.bracketed(host)):\(port)"
        case .abstract(let name): "abstract://\(name)"
        }
    }

    private static func bracketed(_ host: String) -> String {
        host.contains(":") ? "[\(host)]" : host
    }
}
