# D5. f6 /1, an undocumented alias.
function f
bad:    .byte 0xf6,0xc8,0x01
        ret
end f
