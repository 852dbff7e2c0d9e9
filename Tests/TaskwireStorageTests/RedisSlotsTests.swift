import Foundation
import TaskwireStorage
import Testing

@Suite("Who has which key in a Redis Cluster")
struct RedisSlotsTests {
    private let asked = RedisEndpoint(host: "asked", port: 1)

    /// Redis Cluster specification, "Key distribution model".
    @Test("the checksum is CRC16/XMODEM")
    func checksum() {
        #expect(RedisSlots.crc16(Data("123456789".utf8)) == 0x31C3)
        #expect(RedisSlots.crc16(Data()) == 0)
    }

    /// Redis Cluster specification, "Hash tags", and what CLUSTER KEYSLOT says of Redis's own examples.
    @Test(
        "the slot of a key is that of its hash tag",
        arguments: [
            ("{user1000}.following", "user1000"), ("{user1000}.followers", "user1000"),
            ("foo{{bar}}zap", "{bar"), ("foo{bar}{zap}", "bar"), ("{}bar{x}", nil), ("foo{}{bar}", nil),
            ("foo{bar", nil), ("foo}bar{", nil), ("", nil),
        ] as [(String, String?)]
    )
    func hashTags(key: String, tag: String?) {
        let hashed = RedisSlots.crc16(Data((tag ?? key).utf8))
        #expect(RedisSlots.slot(of: Data(key.utf8)) == Int(hashed) % 16_384)
    }

    @Test("slots of known keys", arguments: [("foo", 12_182), ("bar", 5061), ("hello", 866)])
    func known(key: String, slot: Int) {
        #expect(RedisSlots.slot(of: Data(key.utf8)) == slot)
    }

    @Test("hosts are names, addresses, or the node that was asked")
    func map() throws {
        let reply = RedisReply.array([
            range(0, 9, .string(Data("10.0.0.1".utf8)), 7000),
            range(10, 10, .string(Data("::1".utf8)), 7001),
            range(11, 20, .string(Data("redis.example".utf8)), 7002),
            range(21, 30, .null, 7003),
            range(31, 40, .string(Data()), 7004),
            range(41, 50, .string(Data("?".utf8)), 7005, ["ip", "10.0.0.5"]),
            range(51, 16_383, .string(Data("10.0.0.1".utf8)), 7000),
        ])
        let slots = try #require(RedisSlots(reply, from: asked))
        let hosts = [5, 10, 11, 21, 31, 41, 16_383].map { slots[$0]?.description }
        #expect(
            hosts == [
                "10.0.0.1:7000", "[::1]:7001", "redis.example:7002", "asked:7003", "asked:7004",
                "10.0.0.5:7005", "10.0.0.1:7000",
            ]
        )
        #expect(slots.endpoints.count == 6)
        #expect(slots[-1] == nil && slots[16_384] == nil)
    }

    @Test("what is no map is refused")
    func noMap() {
        let host = RedisReply.string(Data("h".utf8))
        let wrong: [RedisReply] = [
            .null, .array([]), .array([.null]), .array([range(0, 16_384, host, 1)]),
            .array([range(-1, 1, host, 1)]), .array([range(2, 1, host, 1)]), .array([range(0, 1, host, 0)]),
            .array([range(0, 1, host, 65_536)]), .array([range(0, .max, host, 1)]),
            .array([.array([.integer(0), .integer(1)])]),
            .array([.array([.integer(0), .integer(1), .array([])])]),
        ]
        for reply in wrong { #expect(RedisSlots(reply, from: asked) == nil, "\(reply)") }
        let nameless = range(0, 1, .string(Data("?".utf8)), 1, ["ip"])
        #expect(RedisSlots(.array([nameless]), from: asked)?[0]?.host == "asked")
    }

    @Test(
        "redirections",
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", "3999 127.0.0.1:6381 false"),
            ("ASK 3999 127.0.0.1:6381", "3999 127.0.0.1:6381 true"),
            ("MOVED 1 ::1:6381", "1 [::1]:6381 false"),
            ("MOVED 1 redis.example:1", "1 redis.example:1 false"),
            ("MOVED 1 :6381", "1 asked:6381 false"), ("MOVED 1 ?:6381", "1 asked:6381 false"),
            ("MOVED 16384 h:1", nil), ("MOVED -1 h:1", nil), ("MOVED 1 h", nil), ("MOVED 1 h:0", nil),
            ("MOVED 1 h:65536", nil), ("MOVED 1 h:", nil), ("MOVED", nil), ("MOVED 1", nil), ("ASK  ", nil),
            ("ERR MOVED 1 h:1", nil), ("", nil),
        ] as [(String, String?)]
    )
    func redirections(error: String, description: String?) {
        let redirection = RedisRedirection(error, from: asked)
        #expect(redirection.map { "\($0.slot) \($0.endpoint) \($0.isAsk)" } == description)
    }

    private func range(
        _ first: Int64,
        _ last: Int64,
        _ host: RedisReply,
        _ port: Int64,
        _ more: [String] = []
    ) -> RedisReply {
        let names = RedisReply.array(more.map { .string(Data($0.utf8)) })
        return .array([
            .integer(first), .integer(last), .array([host, .integer(port), .string(Data("id".utf8)), names]),
        ])
    }
}
