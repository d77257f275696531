# D4. Three bytes of VEX where two suffice.
function f
bad:    .byte 0xc4,0xe1,0x78,0x58,0xc0
        ret
end f
