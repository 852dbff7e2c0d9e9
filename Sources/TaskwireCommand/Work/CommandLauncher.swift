internal import Glibc
internal import Subprocess
internal import SystemPackage

/// The first stage of a command: this program again, which becomes the command as soon as it is told to.
///
/// A shell in its place would drop the variables whose names it cannot write.
enum CommandLauncher {
    /// The program that runs, even where its file was replaced.
    static let executable = Executable.path("/proc/self/exe")

    /// What the process is called until it is the command, in place of the program's name.
    private static let name = Array("taskwire: a command that has not begun".utf8CString)

    /// The arguments of a launcher.
    /// - Parameters:
    ///   - words: The program and its arguments, without NUL.
    ///   - inputPath: The file that becomes the command's standard input.
    static func arguments(for words: [[UInt8]], inputPath: String) -> Arguments {
        let signals = Signals.ignoredAtStart.map(String.init).joined(separator: ",")
        return Arguments(
            executablePathOverride: name.map(UInt8.init(bitPattern:)),
            remainingValues: [Array(inputPath.utf8), Array(signals.utf8)].map { $0 + [0] }
                + words.map { $0 + [0] }
        )
    }

    /// Becomes the command where this process was started for it, after a byte on standard input; without one it ends.
    static func becomeCommandIfStartedForIt() {
        let arguments = CommandLine.unsafeArgv
        guard CommandLine.argc > 3, let own = arguments[0], strcmp(own, name) == 0,
            let inputPath = arguments[1], let signals = arguments[2], let program = arguments[3]
        else { return }
        var byte: UInt8 = 0
        var count: Int
        repeat { count = read(STDIN_FILENO, &byte, 1) } while count < 0 && errno == EINTR
        guard count == 1 else { _exit(EXIT_FAILURE) }
        let input = open(inputPath, O_RDONLY)
        guard input >= 0, dup2(input, STDIN_FILENO) >= 0 else {
            StandardError.complain("cannot open the request: \(SystemError.last)")
            _exit(EXIT_FAILURE)
        }
        close(input)
        for number in String(cString: signals).split(separator: ",").compactMap({ Int32($0) }) {
            signal(number, SIG_IGN)
        }
        // The threads that Swift code runs on block signals.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        execvp(program, arguments + 3)
        let error = SystemError.last
        StandardError.complain("cannot execute \(PlainText.line(String(cString: program))): \(error)")
        // As shells do.
        _exit(error.number == ENOENT ? 127 : 126)
    }
}
