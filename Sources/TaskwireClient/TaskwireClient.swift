public import FoundationEssentials
public import Taskwire
internal import TaskwireProtobuf
internal import TaskwireRPC

/// A store of tasks at the other end of a wire.
///
/// It connects when the first call needs it and again whenever the connection is lost, to another server where it
/// knows several. Any number of Swift tasks may call at once: each call is a message of its own, and those that are made
/// at the same time leave together. Reads and mutations that did not get through are sent again, mutations under the same request id,
/// until the call's deadline. A mutation whose outcome stays unknown says so: ``TaskwireError/isOutcomeUnknown``.
/// Cancelling the Swift task ends a call at once, with `CancellationError`.
public final class TaskwireClient: TaskStore {
    /// How a client connects and calls.
    public struct Configuration: Sendable {
        /// What a call may take that has no deadline of its own. Calls that wait may take this and their wait.
        /// Default 30 s.
        public var defaultTimeout = Duration.seconds(30)
        /// How long a call waits for a connection, to whichever server, before it fails with UNAVAILABLE; `nil`, the
        /// default: until its deadline.
        public var connectTimeout: Duration?
        /// The credential, where the server asks for one.
        public var token = ""
        /// The owner whose tasks an admin means. `nil`: the caller's own. Only admins may name another.
        public var owner: String?
        /// Whom to believe and what to show, at each address that begins with `tls+tcp`.
        public var tls = TLSOptions()
        /// Bytes of the largest message that is sent or taken. Default 4 MiB.
        public var maxMessageBytes = ServerLimits().maxMessageBytes

        /// The defaults.
        public init() {}
    }

    private let configuration: Configuration
    private let socket: RequestSocket
    private let caller: Caller

    /// A client of the server at `url`, such as `ipc:///run/taskwire.sock` or `tcp://127.0.0.1:7411`, or of any of the
    /// servers of one store at `tcp://a:7411,tcp://b:7411`.
    ///
    /// Of several it chooses a random one and stays there as long as that works. When the connection is lost, or none is
    /// made, each of the others is tried at once, and calls go on there; only when all have failed in a row it pauses, for
    /// up to a second.
    /// - Throws: INVALID_ARGUMENT where `url` has a part that is no address, or a file of ``TLSOptions`` cannot be used.
    public init(
        url: String = TaskwireClient.defaultURL(),
        configuration: Configuration = Configuration()
    ) throws {
        self.configuration = configuration
        do {
            let endpoints = try Address.parts(ofList: url).map { part in
                let address = try Address(part)
                var endpoint = Endpoint(address)
                // Anybody could have made the folder in /tmp before its owner.
                endpoint.requiresOwnFolder = address.description == Self.defaultURL(environment: [:])
                if address.isTLS, let host = address.host {
                    endpoint.tls = try configuration.tls.credentials(host: host)
                }
                return endpoint
            }
            var options = RequestSocket.Configuration(endpoints: endpoints)
            options.maximumMessageSize = configuration.maxMessageBytes
            options.failFast = configuration.connectTimeout
            socket = RequestSocket(configuration: options)
        } catch let error as TransportError {
            throw TaskwireError(transport: error)
        }
        caller = try Caller(
            socket: socket,
            maxMessageBytes: configuration.maxMessageBytes,
            token: configuration.token,
            owner: configuration.owner
        )
    }

    /// Tasks that prefer this executor go on with the answer on the thread that received it, which saves a change of threads,
    /// and lets the calls that they make next leave together. Of very many answers that came together some are handed on to
    /// Swift's own threads, and so is everything else. What such a task does between its calls must not block or take long: other answers wait for that thread.
    public static var executor: any TaskExecutor { CallbackExecutor.shared }

    /// The address of the server that it is connected to, or was last; `nil` before the first call that reached one.
    public var serverURL: String? { socket.peer?.description }

    /// `TASKWIRE_URL`, which may be a list, or else the default ipc address of this user.
    public static func defaultURL(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        if let url = environment["TASKWIRE_URL"], !url.isEmpty { return url }
        return (try? Address.makeDefault(environment: environment).description) ?? ""
    }

    /// The addresses of which there is one or a list in `url`.
    package static func parts(ofURL url: String) -> [String] { Address.parts(ofList: url) }

    /// Ends the connection and every call that is under way. Harmless when repeated.
    public func close() async {
        await socket.close()
    }

    // MARK: TaskService

