internal import Synchronization

/// Lists of labels that tasks have in common. Most tasks are labelled as others are, and need no list of their own then.
final class SharedLabels: Sendable {
    /// How many are kept for tasks to come, each in a place that its hash chooses.
    private static let placeCount = 256
    private let places = Mutex([LabelList](repeating: LabelList([:]), count: placeCount))

    /// A list like `labels`: that of an earlier task, where there was one lately.
    func list(of labels: [String: String]) -> LabelList {
        let list = LabelList(labels)
        guard !labels.isEmpty else { return list }
        return places.withLock { places in
            let place = list.hashValue & (Self.placeCount - 1)
            if places[place] != list { places[place] = list }
            return places[place]
        }
    }
}
