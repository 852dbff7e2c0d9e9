import TaskwireProtobuf
import TaskwireRPC
import TaskwireTestSupport
import Testing

/// Attacks from inside of TLS.
enum SecureAttack {
    private static let concurrency = 16

    /// Sends so many bad messages on one connection and looks at the answers, of which each has one.
    static func sendMessages(_ count: Int, to site: Site, seed: UInt64) async throws {
        let socket = try site.requestSocket(.tls)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<concurrency {
                var messages = try BadMessages(seed: seed &+ UInt64(number))
                group.addTask {
                    for _ in 0..<count / concurrency {
                        _ = try await socket.response(to: messages.next())
                    }
                }
            }
            try await group.waitForAll()
        }
        await socket.close()
    }

    /// Makes so many connections whose framing is wrong, which the server has to end.
    static func breakFraming(_ count: Int, at site: Site, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let framing = Framing(.tls)
        let wrongs: [[UInt8]] = [
            Framing.answeringGreeting,
            Array("GET / HTTP/1.1\r\n\r\n".utf8),
            Framing.greeting + framing.header(1 << 40) + [0x80, 0, 0, 1],
            Framing.greeting + framing.header(.max - 39) + [0x80, 0, 0, 1],
            Framing.greeting + framing.header(2) + [1, 2],
            Framing.greeting + framing.header(4) + [0, 0, 0, 1],
            Framing.greeting + framing.message([0xff], number: 1) + framing.header(.max) + [0x80, 0, 0, 2],
        ]
        for number in 0..<count {
            // Each at least once.
            let index = number < wrongs.count ? number : Int.random(in: wrongs.indices, using: &generator)
            let answer = try await site.speakSecurely(wrongs[index])
            let isGreeting = answer.starts(with: Framing.answeringGreeting)
            #expect(answer.isEmpty || isGreeting, "wrong \(index): \(answer)")
        }
    }
}

extension Site {
    /// Writes bytes inside of TLS, and returns what came back until the server ended the connection.
    func speakSecurely(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await onThread {
            let connection = try dial(.tls)
            try connection.write(bytes)
            return try connection.readUntilEnd()
        }
    }
}
