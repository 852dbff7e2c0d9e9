internal import Taskwire

/// A call of which everything has been said that can be said before it is carried out.
struct PreparedCall: Sendable {
    /// What there is to do for whom.
    struct Work: Sendable {
        let run: Handler.Work
        let context: CallContext

    }

    /// What to do, or why not.
    let work: Result<Work, TaskwireError>
    let note: CallNote
    /// The method, where there is one of that name.
    let method: ServedMethod?
    /// What it was let in with, which ends with it.
    let pass: CallGate.Pass?
    /// When its turn came.
    let start: ContinuousClock.Instant

    var kind: Handler.Kind? { method?.handler?.kind }

    /// Whether the same reply can be had by calling again: nothing was changed, or what was taken is kept for that.
    var mayBeRepeated: Bool { kind != .mutation }
}
