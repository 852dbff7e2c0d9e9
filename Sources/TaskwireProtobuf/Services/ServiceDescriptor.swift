internal import CTaskwireProtos

/// One service of `Protos/`, as protoc-c generated it. No second list of methods exists.
package struct ServiceDescriptor: Sendable {
    /// Full name, such as `taskwire.v1.TaskService`.
    package let name: String
    /// The methods in the order of `Protos/`.
    package let methods: [MethodDescriptor]

    init(_ service: ProtobufCServiceDescriptor) {
        let name = unsafe String(cString: service.name)
        self.name = name
        methods = unsafe UnsafeBufferPointer(start: service.methods, count: Int(service.n_methods))
            .map { MethodDescriptor($0, service: name) }
    }

    /// Every service.
    package static let all = [
        ServiceDescriptor(taskwire__v1__task_service__descriptor),
        ServiceDescriptor(taskwire__v1__server_service__descriptor),
    ]

    private static let methodsByFullName = Dictionary(
        uniqueKeysWithValues: all.flatMap(\.methods).map { ($0.fullName, $0) }
    )

    /// The method with that full name, such as `taskwire.v1.TaskService/GetTask`.
    package static func method(named fullName: String) -> MethodDescriptor? {
        methodsByFullName[fullName]
    }
}
