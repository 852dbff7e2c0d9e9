internal import ArgumentParser

/// The first word of a command line that should be a command or an option, and is none.
struct UnknownWord {
    /// What is wrong, and the nearest name that exists, where one is near; without a full stop.
    let message: String
    /// The command line that shows which names exist.
    let help: String

    /// What every command takes.
    private static let builtIn = ["--help", "-h", "--version", "--generate-completion-script"]

    /// Looks through `arguments`, without the name of the program; nil where all words are known.
    init?(in arguments: some Sequence<String>, of program: any ParsableCommand.Type) {
        guard var command = CommandSyntax(of: program) else { return nil }
        var path = command.name
        var rest = ArraySlice(Array(arguments))
        while let word = rest.popFirst(), word != "--" {
            if Self.isOption(word) {
                let name = word.prefix { $0 != "=" }
                guard let option = command.options.first(where: { $0.names.contains(String(name)) }) else {
                    if Self.builtIn.contains(String(name)) { continue }
                    let names = command.options.flatMap(\.names) + Self.builtIn
                    self.init("option", String(name), names, path)
                    return
                }
                guard option.takesValue, name == word, let next = rest.first else { continue }
                if option.isUnconditional || !Self.isOption(next) { rest.removeFirst() }
            } else if !command.subcommands.isEmpty {
                guard let next = command.subcommands.first(where: { $0.name == word }) else {
                    self.init("command", word, command.subcommands.map(\.name), path)
                    return
                }
                // Its words are names of commands, and not that strict.
                if next.name == "help" { return nil }
                command = next
                path += " \(next.name)"
            }
        }
        return nil
    }

    /// Whether a word names an option; one such as -1 is a value that went astray.
    private static func isOption(_ word: String) -> Bool {
        word.hasPrefix("-") && word.first { $0 != "-" }?.isLetter == true
    }

    private init(_ kind: String, _ word: String, _ names: [String], _ path: String) {
        let nearest = Self.nearest(to: word, among: names).map { "; did you mean '\($0)'?" } ?? ""
        message = "Unknown \(kind) '\(word)'\(nearest)"
        help = "\(path) --help"
    }

    /// The name that one could have meant: about one letter in three may be wrong.
    private static func nearest(to word: String, among names: [String]) -> String? {
        let letters = word.drop { $0 == "-" }
        let limit = max(1, letters.count / 3)
        let distances = names.map { ($0, EditDistance.between(letters, $0.drop { $0 == "-" })) }
        return distances.filter { $1 <= limit && letters.count > $1 }.min { $0.1 < $1.1 }?.0
    }
}
