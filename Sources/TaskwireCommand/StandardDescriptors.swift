internal import Glibc

/// The descriptors that every program expects: standard input, output and error.
enum StandardDescriptors {
    /// Takes those that are closed, so that no socket or file gets their numbers and whatever is read or written
    /// there by name. Using one of them stays an error: `/dev/null` is opened for the opposite.
    static func occupy() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // The lowest number that is free is this one, as those below it are taken.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
