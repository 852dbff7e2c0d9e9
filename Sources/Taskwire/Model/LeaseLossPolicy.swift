/// What becomes of a task whose worker lets its lease run out.
public enum LeaseLossPolicy: Sendable, Hashable, CaseIterable {
    /// It fails with -32603 "worker lost": for work that must not be done twice.
    case fail
    /// Another worker may claim it: for work that does no harm when it is begun again.
    case release
}
