internal import Taskwire

/// Repeats calls that fail as the server is away.
struct PatientCalls {
    /// The pause between two calls, where the server names none.
    private static let pause = Duration.milliseconds(500)

    /// How long the server may be away; nil: until the end.
    let patience: Duration?
    /// How long it has been away when a call fails for want of a connection.
    let connectTimeout: Duration
    /// The time after which nothing is repeated; nil: never.
    let end: ContinuousClock.Instant?
    /// Hears why the server is away, once each time that it goes.
    let onAbsence: @Sendable (TaskwireError) -> Void

    /// Patience as `option` has it, which tells people on standard error when it is needed.
    /// - Parameter prepare: Makes room for what people are told.
    init(
        _ option: PatienceOption,
        until end: ContinuousClock.Instant?,
        prepare: @escaping @Sendable () -> Void = {}
    ) {
        patience = option.patience?.duration
        connectTimeout = option.connectTimeout
        self.end = end
        onAbsence = { error in
            prepare()
            StandardError.complain("\(CommandFailure(error).message); waiting until the server is back")
        }
    }

    /// Returns what `call` does, as soon as it succeeds.
    /// - Throws: What `call` throws when it is not the server's absence, or that lasts for too long.
    func callAsFunction<Value>(_ call: () async throws -> Value) async throws -> Value {
        var start: ContinuousClock.Instant?
        while true {
            do {
                return try await call()
            } catch let error as TaskwireError where error.isAbsence {
                let now = ContinuousClock.now
                let since = start ?? now - connectTimeout
                if let patience, now - since >= patience { throw error }
                if let end, now >= end { throw error }
                if start == nil { onAbsence(error) }
                start = since
                let pause = error.retryAfter ?? Self.pause
                try await Task.sleep(for: min(pause, end.map { $0 - now } ?? pause))
            }
        }
    }
}

extension TaskwireError {
    /// Whether the server, or its store, cannot answer at the moment.
    fileprivate var isAbsence: Bool {
        code == .unavailable || code == .deadlineExceeded || reason == .tooManyRequests
    }
}
