# D3. 66 on a short jump.
function f
bad:    .byte 0x66,0xeb,0x00
        ret
end f
