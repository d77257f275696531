# D4. VEX.L on a scalar instruction.
function f
bad:    .byte 0xc5,0xfe,0x58,0xc0
        ret
end f
