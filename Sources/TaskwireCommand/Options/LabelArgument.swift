internal import ArgumentParser

/// One `KEY=VALUE` of a command line.
struct LabelArgument {
    let key: String
    let value: String

    init(_ text: String) throws {
        guard let separator = text.firstIndex(of: "="), separator > text.startIndex else {
            throw ValidationError("a label is KEY=VALUE, as in kind=report")
        }
        key = String(text[..<separator])
        value = String(text[text.index(after: separator)...])
    }
}
