# D1. 06 (push es) does not exist in 64-bit mode.
function f
bad:    .byte 0x06
        ret
end f
