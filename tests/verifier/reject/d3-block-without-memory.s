# D3. A segment without a memory operand.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x64, 0x67, 0x8b, 0xc8
        ret
end f
