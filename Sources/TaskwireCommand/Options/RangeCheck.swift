extension ClosedRange<Int> {
    /// What is wrong with `value`, for a sentence that begins with its name; `nil` where it is in the range.
    func problem(with value: Int) -> String? {
        if value < lowerBound { return "\(value) is below \(lowerBound)" }
        if value > upperBound { return "\(value) is above \(upperBound)" }
        return nil
    }
}
