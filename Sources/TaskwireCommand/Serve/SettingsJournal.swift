internal import Configuration
internal import Synchronization

/// Remembers where each setting came from and what was wrong with it, for sentences that help.
final class SettingsJournal: AccessReporter {
    private struct State {
        var sources: [String: String] = [:]
        var problems: [CommandFailure] = []
    }

    private let file: String?
    private let state = Mutex(State())

    /// A journal of settings that may come from `file`.
    init(file: String?) {
        self.file = file
    }

    func report(_ event: AccessEvent) {
        let key = event.metadata.key.description
        let source = event.providerResults.first { result in
            guard case .success(let found) = result.result else { return true }
            return found.value != nil
        }
        guard let source else { return }
        var isProblem = event.conversionError != nil
        if case .failure = source.result { isProblem = true }
        state.withLock { state in
            state.sources[key] = name(of: key, in: source.providerName)
            if isProblem {
                state.problems.append(
                    Self.failure(at: state.sources[key] ?? key, "is not \(event.metadata.valueType.sentence)")
                )
            }
        }
    }

    /// - Throws: The first thing that a provider could not make sense of.
    func throwFirstProblem() throws {
        if let problem = state.withLock({ $0.problems.first }) { throw problem }
    }

    /// - Throws: A failure about the setting `key` unless `isGood`.
    func check(_ key: String, _ isGood: Bool, _ problem: String) throws {
        guard isGood else { throw failure(key, problem) }
    }

    /// The value of a setting that is a duration.
    func duration(_ key: String, _ text: String) throws -> Duration {
        do {
            return try DurationArgument(text).duration
        } catch {
            throw failure(key, "\"\(text)\" is no duration: \(error)")
        }
    }

    /// The value of a setting that is one of a few words.
    func choice<Choice>(_ key: String, _ text: String) throws -> Choice
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure(key, "\"\(text)\" is none of \(choices)")
        }
        return choice
    }

    /// What people call the setting where it stands; its key where it is not set.
    func source(of key: String) -> String {
        state.withLock { $0.sources[key] } ?? key
    }

    /// A failure about the setting `key`.
    func failure(_ key: String, _ problem: String) -> CommandFailure {
        Self.failure(at: source(of: key), problem)
    }

    private static func failure(at source: String, _ problem: String) -> CommandFailure {
        CommandFailure("\(source): \(problem)", exitCode: CommandFailure.Code.usage)
    }

    /// What people call the setting where it stands: the option, the variable, or the key in the file.
    private func name(of key: String, in provider: String) -> String {
        func words(joinedBy separator: String) -> String {
            key.map { $0.isUppercase ? separator + $0.lowercased() : String($0) }.joined()
        }
        if provider.contains("InMemoryProvider") { return "--" + words(joinedBy: "-") }
        if provider.contains("EnvironmentVariablesProvider") {
            return "TASKWIRE_" + words(joinedBy: "_").uppercased()
        }
        return "\"\(key)\" in \(file ?? provider)"
    }
}

extension ConfigType {
    /// What a value of this type is, for people.
    fileprivate var sentence: String {
        switch self {
        case .int: "a whole number"
        case .bool: "true or false"
        case .stringArray: "an array of strings"
        default: "a string"
        }
    }
}
