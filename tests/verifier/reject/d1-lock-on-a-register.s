# D1. lock needs a memory destination.
function f
bad:    .byte 0xf0,0x01,0xc8
        ret
end f
