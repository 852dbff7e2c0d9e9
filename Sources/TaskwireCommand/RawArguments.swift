internal import Glibc

/// The arguments of this program as bytes: what the system hands to a program need not be text.
enum RawArguments {
    /// All of them; the first is the name of the program.
    static var all: [[UInt8]] {
        let pointers = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
        return pointers.compactMap { $0.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } }
    }

    /// Refuses arguments that would not be read as they are.
    /// - Parameter rawCount: The number of arguments at the end that are not read as text.
    /// - Throws: ``CommandFailure`` with the code `usage`.
    static func checkText(exceptLast rawCount: Int) throws {
        for argument in all.dropLast(rawCount) where String(validating: argument, as: UTF8.self) == nil {
            throw CommandFailure(
                """
                the argument "\(String(decoding: argument, as: UTF8.self))" is not UTF-8; give a payload of such \
                bytes as @FILE or as - for standard input, and a file another name
                """,
                exitCode: CommandFailure.Code.usage
            )
        }
    }
}
