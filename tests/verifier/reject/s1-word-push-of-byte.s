# S1. A push of a byte extended to 16 bits.
function f
bad:    .byte 0x66,0x6a,0x12
        popq %rax
        ret
end f
