internal import Glibc

/// An error of the operating system.
struct SystemError: Error, CustomStringConvertible {
    /// The value of `errno`.
    let number: Int32

    /// The error that the last system call on this thread left.
    static var last: SystemError { SystemError(number: errno) }

    /// The system's text for it, such as "No such file or directory".
    var description: String { String(cString: strerror(number)) }
}
