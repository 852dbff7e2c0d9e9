public import ArgumentParser
public import Taskwire

extension TaskStatus: ExpressibleByArgument {}
