# S1. A push of a 16-bit immediate.
function f
bad:    .byte 0x66,0x68,0x34,0x12
        popq %rax
        ret
end f
