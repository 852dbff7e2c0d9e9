// swift-tools-version: 6.2

import PackageDescription

/// One set of settings for every Swift target. `Tests/TaskwireTests/BuildSettingsTests.swift` checks that
/// the features are really on, since a misspelt name is silently ignored.
let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// Optimizing a test takes longer than running it, and shows nothing. No package that depends on this one sees the flag,
/// as tests are in no product.
let testSettings = swiftSettings + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

let package = Package(
    name: "taskwire",
    products: [
        .library(name: "Taskwire", targets: ["Taskwire"]),
        .library(name: "TaskwireClient", targets: ["TaskwireClient"]),
        .library(name: "TaskwireServer", targets: ["TaskwireServer"]),
        .library(name: "TaskwireStorage", targets: ["TaskwireStorage"]),
        .executable(name: "taskwire", targets: ["TaskwireCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-collections",
            from: "1.6.0",
            traits: [.defaults, "UnstableSortedCollections"]
        ),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
    ],
    targets: [
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CNNG"),
        .target(
            name: "CTaskwireProtos",
            linkerSettings: [.linkedLibrary("protobuf-c")]
        ),
        .target(
            name: "Taskwire",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "SortedCollections", package: "swift-collections"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings + [.strictMemorySafety()]
        ),
        .target(
            name: "TaskwireProtobuf",
            dependencies: ["CTaskwireProtos", "Taskwire"],
            swiftSettings: swiftSettings + [.strictMemorySafety()]
        ),
        .target(
            name: "TaskwireStorage",
            dependencies: [
                "CHiredis",
                "TaskwireProtobuf",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings + [.strictMemorySafety()]
        ),
        .target(
            name: "TaskwireRPC",
            dependencies: [
                "CNNG",
                "TaskwireProtobuf",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings + [.strictMemorySafety()]
        ),
        .target(
            name: "TaskwireClient",
            dependencies: ["TaskwireRPC"],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "TaskwireServer",
            dependencies: [
                "TaskwireRPC",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "TaskwireCommand",
            dependencies: [
                "CMalloc",
                "TaskwireClient",
                "TaskwireServer",
                "TaskwireStorage",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "taskwire-baseline",
            path: "Sources/TaskwireBaseline",
            linkerSettings: [.linkedLibrary("nng"), .linkedLibrary("m")]
        ),
        .target(
            name: "TaskwireTestSupport",
            dependencies: [
                "Taskwire",
                "TaskwireRPC",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TaskwireTestSupport",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "TaskwireTests",
            dependencies: ["Taskwire", "TaskwireTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "TaskwireProtobufTests",
            dependencies: ["Taskwire", "TaskwireProtobuf", "TaskwireTestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "TaskwireRPCTests",
            dependencies: [
                "TaskwireRPC",
                "TaskwireTestSupport",
                "stock-peer",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "TaskwireStorageTests",
            dependencies: [
                "TaskwireStorage",
                "TaskwireTestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "TaskwireServiceTests",
            dependencies: [
                "TaskwireClient",
                "TaskwireProtobuf",
                "TaskwireRPC",
                "TaskwireServer",
                "TaskwireStorage",
                "TaskwireTestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "TaskwireClient",
                "TaskwireCommand",
                "TaskwireTestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "TaskwireClient",
                "TaskwireCommand",
                "TaskwireTestSupport",
                "worker",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            exclude: ["Support/wall_clock.c"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "HostileTests",
            dependencies: [
                "TaskwireClient",
                "TaskwireCommand",
                "TaskwireProtobuf",
                "TaskwireRPC",
                "TaskwireTestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: testSettings
        ),
        .executableTarget(
            name: "hello",
            dependencies: ["TaskwireClient"],
            path: "Tests/Interop/Hello",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "wait-for-task",
            dependencies: ["TaskwireClient"],
            path: "Tests/Interop/WaitForTask",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "mcp-example",
            dependencies: [
                "TaskwireClient",
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Tests/Interop/MCPServer",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "crash-test",
            dependencies: [
                "TaskwireClient",
                "TaskwireTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            path: "Tests/CrashTest",
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "call-costs",
            dependencies: [
                "TaskwireRPC",
                "TaskwireServer",
                "TaskwireStorage",
                "TaskwireTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/CallCosts",
            exclude: ["ceilings.txt"],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "stock-peer",
            path: "Tests/StockPeer",
            linkerSettings: [.linkedLibrary("nng")]
        ),
        .executableTarget(
            name: "worker",
            dependencies: [
                "TaskwireClient",
                "TaskwireStorage",
                "TaskwireTestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Worker",
            swiftSettings: swiftSettings
        ),
    ]
)

// For Scripts/fuzz.sh alone, and so behind a variable: no package that depends on this one may meet flags that SwiftPM
// calls unsafe. What is made for libFuzzer is what is in `Sources`, and not what that is built on, so that an input
// counts as new for what it reaches here.
if Context.environment["TASKWIRE_FUZZ"] != nil {
    let sanitize = "sanitize=address,fuzzer"
    let fuzzedSettings = swiftSettings + [.unsafeFlags(["-\(sanitize)", "-enable-testing"])]
    package.products = [.executable(name: "fuzz", targets: ["fuzz"])]
    package.targets = package.targets.compactMap { target in
        switch target.name {
        case "CHiredis", "CMalloc", "CNNG", "TaskwireClient":
            // Nothing to reach in there.
            return target
        case "CTaskwireProtos":
            target.cSettings = [.unsafeFlags(["-f\(sanitize)"])]
            return target
        case "TaskwireCommand":
            // A library, with its `main` under another name: the fuzzer has its own.
            let main: [SwiftSetting] = [
                .unsafeFlags(["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "taskwire_main"])
            ]
            return .target(
                name: target.name,
                dependencies: target.dependencies,
                swiftSettings: fuzzedSettings + main
            )
        default:
            guard target.type == .regular, target.path == nil else { return nil }
            target.swiftSettings = fuzzedSettings
            return target
        }
    }
    package.targets.append(
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "TaskwireCommand",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Fuzz",
            exclude: ["Corpus", "Dictionary"],
            swiftSettings: swiftSettings,
            linkerSettings: [.unsafeFlags(["-\(sanitize)"])]
        )
    )
}
