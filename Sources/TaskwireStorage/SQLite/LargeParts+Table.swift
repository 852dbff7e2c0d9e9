extension LargeParts {
    /// Where a part of this one kind is stored.
    var table: String {
        switch self {
        case .request: "large_request"
        case .result: "large_result"
        default: "large_interactions"
        }
    }
}
