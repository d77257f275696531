# D3. 67 on an instruction without a memory operand.
function f
bad:    .byte 0x67,0x89,0xc8
        ret
end f
