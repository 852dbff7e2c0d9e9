/// One Redis of those that a store may be in.
public struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address, without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, with brackets around an IPv6 address.
    public var description: String {
        "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
