internal import DequeModule
internal import FoundationEssentials

/// Carries out commands on a few connections to one Redis.
///
/// Commands that wait at the same time leave together, and their replies are read as they come. What Redis did not carry
/// out goes back to who knows where else it might be.
final class RedisNode: Sendable {
    /// Told of what happens on a node. Called on the node's threads.
    protocol Delegate: AnyObject, Sendable {
        /// A call has no answer; `wasSent` says whether it may have been carried out all the same.
        func node(_ endpoint: RedisEndpoint, failed call: RedisCall, _ failure: RedisFailure, wasSent: Bool)

        /// Another node has the call's key.
        func node(_ endpoint: RedisEndpoint, redirected call: RedisCall, to redirection: RedisRedirection)

        /// The node does not answer. Returns whether its answers are still of use.
        func nodeIsSilent(_ endpoint: RedisEndpoint) -> Bool
    }

    private typealias Queue = ConnectionQueue<RedisLink, RedisCall>

    /// Redis works on one thread: more than two connections only keep it from seeing many commands at once.
    private static let connectionCount = 2
    /// How many commands leave together at most.
    private static let maxBatch = 256
    /// How many milliseconds replicas have to confirm what they were sent.
    private static let replicaTime = 1000

    private let queue: Queue
    /// For writes that replicas are to confirm, which no read should wait for.
    private let confirmedQueue: Queue?

    /// A node that is not connected yet.
    /// - Parameters:
    ///   - endpoint: Where it is.
    ///   - address: Says who logs in, and to what database.
    ///   - replicaCount: How many replicas have to confirm each write.
    ///   - presence: Told whether it can be reached.
    ///   - delegate: Held weakly; without it calls end as those of a store that was closed.
    init(
        _ endpoint: RedisEndpoint,
        of address: RedisAddress,
        replicaCount: Int,
        presence: RedisPresence,
        delegate: any Delegate
    ) {
        let work = Work(
            endpoint: endpoint,
            replicaCount: replicaCount,
            presence: presence,
            delegate: delegate
        )
        func queue() -> Queue {
            let links = (0..<Self.connectionCount).map { _ in RedisLink(endpoint, of: address) }
            return ConnectionQueue(connections: links) { connection, next in
                work.run(connection, next)
            }
        }
        self.queue = queue()
        confirmedQueue = replicaCount > 0 ? queue() : nil
    }

    /// Lets a connection carry out a call. Returns `false` once the node is closed.
    func submit(_ call: RedisCall) -> Bool {
        (call.command.isWrite ? confirmedQueue ?? queue : queue).submit(call)
    }

    /// Closes the connections after what they were given. Blocks the thread.
    func close() throws {
        let results = [queue, confirmedQueue].map { queue in Result { try queue?.close() } }
        for result in results { try result.get() }
    }

    /// What the connections do.
    private final class Work: Sendable {
        let endpoint: RedisEndpoint
        let replicaCount: Int
        private let presence: RedisPresence
        /// Set once; a weak reference may be read on any thread.
        private nonisolated(unsafe) weak var heldDelegate: (any Delegate)?

        private var delegate: (any Delegate)? { unsafe heldDelegate }

        init(
            endpoint: RedisEndpoint,
            replicaCount: Int,
            presence: RedisPresence,
            delegate: any Delegate
        ) {
            self.endpoint = endpoint
            self.replicaCount = replicaCount
            self.presence = presence
            unsafe heldDelegate = delegate
        }

        func run(_ connection: RedisConnection, _ next: () -> RedisCall?) {
            do throws(RedisFailure) {
                try connection.open()
            } catch {
                presence.noteAbsence()
                // All that wait learn of it at once, however many they are.
                while let call = next() { fail(call, error, wasSent: false) }
                return
            }
            var calls: Deque<RedisCall> = []
            while calls.count < RedisNode.maxBatch, let call = next() { calls.append(call) }
            while !calls.isEmpty { exchange(&calls, on: connection) }
        }

