extension [Int64] {
    /// The one in the middle, the greater of two; `nil` where there is none.
    var median: Int64? {
        isEmpty ? nil : sorted()[count / 2]
    }
}
