# D1. A reserved bit of EVEX is set; APX gives it a meaning.
function f
bad:    .byte 0x62,0xf9,0x74,0x48,0x58,0xc0
        ret
end f
