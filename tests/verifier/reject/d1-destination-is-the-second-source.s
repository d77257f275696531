# D1. A complex multiplication into one of its sources raises #UD.
function f
bad:    .byte 0x62,0xf6,0x7f,0x48,0xd6,0xc9
        ret
end f
