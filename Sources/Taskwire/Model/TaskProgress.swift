/// How far the work is, in units of the worker's choice.
public struct TaskProgress: Sendable, Hashable, Codable {
    /// Units done. Finite.
    public var current: Double
    /// Units in all, where they are known. Finite.
    public var total: Double?

    /// `current` units done of `total`.
    public init(current: Double, total: Double? = nil) {
        self.current = current
        self.total = total
    }
}
