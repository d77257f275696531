# D6. 0f 1f with a register.
function f
bad:    .byte 0x0f,0x1f,0xc0
        ret
end f
