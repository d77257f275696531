# D6. A NOP of the right length with another operand.
function f
bad:    .byte 0x0f,0x1f,0x40,0x08
        ret
end f
