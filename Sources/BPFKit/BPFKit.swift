@_exported public import BPFISA
@_exported public import BPFJIT
@_exported public import BPFObject
@_exported public import BPFPlatform
@_exported public import BPFRewriter
@_exported public import BPFRuntime
@_exported public import BPFVerifier
