# D4. A scale without an index.
function f
bad:    .byte 0x65,0x67,0x8b,0x0c,0x60
        ret
end f
