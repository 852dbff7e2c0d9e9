/// The values that one limit may have.
package struct LimitRule<Limits, Value: Comparable & CustomStringConvertible> {
    /// The limit's name on the wire, such as `max_waits`.
    package let name: String
    /// Its place among the limits.
    package let limit: WritableKeyPath<Limits, Value>
    /// What makes sense.
    package let range: ClosedRange<Value>

    init(_ name: String, _ limit: WritableKeyPath<Limits, Value>, _ range: ClosedRange<Value>) {
        self.name = name
        self.limit = limit
        self.range = range
    }

    /// - Throws: INVALID_ARGUMENT / INVALID_FIELD where the limit is not in its range.
    func check(_ limits: Limits) throws(TaskwireError) {
        guard let problem = range.problem(with: limits[keyPath: limit]) else { return }
        throw .invalidField(name, problem)
    }
}

extension ClosedRange where Bound: CustomStringConvertible {
    /// What is wrong with `value`, for a sentence that begins with its name; nil where it is in the range.
    package func problem(with value: Bound) -> String? {
        if value < lowerBound { return "\(value) is below \(lowerBound)" }
        if value > upperBound { return "\(value) is above \(upperBound)" }
        return nil
    }
}

/// A limit that makes no sense beside another one.
package struct LimitConflict: Sendable {
    /// Its name on the wire.
    package let limit: String
    let value: Int
    /// How its value stands to that of the other one.
    let relation: String
    let other: (name: String, value: Int)

    /// What is wrong, for a sentence that begins with the limit's name.
    /// - Parameter name: Makes of a name on the wire what people call the limit.
    package func problem(_ name: (String) -> String) -> String {
        "\(value) is \(relation) \(name(other.name)), which is \(other.value)"
    }
}
