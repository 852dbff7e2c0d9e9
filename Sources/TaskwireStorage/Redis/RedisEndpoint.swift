/// One Redis of those that a store may be in.
public struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address, without brackets.
    public let host: String
    /// From 1 to 65535.
    public let port: Int

    /// `HOST:PORT`, with brackets around an IPv6 address.
    public var description: String {
        "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
