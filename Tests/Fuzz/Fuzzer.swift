internal import FoundationEssentials
internal import Glibc

/// Has libFuzzer try inputs on one target; its options and folders are the arguments.
@main
enum Fuzzer {
    /// The variable in the environment that names the target. It reaches the processes that libFuzzer starts by itself,
    /// which an argument would not.
    private static let variable = "TASKWIRE_FUZZ_TARGET"

    /// The target of this process. Without a name the process ends with the names of all targets. All of them are made
    /// first, so that one that cannot be made does not go unnoticed.
    static let target: FuzzTarget = {
        let name = ProcessInfo.processInfo.environment[variable] ?? ""
        let names = FuzzTarget.all.map(\.name)
        if name.isEmpty {
            print(names.joined(separator: "\n"))
            exit(0)
        }
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            finding("there is no target \"\(name)\"; the targets are \(names.joined(separator: ", "))")
        }
        return target
    }()

    static func main() {
        _ = target
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        exit(runLibFuzzer(&count, &arguments, testOneInput))
    }
}

/// Has libFuzzer write the input down and end the process with `sentence`.
func finding(_ sentence: String) -> Never {
    fatalError(sentence)
}

/// Reports a finding unless `isTrue`: a property that holds for every input.
func require(_ isTrue: Bool, _ property: @autoclosure () -> String) {
    if !isTrue { finding(property()) }
}

/// Source: LLVM, "libFuzzer", section "Using libFuzzer as a library".
@_silgen_name("LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Tries one input. The name is one that libFuzzer insists on.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    Fuzzer.target.test(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}
