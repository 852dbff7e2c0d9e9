internal import CNNG
internal import Glibc

extension nng_sockaddr {
    /// "127.0.0.1" or "[::1]", and the port; nil for addresses of other kinds.
    var hostAndPort: (host: String, port: UInt16)? {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch unsafe nng_sockaddr_family(rawValue: UInt32(s_family)) {
        case NNG_AF_INET:
            var address = unsafe s_in.sa_addr
            guard unsafe inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count)) != nil else {
                return nil
            }
            return unsafe (Self.text(buffer), UInt16(bigEndian: s_in.sa_port))
        case NNG_AF_INET6:
            var address = unsafe s_in6.sa_addr
            guard unsafe inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count)) != nil else {
                return nil
            }
            return unsafe ("[\(Self.text(buffer))]", UInt16(bigEndian: s_in6.sa_port))
        default:
            return nil
        }
    }

    private static func text(_ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
