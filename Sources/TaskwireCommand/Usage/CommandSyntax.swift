internal import ArgumentParser

/// The names of a command's subcommands and options, as the argument parser describes them.
struct CommandSyntax {
    /// An option or a flag.
    struct Option {
        /// With their dashes.
        let names: [String]
        let takesValue: Bool
        /// The value may begin with a dash.
        let isUnconditional: Bool
    }

    let name: String
    let subcommands: [CommandSyntax]
    let options: [Option]

    /// The syntax of `command` and everything below it; nil where the parser describes it in another way.
    init?(of command: any ParsableCommand.Type) {
        let description = try? JSONReader.value(of: Array(command._dumpHelp().utf8))
        guard let command = description?["command"] else { return nil }
        self.init(command)
    }

    private init(_ command: JSONValue) {
        name = command["commandName"]?.string ?? ""
        subcommands = (command["subcommands"]?.array ?? []).map(CommandSyntax.init)
        options = (command["arguments"]?.array ?? []).filter { $0["names"] != nil }.map { option in
            Option(
                names: (option["names"]?.array ?? []).compactMap { name in
                    guard let text = name["name"]?.string else { return nil }
                    return (name["kind"]?.string == "long" ? "--" : "-") + text
                },
                takesValue: option["kind"]?.string == "option",
                isUnconditional: option["parsingStrategy"]?.string == "unconditional"
            )
        }
    }
}

extension JSONValue {
    fileprivate subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    fileprivate var string: String? { if case .string(let string) = self { string } else { nil } }
    fileprivate var array: [JSONValue]? { if case .array(let array) = self { array } else { nil } }
}