        /// Carries out the calls together. Those that are left want to be sent in another form, at once.
        private func exchange(_ calls: inout Deque<RedisCall>, on connection: RedisConnection) {
            let isConfirming = replicaCount > 0 && calls.contains { $0.command.isWrite }
            var unconfirmed: [(call: RedisCall, reply: RedisReply)] = []
            var again: Deque<RedisCall> = []
            do throws(RedisFailure) {
                for call in calls {
                    if call.isAsking { try connection.append([Data("ASKING".utf8)]) }
                    try connection.append(call.arguments)
                }
                // One for all the writes before it on this connection.
                if isConfirming {
                    let wait: [RedisArgument] = [
                        "WAIT", .number(replicaCount), .number(RedisNode.replicaTime),
                    ]
                    try connection.append(wait.map(\.data))
                }
                while let call = calls.first {
                    if call.isAsking { _ = try reply(on: connection) }
                    let reply = try reply(on: connection)
                    calls.removeFirst()
                    if case .error(let text) = reply {
                        if let form = refused(call, text) { again.append(form) }
                    } else if isConfirming, call.command.isWrite {
                        unconfirmed.append((call, reply))
                    } else {
                        // Before anybody goes by what it says.
                        presence.notePresence()
                        call.finish(.success(reply))
                    }
                }
                if isConfirming {
                    let reply = try reply(on: connection)
                    for (call, result) in unconfirmed { confirm(call, result, by: reply) }
                    unconfirmed = []
                }
                calls = again
            } catch {
                presence.noteAbsence()
                connection.close()
                for call in calls { fail(call, error, wasSent: true) }
                for (call, _) in unconfirmed { fail(call, error, wasSent: true) }
                for call in again { fail(call, error, wasSent: false) }
                calls = []
            }
        }

        private func reply(on connection: RedisConnection) throws(RedisFailure) -> RedisReply {
            try connection.reply { delegate?.nodeIsSilent(endpoint) ?? false }
        }

        /// Ends a call that was answered with an error, or returns it in the form in which it should be sent again.
        private func refused(_ call: RedisCall, _ error: String) -> RedisCall? {
            if error.hasPrefix("NOSCRIPT"), !call.isSpelledOut {
                var call = call
                call.isSpelledOut = true
                return call
            }
            if let redirection = RedisRedirection(error, from: endpoint) {
                guard let delegate else { return closed(call) }
                delegate.node(endpoint, redirected: call, to: redirection)
            } else if Self.isTemporary(error) {
                presence.noteAbsence()
                fail(call, .refused(error), wasSent: false)
            } else {
                // What became of it when it was sent before is not said by this.
                call.finish(.failure(call.lost ?? .refused(error)))
            }
            return nil
        }

        private func confirm(_ call: RedisCall, _ result: RedisReply, by reply: RedisReply) {
            guard case .integer(let count) = reply else {
                // It is no master any more, and what it did may be undone.
                return fail(call, .broken("\(endpoint) cannot say what its replicas have"), wasSent: true)
            }
            presence.notePresence()
            guard count < replicaCount else { return call.finish(.success(result)) }
            call.finish(
                .failure(
                    .unconfirmed("\(count) of \(replicaCount) replicas of \(endpoint) have confirmed a write")
                )
            )
        }

        private func fail(_ call: RedisCall, _ failure: RedisFailure, wasSent: Bool) {
            guard let delegate else { return _ = closed(call) }
            delegate.node(endpoint, failed: call, failure, wasSent: wasSent)
        }

        private func closed(_ call: RedisCall) -> RedisCall? {
            call.finish(.failure(call.lost ?? .closed))
            return nil
        }

        /// Whether Redis is busy with itself: it starts, runs a long script, moves keys, or waits for another Redis.
        private static func isTemporary(_ error: String) -> Bool {
            [
                "LOADING ", "BUSY ", "MASTERDOWN ", "TRYAGAIN ", "CLUSTERDOWN ", "READONLY ", "NOREPLICAS ",
            ].contains { error.hasPrefix($0) }
        }
    }
}
