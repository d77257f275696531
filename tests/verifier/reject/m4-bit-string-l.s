# M4. The register is a bit offset that reaches 2^60 bytes either way.
function f
bad:    btsl %ecx, %gs:(%eax)
        ret
end f
