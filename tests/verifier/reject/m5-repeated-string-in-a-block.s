# M5. What a prefix cannot reach is written to.
.set REACHES_BLOCKS, 1
function f
bad:    .byte 0x64, 0x67, 0xf3, 0xa4
        ret
end f
