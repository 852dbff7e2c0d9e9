/// Which of several endpoints a client turns to, and why the others are out of the question.
///
/// It begins at a random one, and stays there for as long as that works. Afterwards each of the others is tried at once, in
/// an order that is random, too: those who lose a server together spread over all that are left, and each pauses only
/// when none of them lets it in.
struct EndpointChoice {
    /// All of them, in the order of the round.
    private let endpoints: [Endpoint]
    /// The places of `endpoints` in the order in which people named them.
    private let named: [Int]
    private var position = 0
    /// Why an endpoint was left since the last connection.
    private var failures: [Int: TransportError] = [:]
    private var lastFailure: TransportError?
    /// How many attempts have failed in a row.
    private var failureCount = 0

    /// A choice of at least one endpoint.
    init(of endpoints: [Endpoint]) {
        precondition(!endpoints.isEmpty, "a client needs an address")
        let order = endpoints.indices.shuffled()
        self.endpoints = order.map { endpoints[$0] }
        named = endpoints.indices.map { order.firstIndex(of: $0) ?? 0 }
    }

    /// Where the client is, or where it tries next.
    var current: Endpoint { endpoints[position] }

    /// How often all of them have failed in a row.
    var failedRounds: Int { failureCount / endpoints.count }

    /// Whether the next one is still to be tried before there is reason to pause.
    var isWithinRound: Bool { !failureCount.isMultiple(of: endpoints.count) }

    /// All addresses, as people named them.
    var description: String {
        named.map { endpoints[$0].address.description }.joined(separator: ", ")
    }

    /// Why there is no connection, of each that was tried since there was one.
    var failure: TransportError? {
        guard let lastFailure, failures.count > 1 else { return lastFailure }
        let messages = named.compactMap { failures[$0]?.message }
        return TransportError(code: lastFailure.code, message: messages.joined(separator: " "))
    }

    /// An attempt has failed, or a connection did not last: it is the next one's turn.
    mutating func fail(_ failure: TransportError) {
        failureCount += 1
        leave(failure)
    }

    /// A connection that had lasted was lost: it is the next one's turn.
    mutating func lose(_ failure: TransportError) {
        failureCount = 0
        leave(failure)
    }

    /// There is a connection.
    mutating func succeed() {
        failures = [:]
        lastFailure = nil
    }

    private mutating func leave(_ failure: TransportError) {
        failures[position] = failure
        lastFailure = failure
        position = (position + 1) % endpoints.count
    }
}
