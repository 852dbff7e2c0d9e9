/// A way in which a history breaks the contract.
public struct Violation: Error, Sendable, Hashable {
    /// Which promise is broken.
    public enum Kind: String, Sendable, CaseIterable {
        /// What was acknowledged, or shown, is not there any more.
        case lost
        /// One mutation took effect more than once.
        case doubled
        /// A worker that had lost its lease was let through.
        case staleLease
        /// A task changed after its end.
        case terminalChanged
        /// A payload is not as it was sent.
        case torn
        /// A listing leaves out a task, repeats one, or is out of order.
        case listing
        /// No order of the calls explains what they returned.
        case unexplained
        /// The server answered what it never should.
        case unexpected
    }

    /// Which promise.
    public var kind: Kind
    /// What was seen.
    public var message: String

    /// A broken promise.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}
