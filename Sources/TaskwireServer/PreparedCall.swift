internal import Taskwire
internal import TaskwireProtobuf

/// A call of which everything has been said that can be said before it is carried out.
struct PreparedCall: Sendable {
    /// What to do, or why not.
    var work: Result<Handler.Work, TaskwireError>
    var context: CallContext?
    var note: CallNote
    /// The method, where there is one of that name.
    var method: MethodDescriptor?
    var kind: Handler.Kind?
    /// Whether the same reply can be had by calling again: nothing was changed, or what was taken is kept for that.
    var mayBeRepeated: Bool { kind != .mutation }

    /// What it was let in with, which ends with it.
    var pass: CallGate.Pass?
}
