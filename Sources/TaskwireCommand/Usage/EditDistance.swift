/// How far two words are from each other.
enum EditDistance {
    /// The number of letters that have to be inserted, removed or replaced, or swapped with their neighbour, to make one
    /// word the other (optimal string alignment).
    static func between(_ first: some Sequence<Character>, _ second: some Sequence<Character>) -> Int {
        let (first, second) = (Array(first), Array(second))
        var before: [Int] = []
        var last = Array(0...second.count)
        for row in first.indices {
            var current = [row + 1]
            for column in second.indices {
                let replaced = last[column] + (first[row] == second[column] ? 0 : 1)
                var distance = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                    distance = min(distance, before[column - 1] + 1)
                }
                current.append(distance)
            }
            (before, last) = (last, current)
        }
        return last[second.count]
    }
}
