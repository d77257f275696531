# D4. VEX.W where it is ignored.
function f
bad:    .byte 0xc4,0xe1,0xf9,0x6f,0xc0
        ret
end f
