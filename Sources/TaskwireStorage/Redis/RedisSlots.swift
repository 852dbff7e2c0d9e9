package import FoundationEssentials

/// Which node has which keys: the masters of the 16384 slots of a Redis Cluster, or the one Redis that has them all.
package struct RedisSlots: Sendable, Equatable {
    /// Redis Cluster specification, "Key distribution model".
    package static let count = 16_384

    /// The masters.
    package private(set) var endpoints: [RedisEndpoint]
    /// By slot, which of them has it; `nil` where none has.
    private var masters: [Int?]

    /// Everything is at one Redis.
    init(allAt endpoint: RedisEndpoint) {
        endpoints = [endpoint]
        masters = Array(repeating: 0, count: Self.count)
    }

    /// Reads the answer to CLUSTER SLOTS; `nil` where it is none, or knows of no slot.
    /// - Parameter asked: The node that answered, which stands for hosts that it does not name.
    package init?(_ reply: RedisReply, from asked: RedisEndpoint) {
        endpoints = []
        masters = Array(repeating: nil, count: Self.count)
        for range in reply.elements ?? [] {
            guard
                let parts = range.elements, parts.count >= 3,
                let first = parts[0].number, let last = parts[1].number,
                0 <= first, first <= last, last < Self.count,
                let master = Self.endpoint(parts[2], from: asked)
            else { return nil }
            for slot in first...last { assign(Int(slot), to: master) }
        }
        if endpoints.isEmpty { return nil }
    }

    /// The master of a slot; `nil` where none has it.
    package subscript(slot: Int) -> RedisEndpoint? {
        masters.indices.contains(slot) ? masters[slot].map { endpoints[$0] } : nil
    }

    /// Takes note that a slot has another master.
    mutating func assign(_ slot: Int, to endpoint: RedisEndpoint) {
        guard masters.indices.contains(slot) else { return }
        let known = endpoints.firstIndex(of: endpoint)
        if known == nil { endpoints.append(endpoint) }
        masters[slot] = known ?? endpoints.count - 1
    }

    /// The slot of a key: the CRC16 of the key or of its hash tag, modulo 16384. A hash tag is what stands between the
    /// first `{` and the first `}` behind it, unless that is nothing.
    ///
    /// Source: Redis Cluster specification, "Key distribution model", "Hash tags" and appendix A.
    package static func slot(of key: Data) -> Int {
        var hashed = key[...]
        if let open = key.firstIndex(of: UInt8(ascii: "{")) {
            let tag = key[(open + 1)...].prefix { $0 != UInt8(ascii: "}") }
            if !tag.isEmpty, tag.endIndex < key.endIndex { hashed = tag }
        }
        return Int(crc16(hashed)) % count
    }

    /// CRC16/XMODEM: polynomial 0x1021, begins with 0, bits in their own order.
    package static func crc16(_ bytes: some Sequence<UInt8>) -> UInt16 {
        bytes.reduce(0) { crc, byte in
            (0..<8).reduce(crc ^ UInt16(byte) << 8) { crc, _ in
                crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021
            }
        }
    }

    /// A node as CLUSTER SLOTS describes it: host, port, id, and a list of names and values that say more.
    private static func endpoint(_ reply: RedisReply, from asked: RedisEndpoint) -> RedisEndpoint? {
        guard let parts = reply.elements, parts.count >= 2, let port = parts[1].number else { return nil }
        var host = parts[0].text ?? ""
        if host == RedisRedirection.unknownHost, parts.count >= 4, let more = parts[3].elements {
            let address = more.firstIndex { $0.text == "ip" }.map { more.index(after: $0) }
            host = address.flatMap { more.indices.contains($0) ? more[$0].text : nil } ?? host
        }
        return RedisEndpoint(host: host, port: port, from: asked)
    }
}
