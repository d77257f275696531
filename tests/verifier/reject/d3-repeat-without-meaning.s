# D3. f3 before mov.
function f
bad:    .byte 0xf3,0x89,0xc8
        ret
end f
