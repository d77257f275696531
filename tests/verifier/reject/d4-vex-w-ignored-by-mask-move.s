# D4. VEX.W names rcx for a mask of four bits.
function f
bad:    .byte 0xc4,0xe1,0xf8,0x50,0xc9
        ret
end f