    /// See ``TaskStore/createTask(_:options:)``.
    public func createTask(_ request: CreateTaskRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.createTask, request, options).task
    }

    /// See ``TaskStore/getTask(_:view:options:)``.
    public func getTask(_ taskID: String, view: TaskView, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.getTask, GetTaskRequest(taskID: taskID, view: view), options)
            .task
    }

    /// See ``TaskStore/updateTask(_:options:)``.
    public func updateTask(_ request: UpdateTaskRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.updateTask, request, options).task
    }

    /// See ``TaskStore/storeResult(_:options:)``.
    public func storeResult(_ request: StoreResultRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.storeResult, request, options).task
    }

    /// See ``TaskStore/completeTask(_:options:)``.
    public func completeTask(_ request: CompleteTaskRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.completeTask, request, options).task
    }

    /// See ``TaskStore/failTask(_:options:)``.
    public func failTask(_ request: FailTaskRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.failTask, request, options).task
    }

    /// See ``TaskStore/cancelTask(_:options:)``.
    public func cancelTask(_ request: CancelTaskRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.cancelTask, request, options).task
    }

    /// See ``TaskStore/getResult(_:options:)``.
    public func getResult(_ taskID: String, options: CallOptions) async throws -> TaskOutcome {
        try await call(TaskService.getResult, GetResultRequest(taskID: taskID), options)
    }

    /// See ``TaskStore/awaitResult(_:options:)``.
    public func awaitResult(_ request: AwaitResultRequest, options: CallOptions) async throws -> TaskOutcome {
        try await call(TaskService.awaitResult, request, waiting(request.waitMilliseconds, options))
    }

    /// See ``TaskStore/waitTask(_:options:)``.
    public func waitTask(_ request: WaitTaskRequest, options: CallOptions) async throws -> TaskChange {
        try await call(TaskService.waitTask, request, waiting(request.waitMilliseconds, options))
    }

    /// See ``TaskStore/listTasks(_:options:)``.
    public func listTasks(_ request: ListTasksRequest, options: CallOptions) async throws -> TaskPage {
        try await call(TaskService.listTasks, request, options)
    }

    /// See ``TaskStore/deleteTask(_:options:)``.
    public func deleteTask(_ taskID: String, options: CallOptions) async throws -> Bool {
        let request = DeleteTaskRequest(taskID: taskID)
        return try await call(TaskService.deleteTask, request, options).isDeleted
    }

    /// See ``TaskStore/claimTask(_:options:)``.
    public func claimTask(_ request: ClaimTaskRequest, options: CallOptions) async throws -> TaskClaim {
        try await call(TaskService.claimTask, request, options)
    }

    /// See ``TaskStore/renewLease(_:options:)``.
    public func renewLease(_ request: RenewLeaseRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.renewLease, request, options).task
    }

    /// See ``TaskStore/releaseLease(_:options:)``.
    public func releaseLease(_ request: ReleaseLeaseRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.releaseLease, request, options).task
    }

    /// See ``TaskStore/enqueueMessage(_:options:)``.
    public func enqueueMessage(
        _ request: EnqueueMessageRequest,
        options: CallOptions
    ) async throws -> TaskState {
        try await call(TaskService.enqueueMessage, request, options).task
    }

    /// See ``TaskStore/dequeueMessage(_:options:)``.
    public func dequeueMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        try await call(TaskService.dequeueMessage, DequeueMessageRequest(taskID: taskID), options)
    }

    /// See ``TaskStore/peekMessage(_:options:)``.
    public func peekMessage(_ taskID: String, options: CallOptions) async throws -> MessageDelivery {
        try await call(TaskService.peekMessage, PeekMessageRequest(taskID: taskID), options)
    }

    /// See ``TaskStore/clearMessages(_:options:)``.
    public func clearMessages(_ taskID: String, options: CallOptions) async throws -> ClearedMessages {
        try await call(TaskService.clearMessages, ClearMessagesRequest(taskID: taskID), options)
    }

    /// See ``TaskStore/waitMessage(_:options:)``.
    public func waitMessage(
        _ request: WaitMessageRequest,
        options: CallOptions
    ) async throws -> MessageDelivery {
        try await call(TaskService.waitMessage, request, waiting(request.waitMilliseconds, options))
    }

    /// See ``TaskStore/requestInput(_:options:)``.
    public func requestInput(_ request: RequestInputRequest, options: CallOptions) async throws -> TaskState {
        try await call(TaskService.requestInput, request, options).task
    }

    /// See ``TaskStore/provideInput(_:options:)``.
    public func provideInput(
        _ request: ProvideInputRequest,
        options: CallOptions
    ) async throws -> InputReceipt {
        try await call(TaskService.provideInput, request, options)
    }

    /// See ``TaskStore/awaitInput(_:options:)``.
    public func awaitInput(_ request: AwaitInputRequest, options: CallOptions) async throws -> InputAnswer {
        try await call(TaskService.awaitInput, request, waiting(request.waitMilliseconds, options))
    }

    // MARK: ServerService

    /// Returns the server's clock.
    public func ping(options: CallOptions = .default) async throws -> Timestamp {
        try await call(ServerService.ping, EmptyRequest(), options).time
    }

    /// Returns whether the server can serve tasks now, and what it needs for that. The server looks at its store, and asks
    /// for no credential.
    public func checkHealth(options: CallOptions = .default) async throws -> HealthReport {
        try await call(ServerService.checkHealth, EmptyRequest(), options)
    }

    /// Returns the server's version, storage, features and limits.
    public func serverInfo(options: CallOptions = .default) async throws -> ServerInfo {
        try await call(ServerService.getServerInfo, EmptyRequest(), options)
    }

    /// Returns the server's counters and latency percentiles.
    public func serverStats(options: CallOptions = .default) async throws -> ServerStats {
        try await call(ServerService.getStats, EmptyRequest(), options)
    }

    /// Returns the compiled `google.protobuf.FileDescriptorSet` of the protocol that the server speaks.
    public func descriptors(options: CallOptions = .default) async throws -> [UInt8] {
        try await call(ServerService.getDescriptors, EmptyRequest(), options)
            .fileDescriptorSet
    }

    /// Has the server copy its whole store, which has the tasks of all owners, and calls `body` with the copy.
    ///
    /// The server keeps the copy until `body` returns or the connection breaks, or for a minute after the last chunk that was
    /// read.
    /// - Parameter options: What making the copy may take; an hour unless it says. Each chunk is a call of its own.
    /// - Throws: UNIMPLEMENTED / METHOD_NOT_SERVED where its store cannot be copied, RESOURCE_EXHAUSTED /
    ///   TOO_MANY_REQUESTS, UNAVAILABLE / STORE_FULL, and what `body` throws.
    public func withBackup<Output>(
        options: CallOptions = .default,
        _ body: (TaskwireBackup) async throws -> Output
    ) async throws -> Output {
        var options = options
        options.deadline = options.deadline ?? .now.advanced(by: Self.backupTimeout)
        let start = try await call(
            ServerService.startBackup,
            EmptyRequest(),
            options,
            isRetriedWhenBusy: false
        )
        let maxBytes = Int64(configuration.maxMessageBytes / 2)
        let backup = TaskwireBackup(byteCount: start.byteCount) { offset in
            let request = ReadBackupRequest(backupID: start.backupID, offset: offset, maxBytes: maxBytes)
            return try await self.call(ServerService.readBackup, request, .default).data
        }
        let result: Result<Output, any Error>
        do { result = .success(try await body(backup)) } catch { result = .failure(error) }
        let end = EndBackupRequest(backupID: start.backupID)
        // The server forgets it anyway, if a little later.
        _ = try? await call(ServerService.endBackup, end, CallOptions(timeout: .seconds(3)))
        return try result.get()
    }

    // MARK: Calls

    private static let backupTimeout = Duration.seconds(3600)

    /// The options of a call that waits: its wait does not count against the default timeout.
    private func waiting(_ milliseconds: Int64, _ options: CallOptions) -> CallOptions {
        guard options.deadline == nil else { return options }
        let wait = milliseconds > 0 ? milliseconds : TaskLimits().maxWaitMilliseconds
        var options = options
        options.deadline = .now.advanced(by: configuration.defaultTimeout + .milliseconds(wait))
        return options
    }

    // One asynchronous function less for each call.
    @inline(__always)
    private func call<Request, Reply>(
        _ method: Method<Request, Reply>,
        _ request: Request,
        _ options: CallOptions,
        isRetriedWhenBusy: Bool = true
    ) async throws -> Reply {
        let now = ContinuousClock.now
        return try await caller.call(
            method,
            request,
            metadata: options.metadata,
            requestID: method.effect.needsRequestID ? options.requestID ?? .random() : nil,
            at: now,
            deadline: options.deadline ?? now.advanced(by: configuration.defaultTimeout),
            isRetriedWhenBusy: isRetriedWhenBusy
        )
    }
}
