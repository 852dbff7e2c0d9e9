import Synchronization
import TaskwireTestSupport

/// A connection on which a byte a second comes: of a hello first, or of a message that is never whole.
final class Drip: Sendable {
    private let connection: RawConnection
    private let bytes: [UInt8]
    private let position = Atomic(0)

    /// Connects. It blocks.
    init(at site: Site, over transport: Transport, hasSaidHello: Bool) throws {
        connection = try site.dial(transport)
        let message = connection.framing.header(1 << 20) + [0x80, 0, 0, 1]
        if hasSaidHello { try connection.greet() }
        bytes = (hasSaidHello ? [] : Framing.greeting) + message
    }

    /// Sends the next byte.
    private func fall() throws {
        let position = position.add(1, ordering: .relaxed).oldValue
        try connection.write([position < bytes.count ? bytes[position] : 7])
    }

    /// Runs `body` while bytes fall on so many connections of each transport, which end abruptly after it.
    static func drip(
        _ count: Int,
        at site: Site,
        while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let drips = try await onThread {
            try Transport.allCases.flatMap { transport in
                try (0..<count).map {
                    try Drip(at: site, over: transport, hasSaidHello: !$0.isMultiple(of: 2))
                }
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    while true {
                        try await onThread { for drip in drips { try drip.fall() } }
                        try await Task.sleep(for: .seconds(1))
                    }
                } catch is CancellationError {}
            }
            try await body()
            group.cancelAll()
            try await group.waitForAll()
        }
        for drip in drips { drip.connection.endAbruptly() }
    }
}
