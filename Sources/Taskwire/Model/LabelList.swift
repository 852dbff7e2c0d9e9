/// Labels of a task, sorted by their keys. Takes half of the memory of a dictionary.
package struct LabelList: Sendable, Hashable {
    /// One label.
    package struct Label: Sendable, Hashable {
        package var key: String
        package var value: String
    }

    /// All of them.
    package let labels: [Label]

    /// What is in the dictionary.
    init(_ dictionary: [String: String]) {
        // Most tasks have none.
        guard !dictionary.isEmpty else {
            labels = []
            return
        }
        labels = dictionary.map { Label(key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }

    /// The same as a dictionary.
    var dictionary: [String: String] {
        labels.isEmpty ? [:] : Dictionary(uniqueKeysWithValues: labels.lazy.map { ($0.key, $0.value) })
    }

    /// Whether these are among them.
    func contains(_ wanted: [String: String]) -> Bool {
        wanted.allSatisfy { (key, value) in labels.contains { $0.key == key && $0.value == value } }
    }
}
