/// Where a node says that a key is instead: `MOVED SLOT HOST:PORT`, or `ASK SLOT HOST:PORT` for this time only.
///
/// Source: Redis Cluster specification, "MOVED redirection" and "ASK redirection".
package struct RedisRedirection: Equatable {
    /// What stands for the host where it has no name and names are preferred.
    static let unknownHost = "?"

    package let slot: Int
    package let endpoint: RedisEndpoint
    /// Whether the slot is still on its way.
    package let isAsk: Bool

    /// Reads an error; `nil` where it is another one.
    /// - Parameter asked: The node that answered.
    package init?(_ error: String, from asked: RedisEndpoint) {
        let words = error.split(separator: " ", omittingEmptySubsequences: false)
        guard
            words.count >= 3, words[0] == "MOVED" || words[0] == "ASK",
            let slot = Int(words[1]), (0..<RedisSlots.count).contains(slot),
            let colon = words[2].lastIndex(of: ":"),
            let port = Int64(words[2][words[2].index(after: colon)...]),
            let endpoint = RedisEndpoint(host: String(words[2][..<colon]), port: port, from: asked)
        else { return nil }
        self.slot = slot
        self.endpoint = endpoint
        isAsk = words[0] == "ASK"
    }
}

extension RedisEndpoint {
    /// A node that another one names; that one's own host where it does not say which.
    init?(host: String, port: Int64, from asked: RedisEndpoint) {
        guard (1...65_535).contains(port) else { return nil }
        let isUnknown = host.isEmpty || host == RedisRedirection.unknownHost
        self.init(host: isUnknown ? asked.host : host, port: Int(port))
    }
}
