internal import ArgumentParser
internal import FoundationEssentials
internal import SystemPackage
internal import Taskwire
internal import TaskwireClient

/// How a command proves who it is, and whom it believes.
struct AccessOptions: ParsableArguments {
    @Option(
        help: .init(
            "A file with the token that proves who calls. (default: $TASKWIRE_TOKEN_FILE, else the token $TASKWIRE_TOKEN)",
            valueName: "file"
        ),
        completion: .file()
    )
    var tokenFile: String?

    @Option(
        help: .init(
            "The owner whose tasks are meant, for admins. (default: $TASKWIRE_OWNER, else the caller's own)",
            valueName: "name"
        )
    )
    var owner: String?

    @Option(
        help: .init(
            """
            A PEM file with the authorities that a server at tls+tcp: must have a certificate of. \
            (default: $TASKWIRE_TLS_CA, else those of the system)
            """,
            valueName: "file"
        ),
        completion: .file()
    )
    var tlsCa: String?

    @Option(
        help: .init(
            "A PEM file with the certificate to show to the server. (default: $TASKWIRE_TLS_CERT)",
            valueName: "file"
        ),
        completion: .file()
    )
    var tlsCert: String?

    @Option(
        help: .init(
            "A PEM file with that certificate's key. (default: $TASKWIRE_TLS_KEY)",
            valueName: "file"
        ),
        completion: .file()
    )
    var tlsKey: String?

    @Option(
        help: .init(
            "The DNS name in the server's certificate. (default: $TASKWIRE_TLS_SERVER_NAME, else the address's host)",
            valueName: "name"
        )
    )
    var tlsServerName: String?

    /// Tokens and the line breaks after them are shorter.
    private static let maxTokenBytes = 4096

    /// Each option with its variable.
    private var options: [(name: String, variable: String, value: String?)] {
        [
            ("--token-file", "TASKWIRE_TOKEN_FILE", tokenFile), ("--owner", "TASKWIRE_OWNER", owner),
            ("--tls-ca", "TASKWIRE_TLS_CA", tlsCa), ("--tls-cert", "TASKWIRE_TLS_CERT", tlsCert),
            ("--tls-key", "TASKWIRE_TLS_KEY", tlsKey),
            ("--tls-server-name", "TASKWIRE_TLS_SERVER_NAME", tlsServerName),
        ]
    }

    /// The variables of which the value is the path of a file.
    private static let pathVariables: Set = [
        "TASKWIRE_TOKEN_FILE", "TASKWIRE_TLS_CA", "TASKWIRE_TLS_CERT", "TASKWIRE_TLS_KEY",
    ]

    func validate() throws {
        // A variable of a script that is not set must not turn a check off.
        for option in options where option.value == "" {
            throw ValidationError("\(option.name) is empty; leave it out or give it a value.")
        }
    }

    /// What these options and the environment say, by variable; the token itself is not among it.
    private func values(_ environment: [String: String]) -> [String: String] {
        let values = options.map { ($0.variable, $0.value ?? environment[$0.variable] ?? "") }
        return Dictionary(values.filter { !$0.1.isEmpty }) { $1 }
    }

    /// The variables by which a command that is started from here, in whatever directory, has the same access.
    func variables(environment: [String: String] = ProcessInfo.processInfo.environment) -> [String: String] {
        let directory = FilePath(FileManager.default.currentDirectoryPath)
        return Dictionary(
            values(environment).map { name, value in
                (name, Self.pathVariables.contains(name) ? directory.pushing(FilePath(value)).string : value)
            }
        ) { $1 }
    }

    /// Sets what these options say, for a server at `url`, or one of several.
    func apply(
        to configuration: inout TaskwireClient.Configuration,
        for url: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let values = values(environment)
        if let path = values["TASKWIRE_TOKEN_FILE"] {
            configuration.token = try Self.token(inFileAt: path)
        } else {
            configuration.token = environment["TASKWIRE_TOKEN"] ?? ""
        }
        configuration.owner = values["TASKWIRE_OWNER"]
        configuration.tls.authorityFile = values["TASKWIRE_TLS_CA"]
        configuration.tls.certificateFile = values["TASKWIRE_TLS_CERT"]
        configuration.tls.keyFile = values["TASKWIRE_TLS_KEY"]
        configuration.tls.serverName = values["TASKWIRE_TLS_SERVER_NAME"]
        let tlsOptions = [tlsCa, tlsCert, tlsKey, tlsServerName]
        let isEncrypted = TaskwireClient.parts(ofURL: url).contains { $0.hasPrefix("tls+tcp:") }
        guard isEncrypted || tlsOptions.allSatisfy({ $0 == nil }) else {
            // Somebody believes to be talking in private.
            throw CommandFailure(
                "--tls options are of no use at \(url), which is not encrypted; tls+tcp: is",
                exitCode: CommandFailure.Code.usage
            )
        }
        guard (configuration.tls.certificateFile == nil) == (configuration.tls.keyFile == nil) else {
            throw CommandFailure(
                "--tls-cert and --tls-key belong together, and one of them is missing",
                exitCode: CommandFailure.Code.usage
            )
        }
    }

    private static func token(inFileAt path: String) throws -> String {
        let bytes = try FileInput.readAll(atPath: path, limit: maxTokenBytes)
        let token = String(decoding: bytes, as: UTF8.self).trimming(while: \.isWhitespace)
        guard !token.isEmpty, !token.contains(where: \.isWhitespace), !token.contains("\u{FFFD}") else {
            throw CommandFailure("\(path) does not hold a token", exitCode: CommandFailure.Code.usage)
        }
        return token
    }
}

extension String {
    /// The text without the characters at both ends for which `isUnwanted` is true.
    fileprivate func trimming(while isUnwanted: (Character) -> Bool) -> String {
        let rest = drop(while: isUnwanted)
        return rest.lastIndex { !isUnwanted($0) }.map { String(rest[...$0]) } ?? ""
    }
}
