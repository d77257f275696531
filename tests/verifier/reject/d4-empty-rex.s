# D4. REX without bits changes nothing here.
function f
bad:    .byte 0x40,0x89,0xc8
        ret
end f
