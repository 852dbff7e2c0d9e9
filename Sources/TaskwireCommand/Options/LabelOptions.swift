internal import ArgumentParser

/// The labels of a task, or those that a listing asks for.
struct LabelOptions: ParsableArguments {
    @Option(
        name: .customLong("label"),
        help: .init("A label; may be repeated.", valueName: "key=value"),
        transform: LabelArgument.init
    )
    var labels: [LabelArgument] = []

    /// The labels by key.
    var dictionary: [String: String] {
        Dictionary(labels.map { ($0.key, $0.value) }) { _, last in last }
    }

    func validate() throws {
        guard dictionary.count == labels.count else {
            throw ValidationError("A label is given twice.")
        }
    }
}
