internal import ArgumentParser

/// One `KEY=VALUE` of a command line.
struct LabelArgument: ExpressibleByArgument {
    let key: String
    let value: String

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator > argument.startIndex else {
            return nil
        }
        key = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
    }
}
