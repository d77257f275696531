# D4. An index byte that names no index, where none is needed.
function f
bad:    .byte 0x65,0x67,0x8b,0x0c,0x20
        ret
end f
