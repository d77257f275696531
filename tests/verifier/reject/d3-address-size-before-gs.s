# D3. The order is fixed: 65 before 67.
function f
bad:    .byte 0x67,0x65,0x8b,0x08
        ret
end f
