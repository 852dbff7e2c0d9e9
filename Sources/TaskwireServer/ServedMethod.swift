internal import TaskwireProtobuf

/// A method of the descriptors, with what serves it here.
final class ServedMethod: Sendable {
    let descriptor: MethodDescriptor
    /// Nil where this server does not serve it.
    let handler: Handler?
    let statistics: ServerStatistics.Method

    init(_ descriptor: MethodDescriptor, handler: Handler?, statistics: ServerStatistics.Method) {
        self.descriptor = descriptor
        self.handler = handler
        self.statistics = statistics
    }
}
