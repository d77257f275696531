# D4. The low half of the byte that names a register says nothing.
function f
bad:    .byte 0xc4,0xe3,0x71,0x4a,0xc2,0x31
        ret
end f
