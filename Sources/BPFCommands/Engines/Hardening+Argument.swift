public import ArgumentParser
public import BPFRuntime

extension Compilation.Hardening: ExpressibleByArgument {}
