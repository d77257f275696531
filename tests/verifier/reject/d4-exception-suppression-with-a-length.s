# D4. Where EVEX.b suppresses exceptions, LL says nothing.
function f
bad:    .byte 0x62,0xf1,0x74,0x38,0x5f,0xc0
        ret
end f
