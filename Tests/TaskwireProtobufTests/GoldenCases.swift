import Taskwire
import TaskwireProtobuf

/// Every message that has a Swift type, with all fields set; and some with fields that are there but zero.
let goldenCases: [GoldenCase] = [
    GoldenCase(
        "Payload",
        text: #"content_type: "application/octet-stream" data: "\000\001\002\377""#,
        hex: "0a186170706c69636174696f6e2f6f637465742d73747265616d1204000102ff",
        Samples.payload
    ),
    GoldenCase(
        "TaskError",
        text: #"code: -32001 message: "Grüße" data: "{}""#,
        hex: "08ff85feffffffffffff0112074772c3bcc39f651a027b7d",
        Samples.taskError
    ),
    GoldenCase(
        "TaskError",
        text: #"message: "m" data: """#,
        hex: "12016d1a00",
        TaskError(code: 0, message: "m", data: [])
    ),
    GoldenCase(
        "Progress",
        text: #"current: 1.5 total: 3"#,
        hex: "09000000000000f83f110000000000000840",
        Samples.progress
    ),
    GoldenCase(
        "Progress",
        text: #"current: -1 total: 0"#,
        hex: "09000000000000f0bf110000000000000000",
        TaskProgress(current: -1, total: 0)
    ),
    GoldenCase(
        "Message",
        text: #"""
            key: "m-1" kind: MESSAGE_KIND_NOTIFICATION payload { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" } enqueued_at_unix_ms: \#
            1700000000001
            """#,
        hex: """
            0a036d2d3110021a200a186170706c69636174696f6e2f6f637465742d73747265616d1204000102
            ff2081d095ffbc31
            """,
        Samples.message
    ),
    GoldenCase(
        "InputRequest",
        text: #"key: "ask" payload { content_type: "text/plain; charset=utf-8" data: "name?" }"#,
        hex: """
            0a0361736b12220a19746578742f706c61696e3b20636861727365743d7574662d3812056e616d65
            3f
            """,
        Samples.inputRequest
    ),
    GoldenCase(
        "Lease",
        text: #"worker: "w-1" expires_at_unix_ms: 1700000060000"#,
        hex: "0a03772d3110e0a499ffbc31",
        Samples.lease
    ),
    GoldenCase(
        "TaskState",
        text: #"""
            id: "t-1" owner: "alice" status: TASK_STATUS_INPUT_REQUIRED status_message: "waits" \#
            created_at_unix_ms: 1700000000000 last_updated_at_unix_ms: 1700000000500 ttl_ms: \#
            60000 poll_interval_ms: 250 revision: 7 cancel_requested: true progress { current: \#
            1.5 total: 3 } labels { key: "team" value: "a" } request { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" } result { content_type: \#
            "text/plain; charset=utf-8" data: "done" } error { code: -32001 message: "Grüße" \#
            data: "{}" } immediate_response: "soon" lease { worker: "w-1" expires_at_unix_ms: \#
            1700000060000 } input_requests { key: "ask" payload { content_type: "text/plain; \#
            charset=utf-8" data: "name?" } } omitted_fields: "result"
            """#,
        hex: """
            0a03742d311205616c6963651802220577616974732880d095ffbc3130f4d395ffbc3138e0d40340
            fa01480750015a1209000000000000f83f11000000000000084062090a047465616d1201616a200a
            186170706c69636174696f6e2f6f637465742d73747265616d1204000102ff72210a19746578742f
            706c61696e3b20636861727365743d7574662d381204646f6e657a1808ff85feffffffffffff0112
            074772c3bcc39f651a027b7d820104736f6f6e8a010c0a03772d3110e0a499ffbc319201290a0361
            736b12220a19746578742f706c61696e3b20636861727365743d7574662d3812056e616d653f9a01
            06726573756c74
            """,
        Samples.task
    ),
    GoldenCase(
        "TaskState",
        text: #"""
            id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5
            """#,
        hex: "0a03742d32180328053005",
        Samples.otherTask
    ),
    GoldenCase(
        "CreateTaskRequest",
        text: #"""
            task_id: "t-1" ttl_ms: 60000 poll_interval_ms: 250 labels { key: "team" value: "a" } \#
            request { content_type: "application/octet-stream" data: "\000\001\002\377" } \#
            immediate_response: "soon" status_message: "queued"
            """#,
        hex: """
            0a03742d3110e0d40318fa0122090a047465616d1201612a200a186170706c69636174696f6e2f6f
            637465742d73747265616d1204000102ff3204736f6f6e3a06717565756564
            """,
        CreateTaskRequest(
            taskID: "t-1",
            ttl: .seconds(60),
            pollInterval: .milliseconds(250),
            labels: ["team": "a"],
            request: Samples.payload,
            immediateResponse: "soon",
            statusMessage: "queued"
        )
    ),
    GoldenCase(
        "CreateTaskRequest",
        text: #"immediate_response: "" status_message: """#,
        hex: "32003a00",
        CreateTaskRequest(immediateResponse: "", statusMessage: "")
    ),
    GoldenCase(
        "GetTaskRequest",
        text: #"task_id: "t-1" view: TASK_VIEW_FULL"#,
        hex: "0a03742d311001",
        GetTaskRequest(taskID: "t-1", view: .full)
    ),
    GoldenCase(
        "UpdateTaskRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" status: TASK_STATUS_FAILED status_message: "" \#
            ttl_ms: -1 poll_interval_ms: 0 progress { current: 1.5 total: 3 } expected_revision: \#
            18446744073709551615
            """#,
        hex: """
            0a03742d31120201021804220028ffffffffffffffffff0130003a1209000000000000f83f110000
            00000000084040ffffffffffffffffff01
            """,
        Samples.updateRequest
    ),
    GoldenCase(
        "StoreResultRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" result { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" }
            """#,
        hex: """
            0a03742d31120201021a200a186170706c69636174696f6e2f6f637465742d73747265616d120400
            0102ff
            """,
        StoreResultRequest(taskID: "t-1", result: Samples.payload, leaseToken: [1, 2])
    ),
    GoldenCase(
        "CompleteTaskRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" result { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" }
            """#,
        hex: """
            0a03742d31120201021a200a186170706c69636174696f6e2f6f637465742d73747265616d120400
            0102ff
            """,
        CompleteTaskRequest(taskID: "t-1", result: Samples.payload, leaseToken: [1, 2])
    ),
    GoldenCase(
        "FailTaskRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" error { code: -32001 message: "Grüße" data: \#
            "{}" } status_message: "no"
            """#,
        hex: "0a03742d31120201021a1808ff85feffffffffffff0112074772c3bcc39f651a027b7d22026e6f",
        FailTaskRequest(taskID: "t-1", error: Samples.taskError, statusMessage: "no", leaseToken: [1, 2])
    ),
    GoldenCase(
        "CancelTaskRequest",
        text: #"task_id: "t-1" mode: CANCEL_MODE_REQUEST status_message: "stop""#,
        hex: "0a03742d3110011a0473746f70",
        CancelTaskRequest(taskID: "t-1", mode: .request, statusMessage: "stop")
    ),
    GoldenCase(
        "GetResultRequest",
        text: #"task_id: "t-1""#,
        hex: "0a03742d31",
        GetResultRequest(taskID: "t-1")
    ),
    GoldenCase(
        "AwaitResultRequest",
        text: #"task_id: "t-1" wait_ms: 1500"#,
        hex: "0a03742d3110dc0b",
        AwaitResultRequest(taskID: "t-1", wait: .milliseconds(1500))
    ),
    GoldenCase(
        "WaitTaskRequest",
        text: #"task_id: "t-1" after_revision: 7 wait_ms: 1500 view: TASK_VIEW_FULL"#,
        hex: "0a03742d31100718dc0b2001",
        WaitTaskRequest(taskID: "t-1", afterRevision: 7, wait: .milliseconds(1500), view: .full)
    ),
    GoldenCase(
        "ListTasksRequest",
        text: #"""
            page_size: -5 cursor: "c" statuses: TASK_STATUS_WORKING statuses: \#
            TASK_STATUS_CANCELLED labels { key: "team" value: "a" }
            """#,
        hex: "08fbffffffffffffffff011201631a02010522090a047465616d120161",
        ListTasksRequest(pageSize: -5, cursor: "c", statuses: [.cancelled, .working], labels: ["team": "a"])
    ),
    GoldenCase(
        "DeleteTaskRequest",
        text: #"task_id: "t-1""#,
        hex: "0a03742d31",
        DeleteTaskRequest(taskID: "t-1")
    ),
    GoldenCase(
        "CreateTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "GetTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "UpdateTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "StoreResultReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "CompleteTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "FailTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "CancelTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskReply(task: Samples.otherTask)
    ),
    GoldenCase(
        "GetResultReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } has_result: true result { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" } error { code: -32001 message: \#
            "Grüße" data: "{}" }
            """#,
        hex: """
            0a0b0a03742d3218032805300510011a200a186170706c69636174696f6e2f6f637465742d737472
            65616d1204000102ff221808ff85feffffffffffff0112074772c3bcc39f651a027b7d
            """,
        TaskOutcome(task: Samples.otherTask, result: Samples.payload, error: Samples.taskError)
    ),
    GoldenCase(
        "AwaitResultReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } has_result: true result { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" } error { code: -32001 message: \#
            "Grüße" data: "{}" }
            """#,
        hex: """
            0a0b0a03742d3218032805300510011a200a186170706c69636174696f6e2f6f637465742d737472
            65616d1204000102ff221808ff85feffffffffffff0112074772c3bcc39f651a027b7d
            """,
        TaskOutcome(task: Samples.otherTask, result: Samples.payload, error: Samples.taskError)
    ),
    GoldenCase(
        "GetResultReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 }
            """#,
        hex: "0a0b0a03742d32180328053005",
        TaskOutcome(task: Samples.otherTask)
    ),
    GoldenCase(
        "WaitTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } changed: true
            """#,
        hex: "0a0b0a03742d321803280530051001",
        TaskChange(task: Samples.otherTask, isChanged: true)
    ),
    GoldenCase(
        "ListTasksReply",
        text: #"""
            tasks { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } tasks { id: "t-2" status: TASK_STATUS_COMPLETED \#
            created_at_unix_ms: 5 last_updated_at_unix_ms: 5 } next_cursor: "n"
            """#,
        hex: "0a0b0a03742d321803280530050a0b0a03742d3218032805300512016e",
        TaskPage(tasks: [Samples.otherTask, Samples.otherTask], nextCursor: "n")
    ),
    GoldenCase(
        "DeleteTaskReply",
        text: #"deleted: true"#,
        hex: "0801",
        DeletedReply(isDeleted: true)
    ),
    GoldenCase(
        "ClaimTaskRequest",
        text: #"task_id: "t-1" worker: "w-1" lease_ms: 60000 on_loss: LEASE_LOSS_POLICY_RELEASE"#,
        hex: "0a03742d311203772d3118e0d4032001",
        ClaimTaskRequest(taskID: "t-1", worker: "w-1", lease: .seconds(60), onLoss: .release)
    ),
    GoldenCase(
        "ClaimTaskReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } lease_token: "\001\377"
            """#,
        hex: "0a0b0a03742d32180328053005120201ff",
        TaskClaim(task: Samples.otherTask, leaseToken: [1, 255])
    ),
    GoldenCase(
        "RenewLeaseRequest",
        text: #"task_id: "t-1" lease_token: "\001\002" lease_ms: 5000"#,
        hex: "0a03742d3112020102188827",
        RenewLeaseRequest(taskID: "t-1", leaseToken: [1, 2], lease: .seconds(5))
    ),
    GoldenCase(
        "ReleaseLeaseRequest",
        text: #"task_id: "t-1" lease_token: "\001\002""#,
        hex: "0a03742d3112020102",
        ReleaseLeaseRequest(taskID: "t-1", leaseToken: [1, 2])
    ),
    GoldenCase(
        "EnqueueMessageRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" kind: MESSAGE_KIND_REQUEST key: "k" payload \#
            { content_type: "application/octet-stream" data: "\000\001\002\377" }
            """#,
        hex: """
            0a03742d3112020102180122016b2a200a186170706c69636174696f6e2f6f637465742d73747265
            616d1204000102ff
            """,
        EnqueueMessageRequest(
            taskID: "t-1",
            kind: .request,
            key: "k",
            payload: Samples.payload,
            leaseToken: [1, 2]
        )
    ),
    GoldenCase(
        "DequeueMessageRequest",
        text: #"task_id: "t-1""#,
        hex: "0a03742d31",
        DequeueMessageRequest(taskID: "t-1")
    ),
    GoldenCase(
        "PeekMessageRequest",
        text: #"task_id: "t-1""#,
        hex: "0a03742d31",
        PeekMessageRequest(taskID: "t-1")
    ),
    GoldenCase(
        "ClearMessagesRequest",
        text: #"task_id: "t-1""#,
        hex: "0a03742d31",
        ClearMessagesRequest(taskID: "t-1")
    ),
    GoldenCase(
        "DequeueMessageReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } message { key: "m-1" kind: MESSAGE_KIND_NOTIFICATION \#
            payload { content_type: "application/octet-stream" data: "\000\001\002\377" } \#
            enqueued_at_unix_ms: 1700000000001 }
            """#,
        hex: """
            0a0b0a03742d3218032805300512300a036d2d3110021a200a186170706c69636174696f6e2f6f63
            7465742d73747265616d1204000102ff2081d095ffbc31
            """,
        MessageDelivery(task: Samples.otherTask, message: Samples.message)
    ),
    GoldenCase(
        "ClearMessagesReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } messages { key: "m-1" kind: MESSAGE_KIND_NOTIFICATION \#
            payload { content_type: "application/octet-stream" data: "\000\001\002\377" } \#
            enqueued_at_unix_ms: 1700000000001 } messages { key: "m-1" kind: \#
            MESSAGE_KIND_NOTIFICATION payload { content_type: "application/octet-stream" data: \#
            "\000\001\002\377" } enqueued_at_unix_ms: 1700000000001 }
            """#,
        hex: """
            0a0b0a03742d3218032805300512300a036d2d3110021a200a186170706c69636174696f6e2f6f63
            7465742d73747265616d1204000102ff2081d095ffbc3112300a036d2d3110021a200a186170706c
            69636174696f6e2f6f637465742d73747265616d1204000102ff2081d095ffbc31
            """,
        ClearedMessages(task: Samples.otherTask, messages: [Samples.message, Samples.message])
    ),
    GoldenCase(
        "WaitMessageRequest",
        text: #"task_id: "t-1" wait_ms: 1500"#,
        hex: "0a03742d3110dc0b",
        WaitMessageRequest(taskID: "t-1", wait: .milliseconds(1500))
    ),
    GoldenCase(
        "RequestInputRequest",
        text: #"""
            task_id: "t-1" lease_token: "\001\002" key: "k" payload { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" }
            """#,
        hex: """
            0a03742d31120201021a016b22200a186170706c69636174696f6e2f6f637465742d73747265616d
            1204000102ff
            """,
        RequestInputRequest(taskID: "t-1", key: "k", payload: Samples.payload, leaseToken: [1, 2])
    ),
    GoldenCase(
        "ProvideInputRequest",
        text: #"""
            task_id: "t-1" responses { key: "k" value { content_type: \#
            "application/octet-stream" data: "\000\001\002\377" } }
            """#,
        hex: """
            0a03742d3112250a016b12200a186170706c69636174696f6e2f6f637465742d73747265616d1204
            000102ff
            """,
        ProvideInputRequest(taskID: "t-1", responses: ["k": Samples.payload])
    ),
    GoldenCase(
        "ProvideInputReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } accepted: "a" accepted: "b"
            """#,
        hex: "0a0b0a03742d32180328053005120161120162",
        InputReceipt(task: Samples.otherTask, acceptedKeys: ["a", "b"])
    ),
    GoldenCase(
        "AwaitInputRequest",
        text: #"task_id: "t-1" key: "k" wait_ms: 1500"#,
        hex: "0a03742d3112016b18dc0b",
        AwaitInputRequest(taskID: "t-1", key: "k", wait: .milliseconds(1500))
    ),
    GoldenCase(
        "AwaitInputReply",
        text: #"""
            task { id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } response { content_type: "application/octet-stream" \#
            data: "\000\001\002\377" }
            """#,
        hex: """
            0a0b0a03742d3218032805300512200a186170706c69636174696f6e2f6f637465742d7374726561
            6d1204000102ff
            """,
        InputAnswer(task: Samples.otherTask, response: Samples.payload)
    ),
    GoldenCase(
        "PingReply",
        text: #"time_unix_ms: 1700000000000"#,
        hex: "0880d095ffbc31",
        PingReply(time: Timestamp(millisecondsSince1970: 1_700_000_000_000))
    ),
    GoldenCase(
        "CheckHealthReply",
        text: #"ready: true checks { name: "store" ok: true } checks { name: "clock" message: "ahead" }"#,
        hex: "080112090a0573746f72651001120e0a05636c6f636b1a056168656164",
        HealthReport(
            isReady: true,
            checks: [
                HealthCheck(name: "store", isOK: true),
                HealthCheck(name: "clock", isOK: false, message: "ahead"),
            ]
        )
    ),
    GoldenCase(
        "GetTaskRequest",
        text: #"task_id: "t" view: TASK_VIEW_REQUEST"#,
        hex: "0a01741002",
        GetTaskRequest(taskID: "t", view: .request)
    ),
    GoldenCase(
        "GetServerInfoReply",
        text: #"""
            version: "1.0.0" storage: "memory" features: "batch" features: "wait" limits { \#
            max_message_bytes: 1 max_decode_bytes: 2 max_ttl_ms: 3 max_tasks_per_owner: 4 \#
            max_messages_per_task: 5 max_input_requests_per_task: 6 max_wait_ms: 7 max_waits: 8 \#
            max_calls_per_second_per_owner: 9 max_batch_calls: 10 max_batch_bytes: 11 \#
            max_page_size: 12 tombstone_ms: 13 max_tombstones: 14 default_timeout_ms: 15 \#
            max_interaction_bytes: 16 max_calls_in_progress: 17 max_bytes_in_progress: 18 \#
            max_connections: 19 max_calls_per_connection: 20 max_unread_bytes_per_connection: 21 \#
            max_skipped_bytes: 22 greeting_timeout_ms: 23 message_timeout_ms: 24 send_timeout_ms: 25 \#
            deduplication_ms: 26 }
            """#,
        hex: """
            0a05312e302e3012066d656d6f72791a0562617463681a0477616974223f08011002180320042805
            3006380740084809500a580b600c680d700e780f800110880111900112980113
            a00114a80115b00116b80117c00118c80119d0011a
            """,
        Samples.serverInfo
    ),
    GoldenCase(
        "GetStatsReply",
        text: #"""
            uptime_ms: 1 tasks: 2 tombstones: 3 waits: 4 connections: 5 calls: 6 errors: 7 \#
            methods { method: "taskwire.v1.TaskService/GetTask" calls: 9 errors: 1 p50_us: 10 \#
            p90_us: 20 p99_us: 30 p999_us: 40 max_us: 50 }
            """#,
        hex: """
            0801100218032004280530063807422f0a1f7461736b776972652e76312e5461736b536572766963
            652f4765745461736b10091801200a2814301e38284032
            """,
        Samples.stats
    ),
    GoldenCase(
        "GetDescriptorsReply",
        text: #"file_descriptor_set: "\001\002""#,
        hex: "0a020102",
        DescriptorsReply(fileDescriptorSet: [1, 2])
    ),
    GoldenCase(
        "StartBackupReply",
        text: #"backup_id: "b-1" byte_count: 5000000000"#,
        hex: "0a03622d311080e497d012",
        StartBackupReply(backupID: "b-1", byteCount: 5_000_000_000)
    ),
    GoldenCase(
        "ReadBackupRequest",
        text: #"backup_id: "b-1" offset: 4999999999 max_bytes: 65536"#,
        hex: "0a03622d3110ffe397d01218808004",
        ReadBackupRequest(backupID: "b-1", offset: 4_999_999_999, maxBytes: 65_536)
    ),
    GoldenCase(
        "ReadBackupReply",
        text: #"data: "\000\001\002\377""#,
        hex: "0a04000102ff",
        ReadBackupReply(data: [0, 1, 2, 255])
    ),
    GoldenCase(
        "EndBackupRequest",
        text: #"backup_id: "b-1""#,
        hex: "0a03622d31",
        EndBackupRequest(backupID: "b-1")
    ),
    GoldenCase(
        "Status",
        text: #"""
            code: 5 reason: "TASK_NOT_FOUND" message: "no such task" jsonrpc_code: -32602 task { \#
            id: "t-2" status: TASK_STATUS_COMPLETED created_at_unix_ms: 5 \#
            last_updated_at_unix_ms: 5 } retry_after_ms: 1500
            """#,
        hex: """
            0805120e5441534b5f4e4f545f464f554e441a0c6e6f2073756368207461736b20a681feffffffff
            ffff012a0b0a03742d3218032805300530dc0b
            """,
        TaskwireError(
            .notFound,
            .taskNotFound,
            "no such task",
            task: Samples.otherTask,
            retryAfter: .milliseconds(1500)
        )
    ),
]
