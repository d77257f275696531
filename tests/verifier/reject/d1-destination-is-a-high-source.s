# D1. The same with registers that only EVEX names: 17 is 17, and not 1.
function f
bad:    .byte 0x62,0xe6,0x77,0x40,0xd6,0xca
        ret
end f
