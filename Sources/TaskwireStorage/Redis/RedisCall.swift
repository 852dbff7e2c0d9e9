internal import FoundationEssentials

/// One command with what becomes of its answer.
struct RedisCall: Sendable {
    let command: RedisCommand
    /// When to give up.
    let end: ContinuousClock.Instant
    /// Told once; must not block.
    let finish: @Sendable (Result<RedisReply, RedisFailure>) -> Void

    /// Whether a script is sent with its text.
    var isSpelledOut = false
    /// Whether a node is asked that does not have the slot yet.
    var isAsking = false
    /// How often it was sent again at once.
    var repeatCount = 0
    /// The first failure after which nobody knows whether the command was carried out.
    var lost: RedisFailure?

    /// What is sent.
    var arguments: [Data] {
        if isSpelledOut, let script = command.script { command.spelledOut(script) } else { command.arguments }
    }
}
