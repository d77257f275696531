# D3. 65 on an instruction without a memory operand.
function f
bad:    .byte 0x65,0x89,0xc8
        ret
end f
