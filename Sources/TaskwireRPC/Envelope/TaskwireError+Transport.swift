package import Taskwire

extension TaskwireError {
    /// What a failure of the transport means to a caller.
    package init(transport error: TransportError) {
        let (code, reason): (Code, Reason) =
            switch error.code {
            case .addressInvalid: (.invalidArgument, .invalidField)
            case .messageTooLarge: (.resourceExhausted, .tooLarge)
            case .outOfMemory: (.resourceExhausted, .tooManyRequests)
            case .permissionDenied: (.permissionDenied, .permissionDenied)
            case .timedOut: (.deadlineExceeded, .deadlineExceeded)
            case .cancelled: (.cancelled, .cancelled)
            default: (.unavailable, .unreachable)
            }
        self.init(code, reason, error.message)
    }
}
