# M1. lea with 65 alone.
function f
bad:    .byte 0x65,0x8d,0x08
        ret
end f
