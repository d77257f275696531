# M4. The register is a bit offset that reaches 2^60 bytes either way.
function f
bad:    btsq %rcx, %gs:(%eax)
        ret
end f
