# D1. 66 before VEX is an invalid instruction.
function f
bad:    .byte 0x66,0xc5,0xf8,0x58,0xc0
        ret
end f
