internal import FoundationEssentials
public import Taskwire

/// Where a Redis is: `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, as IANA registered the scheme.
public struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address.
    public let host: String
    /// 6379 unless given.
    public let port: Int
    /// The number of the database, 0 unless given.
    public let database: Int
    let user: String?
    let password: String?

    /// Reads an address. User and password may be percent-encoded.
    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD, with a sentence that does not contain the password.
    public init(_ text: String) throws(TaskwireError) {
        guard !text.hasPrefix("rediss:") else {
            throw Self.invalid(
                """
                rediss:// is not served, since Debian's hiredis has no TLS; run a TLS tunnel beside the server, such as \
                stunnel, and use its address, redis://127.0.0.1:PORT
                """
            )
        }
        guard
            text.hasPrefix("redis://"),
            let parts = URLComponents(string: text),
            let host = parts.host, !host.isEmpty,
            parts.query == nil, parts.fragment == nil
        else {
            throw Self.invalid(
                "the address of Redis should be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]"
            )
        }
        guard let port = UInt16(exactly: parts.port ?? 6379), port > 0 else {
            throw Self.invalid("the address of Redis has the port \(parts.port ?? 0); 1 to 65535 are allowed")
        }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), (0..<1_000_000).contains(database) else {
            throw Self.invalid("the address of Redis has the database \(path); a number is expected")
        }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.port = Int(port)
        self.database = database
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
    }

    /// The address without user and password.
    public var description: String {
        "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
    }

    private static func invalid(_ sentence: String) -> TaskwireError {
        TaskwireError(.invalidArgument, .invalidField, sentence)
    }
}
