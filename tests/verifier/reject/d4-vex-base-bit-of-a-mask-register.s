# D4. Mask registers have three bits in ModRM.
function f
bad:    .byte 0xc4,0xc1,0x78,0x90,0xc1
        ret
end f
