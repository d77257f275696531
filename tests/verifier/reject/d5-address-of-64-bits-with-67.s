# D5. addr32 movabsl: an assembler wrote eight bytes of address where the processor reads four.
function f
bad:    .byte 0x67,0xa1,0,0,0,0
        ret
end f
