# D5. 63 without REX.W extends nothing, and vendors differ on its 16-bit form.
function f
bad:    .byte 0x63,0xc8
        ret
end f
