internal import FoundationEssentials
public import Taskwire

/// Where a Redis or a Redis Cluster is: `redis://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DATABASE]`, as IANA
/// registered the scheme, with several hosts for a Cluster.
public struct RedisAddress: Sendable, Hashable, CustomStringConvertible {
    /// At least one. Those of a Cluster are some of its nodes, in any role; the others are learnt from the first one that
    /// answers. A port that is not given is 6379.
    public let endpoints: [RedisEndpoint]
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
        guard text.hasPrefix(Self.scheme) else { throw Self.malformed }
        let rest = text.dropFirst(Self.scheme.count)
        let authority = rest.prefix { !"/?#".contains($0) }
        let credentials = authority.lastIndex(of: "@").map { authority[...$0] } ?? ""
        let hosts = authority.dropFirst(credentials.count).split(
            separator: ",",
            omittingEmptySubsequences: false
        )
        // Each host makes an address of the usual kind with what all of them share.
        var parts = URLComponents()
        var endpoints: [RedisEndpoint] = []
        for host in hosts {
            let single = "\(Self.scheme)\(credentials)\(host)\(rest.dropFirst(authority.count))"
            guard let components = URLComponents(string: single) else { throw Self.malformed }
            parts = components
            let endpoint = try Self.endpoint(in: components)
            if !endpoints.contains(endpoint) { endpoints.append(endpoint) }
        }
        let path = parts.path.drop { $0 == "/" }
        guard let database = path.isEmpty ? 0 : Int(path), (0..<1_000_000).contains(database) else {
            throw Self.invalid("the address of Redis has the database \(path); a number is expected")
        }
        self.endpoints = endpoints
        self.database = database
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
    }

    /// The address without user and password.
    public var description: String {
        "\(Self.scheme)\(endpoints.map(\.description).joined(separator: ","))/\(database)"
    }

    private static let scheme = "redis://"

    private static func endpoint(in parts: URLComponents) throws(TaskwireError) -> RedisEndpoint {
        guard let host = parts.host, !host.isEmpty, parts.query == nil, parts.fragment == nil else {
            throw malformed
        }
        guard let port = UInt16(exactly: parts.port ?? 6379), port > 0 else {
            throw invalid("the address of Redis has the port \(parts.port ?? 0); 1 to 65535 are allowed")
        }
        return RedisEndpoint(
            host: host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host,
            port: Int(port)
        )
    }

    private static var malformed: TaskwireError {
        invalid(
            "the address of Redis should be redis://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]...][/DATABASE]"
        )
    }

    private static func invalid(_ sentence: String) -> TaskwireError {
        TaskwireError(.invalidArgument, .invalidField, sentence)
    }
}
