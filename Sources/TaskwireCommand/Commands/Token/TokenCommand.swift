internal import ArgumentParser

/// `taskwire token`
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Make the tokens with which callers prove who they are.",
        discussion: """
            A server that runs with --tokens FILE takes the tokens of that file, which has a line for each: who it \
            belongs to, and the SHA-256 of the token. The token itself is nowhere but with its user. To take one \
            back, remove its line and send the server SIGHUP.
            """,
        subcommands: [CreateTokenCommand.self]
    )
}
