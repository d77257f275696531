# D3. f3 before a store is a transaction hint.
function f
bad:    .byte 0x65,0x67,0xf3,0x89,0x08
        ret
end f
