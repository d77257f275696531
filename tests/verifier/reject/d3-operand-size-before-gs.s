# D3. The order is fixed: 65 67 before 66.
function f
bad:    .byte 0x66,0x65,0x67,0x8b,0x08
        ret
end f
